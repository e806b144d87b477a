-- title: Campaigns
-- description: What campaigns bring, with their source and medium
-- note: visits are those of visitors that the sender identified
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
-- parameter: model choice(first_touch|last_touch|last_non_direct|first_non_direct|first_paid|last_paid|linear|linear_unique|position_based|j_shaped|inverse_j|time_decay|custom|u_lead|w_shaped|full_path|shapley|participation|markov) = last_non_direct; how credit is shared out
-- parameter: half_life days = 7d; time in which the credit of time decay halves
-- parameter: weights weights = 40,20,40; shares of first, middle and last touch in the model custom
-- parameter: order int(1..4) = 1; touches that a state of the Markov chain holds
-- parameter: limit int = 50; rows at most
WITH performed AS (
    SELECT *, row_number() OVER (PARTITION BY place ORDER BY sessions DESC, dimension) AS n
    FROM performance(
        model := $model,
        unit := $unit,
        by_column := 'campaign_detail',
        from_day := $from,
        to_day := $to,
        in_tenant := $tenant,
        of_conversion := $conversion,
        of_stage := $stage,
        lookback := $lookback,
        steps := $steps,
        direct := $direct,
        touchpoint := $touchpoint,
        half_life := $half_life,
        weights := $weights,
        chain_order := $order
    )
)
SELECT
    CASE WHEN place = 0 THEN part_of(dimension, 1) ELSE dimension END AS campaign,
    part_of(dimension, 2) AS source,
    part_of(dimension, 3) AS medium,
    part_of(dimension, 4) AS channel,
    sessions,
    visitors,
    people,
    accounts,
    pageviews,
    influenced,
    conversions,
    value,
    conversion_rate,
    cost,
    cost_per_conversion,
    roas
FROM performed
WHERE n <= $limit
ORDER BY place, sessions DESC, dimension
