-- title: Paths without conversion
-- description: The paths of touches that have not led to a conversion, and how often each does
-- note: a journey without conversion is that of an identified visitor
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
SELECT
    path,
    n_touches,
    nulls AS journeys_without,
    conversions,
    1.0 * conversions / (conversions + nulls) AS conversion_rate
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
WHERE nulls > 0
ORDER BY nulls DESC, path
LIMIT $limit
