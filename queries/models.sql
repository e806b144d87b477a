-- title: Models
-- description: What each model credits, side by side, by channel or another dimension
-- note: participation credits each value of the dimension that took part, so that it sums to more than the total
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
-- parameter: measure choice(conversions|value) = conversions; what is shared out
-- parameter: half_life days = 7d; time in which the credit of time decay halves
-- parameter: weights weights = 40,20,40; shares of first, middle and last touch in the model custom
-- parameter: order int(1..4) = 1; touches that a state of the Markov chain holds
WITH weighted AS (
    SELECT
        *,
        CASE WHEN $measure = 'value' THEN value ELSE 1.0 END AS worth
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
        half_life := $half_life,
        weights := $weights
    )
),
summed AS (
    SELECT
        dimension,
        grouping(dimension) AS is_footer,
        sum(worth * first_touch) AS first_touch,
        sum(worth * last_touch) AS last_touch,
        sum(worth * last_non_direct) AS last_non_direct,
        sum(worth * first_non_direct) AS first_non_direct,
        sum(worth * first_paid) AS first_paid,
        sum(worth * last_paid) AS last_paid,
        sum(worth * linear) AS linear,
        sum(worth * linear_unique) AS linear_unique,
        sum(worth * position_based) AS position_based,
        sum(worth * j_shaped) AS j_shaped,
        sum(worth * inverse_j) AS inverse_j,
        sum(worth * time_decay) AS time_decay,
        sum(worth * custom) AS custom,
        sum(worth * u_lead) AS u_lead,
        sum(worth * w_shaped) AS w_shaped,
        sum(worth * full_path) AS full_path,
        sum(CASE WHEN event_id IS NOT NULL THEN worth * participation ELSE 0.0 END)
            AS participation,
        sum(CASE WHEN event_id IS NULL THEN worth ELSE 0.0 END) AS lost,
        sum(CASE WHEN event_id IS NULL OR i = n THEN worth ELSE 0.0 END) AS total
    FROM weighted
    GROUP BY GROUPING SETS ((dimension), ())
),
listed AS (
    SELECT
        p.place,
        s.*,
        max(CASE WHEN s.is_footer = 1 THEN s.total - s.lost END) OVER () AS attributed,
        CASE WHEN $measure = 'value' THEN e.value_effect ELSE e.effect END AS effect,
        CASE p.place WHEN 2 THEN s.lost WHEN 3 THEN s.total END AS footer
    FROM summed AS s
    INNER JOIN (VALUES (0, 0), (1, 1), (1, 2), (1, 3)) AS p(is_footer, place)
        ON p.is_footer = s.is_footer
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
    ) AS e ON e.dimension = s.dimension AND s.is_footer = 0
    WHERE s.is_footer = 1 OR s.dimension IS NOT NULL
)
SELECT
    CASE place
        WHEN 0 THEN dimension
        WHEN 1 THEN '(attributed)'
        WHEN 2 THEN '(unattributed)'
        ELSE '(total)'
    END AS dimension,
    coalesce(footer, first_touch, 0.0) AS first_touch,
    coalesce(footer, last_touch, 0.0) AS last_touch,
    coalesce(footer, last_non_direct, 0.0) AS last_non_direct,
    coalesce(footer, first_non_direct, 0.0) AS first_non_direct,
    coalesce(footer, first_paid, 0.0) AS first_paid,
    coalesce(footer, last_paid, 0.0) AS last_paid,
    coalesce(footer, linear, 0.0) AS linear,
    coalesce(footer, linear_unique, 0.0) AS linear_unique,
    coalesce(footer, position_based, 0.0) AS position_based,
    coalesce(footer, j_shaped, 0.0) AS j_shaped,
    coalesce(footer, inverse_j, 0.0) AS inverse_j,
    coalesce(footer, time_decay, 0.0) AS time_decay,
    coalesce(footer, custom, 0.0) AS custom,
    coalesce(footer, u_lead, 0.0) AS u_lead,
    coalesce(footer, w_shaped, 0.0) AS w_shaped,
    coalesce(footer, full_path, 0.0) AS full_path,
    coalesce(footer, linear_unique, 0.0) AS shapley,
    coalesce(
        footer,
        CASE
            WHEN place = 1 THEN attributed
            ELSE attributed * effect / nullif(sum(effect) OVER (), 0.0)
        END,
        0.0
    ) AS markov,
    coalesce(footer, participation, 0.0) AS participation
FROM listed
ORDER BY place, last_non_direct DESC, dimension
