-- title: Conversions
-- description: Every conversion, how it was reached, and why if nothing is credited with it
-- parameter: from date; first day, UTC
-- parameter: to date; day behind the last one, UTC
-- parameter: tenant text; one tenant only
-- parameter: conversion text; one conversion only
-- parameter: stage text; one stage of deals; without it the latest that each reached
-- parameter: unit choice(person|account) = person; whose journeys
-- parameter: lookback days; how far back touches count, 90 days for a person and 180 for an account; none for all
-- parameter: steps int; how many touches back count
-- parameter: direct choice(keep|exclude|exclude_unless_all|last_non_direct) = keep; what becomes of Direct
-- parameter: touchpoint choice(session|pageview) = session; whether page views that carry a campaign are touches too
-- parameter: limit int = 1000; rows at most
WITH known AS (
    SELECT CASE WHEN $unit = 'account' THEN account ELSE person END AS entity,
           min(started_at) AS first_at
    FROM visits
    GROUP BY CASE WHEN $unit = 'account' THEN account ELSE person END
),
journeys AS (
    SELECT
        conversion_id,
        max(converted_at) AS converted_at,
        max(conversion) AS conversion,
        max(stage) AS stage,
        max(origin) AS origin,
        max(external_id) AS external_id,
        max(person) AS person,
        max(account) AS account,
        max(entity) AS entity,
        max(value) AS value,
        count(event_id) AS touches,
        max(CASE WHEN i = 1 THEN channel END) AS first_channel,
        max(CASE WHEN i = n THEN channel END) AS last_channel,
        max(age_days) AS days
    FROM touches(
        unit := $unit,
        by_column := 'channel',
        from_day := $from,
        to_day := $to,
        in_tenant := $tenant,
        of_conversion := $conversion,
        of_stage := $stage,
        lookback := $lookback,
        steps := $steps,
        direct := $direct,
        touchpoint := $touchpoint
    )
    GROUP BY conversion_id
)
SELECT
    j.converted_at,
    j.conversion,
    j.stage,
    j.origin,
    j.external_id,
    j.person,
    j.account,
    j.value,
    j.touches,
    j.first_channel,
    j.last_channel,
    j.days,
    CASE
        WHEN j.touches > 0 THEN NULL
        WHEN j.entity IS NULL AND $unit = 'account' THEN 'no account known'
        WHEN j.entity IS NULL THEN 'no person known'
        WHEN k.entity IS NULL THEN 'never visited'
        WHEN k.first_at > j.converted_at THEN 'visited only afterwards'
        ELSE 'no visit within the lookback'
    END AS unattributed_because
FROM journeys AS j
LEFT JOIN known AS k ON k.entity = j.entity
ORDER BY j.converted_at DESC, j.conversion_id
LIMIT $limit
