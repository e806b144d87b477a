-- title: Assists
-- description: Which channels open, help and close conversions
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
SELECT
    dimension,
    count(DISTINCT conversion_id) AS influenced,
    sum(first_touch) AS first,
    count(DISTINCT CASE WHEN i > 1 AND i < n THEN conversion_id END) AS middle,
    sum(last_touch) AS last,
    count(DISTINCT CASE WHEN i < n THEN conversion_id END) AS assisted,
    sum(CASE WHEN i < n THEN value / n_same ELSE 0.0 END) AS assisted_value,
    count(DISTINCT CASE WHEN i < n THEN conversion_id END) / nullif(sum(last_touch), 0.0)
        AS assisted_per_last,
    sum(CASE WHEN 3 * (i - 1) < n THEN 1.0 ELSE 0.0 END) AS early_touches,
    sum(CASE WHEN 3 * (i - 1) >= n AND 3 * (i - 1) < 2 * n THEN 1.0 ELSE 0.0 END) AS mid_touches,
    sum(CASE WHEN 3 * (i - 1) >= 2 * n THEN 1.0 ELSE 0.0 END) AS late_touches
FROM touches(
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
    touchpoint := $touchpoint
)
WHERE event_id IS NOT NULL
GROUP BY dimension
ORDER BY influenced DESC, dimension
