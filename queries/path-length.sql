-- title: Path length
-- description: How many touches conversions took
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
    SELECT n AS path_length, value
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
    WHERE i = n
)
SELECT
    path_length,
    count(*) AS conversions,
    sum(value) AS value,
    round(100.0 * count(*) / sum(count(*)) OVER (), 2) AS percent
FROM converted
GROUP BY path_length
ORDER BY path_length
