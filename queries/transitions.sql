-- title: Transitions
-- description: How touches follow each other, and how much each channel would be missed
-- note: the removal effect is that of the state the touch leaves
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
-- parameter: order int(1..4) = 1; touches that a state of the Markov chain holds
WITH walked AS (
    SELECT
        conversion_id,
        i,
        n,
        dimension,
        origin,
        lag(dimension) OVER (PARTITION BY conversion_id ORDER BY i) AS dimension_before
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
        touchpoint := $touchpoint,
        with_nulls := TRUE
    )
    WHERE event_id IS NOT NULL
),
hops AS (
    SELECT
        w.dimension_before AS from_name,
        w.dimension AS to_name,
        CAST(NULL AS VARCHAR) AS ending
    FROM walked AS w
    WHERE w.dimension_before IS NULL OR w.dimension_before <> w.dimension
    UNION ALL
    SELECT
        e.dimension AS from_name,
        CAST(NULL AS VARCHAR) AS to_name,
        CASE WHEN e.origin = 'none' THEN '(null)' ELSE '(conversion)' END AS ending
    FROM walked AS e
    WHERE e.i = e.n
),
counted AS (
    SELECT from_name, to_name, ending, count(*) AS transitions
    FROM hops
    GROUP BY from_name, to_name, ending
)
SELECT
    coalesce(c.from_name, '(start)') AS from_state,
    coalesce(c.to_name, c.ending) AS to_state,
    c.transitions,
    1.0 * c.transitions / sum(c.transitions) OVER (PARTITION BY c.from_name) AS probability,
    e.effect AS removal_effect
FROM counted AS c
LEFT JOIN removal_effects(
    chain_order := $order,
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
) AS e ON e.dimension = c.from_name
ORDER BY from_state, c.transitions DESC, to_state
