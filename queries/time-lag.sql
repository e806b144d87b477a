-- title: Time lag
-- description: How many days conversions took from the first touch
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
WITH converted AS (
    SELECT CAST(floor(age_days) AS BIGINT) AS days, age_days, value
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
    WHERE i = 1
),
counted AS (
    SELECT days, count(*) AS conversions, sum(value) AS value
    FROM converted
    GROUP BY days
),
ranked AS (
    SELECT
        age_days,
        row_number() OVER (ORDER BY age_days) AS rank,
        count(*) OVER () AS n
    FROM converted
),
spread AS (
    SELECT
        min(CASE WHEN rank >= 0.5 * n THEN age_days END) AS median_days,
        min(CASE WHEN rank >= 0.9 * n THEN age_days END) AS p90_days
    FROM ranked
)
SELECT
    c.days,
    c.conversions,
    c.value,
    round(100.0 * c.conversions / sum(c.conversions) OVER (), 2) AS percent,
    round(100.0 * sum(c.conversions) OVER (ORDER BY c.days) / sum(c.conversions) OVER (), 2)
        AS cumulative_percent,
    s.median_days,
    s.p90_days
FROM counted AS c
CROSS JOIN spread AS s
ORDER BY c.days
