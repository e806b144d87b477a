-- title: Paths
-- description: The paths of touches that end in conversions
-- parameter: from date; first day, UTC
-- parameter: to date; day behind the last one, UTC
-- parameter: tenant text; one tenant only
-- parameter: by choice(channel|source|medium|campaign|term|content|landing_page|referrer|country|region|city|device|browser|os|industry|headcount|revenue|company_country|account) = channel; what is told apart
-- parameter: conversion text; one conversion only
-- parameter: stage text; one stage of deals; without it the latest that each reached
-- parameter: unit choice(person|account) = person; whose journeys
-- parameter: lookback days; how far back touches count, 90 days for a person and 180 for an account; none for all
-- parameter: steps int; how many touches back count
-- parameter: direct choice(keep|exclude|exclude_unless_all|last_non_direct) = keep; what becomes of Direct
-- parameter: touchpoint choice(session|pageview) = session; whether page views that carry a campaign are touches too
-- parameter: transform choice(unique|exposure|first|frequency) = exposure; path as walked, without repeats in a row, without later repeats, or with counts
-- parameter: limit int = 50; rows at most
WITH walked AS (
    SELECT
        path,
        n_touches,
        conversions,
        value,
        conversions + nulls AS journeys,
        sum(conversions) OVER () AS total
    FROM paths(
        unit := $unit,
        by_column := $by,
        from_day := $from,
        to_day := $to,
        in_tenant := $tenant,
        of_conversion := $conversion,
        of_stage := $stage,
        lookback := $lookback,
        steps := $steps,
        direct := $direct,
        touchpoint := $touchpoint,
        transform := $transform
    )
)
SELECT
    path,
    n_touches,
    conversions,
    value,
    round(100.0 * conversions / total, 2) AS percent,
    1.0 * conversions / journeys AS conversion_rate
FROM walked
WHERE conversions > 0
ORDER BY conversions DESC, value DESC, path
LIMIT $limit
