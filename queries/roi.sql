-- title: Return on spend
-- description: What spend brought: cost per conversion and stage, return
-- parameter: from date; first day, UTC
-- parameter: to date; day behind the last one, UTC
-- parameter: tenant text; one tenant only
-- parameter: by choice(channel|source|medium|campaign) = channel; what is told apart
-- parameter: conversion text; one conversion only
-- parameter: stage text; one stage of deals; without it the latest that each reached
-- parameter: unit choice(person|account) = person; whose journeys
-- parameter: lookback days; how far back touches count, 90 days for a person and 180 for an account; none for all
-- parameter: steps int; how many touches back count
-- parameter: direct choice(keep|exclude|exclude_unless_all|last_non_direct) = keep; what becomes of Direct
-- parameter: touchpoint choice(session|pageview) = session; whether page views that carry a campaign are touches too
-- parameter: basis choice(conversion|touch) = conversion; whether the dates are those of conversions or of touches
-- parameter: model choice(first_touch|last_touch|last_non_direct|first_non_direct|first_paid|last_paid|linear|linear_unique|position_based|j_shaped|inverse_j|time_decay|custom|u_lead|w_shaped|full_path|shapley|participation) = last_non_direct; how credit is shared out
-- parameter: half_life days = 7d; time in which the credit of time decay halves
-- parameter: weights weights = 40,20,40; shares of first, middle and last touch in the model custom
WITH counted AS (
    SELECT
        c.dimension,
        c.event_id IS NULL AS is_lost,
        c.credit,
        1.0 AS conversions,
        c.value AS value,
        CASE WHEN c.stage = 'lead' OR c.origin = 'goal' THEN 1.0 ELSE 0.0 END AS leads,
        CASE WHEN c.stage = 'opportunity' THEN 1.0 ELSE 0.0 END AS opportunities,
        CASE WHEN c.stage = 'won' THEN 1.0 ELSE 0.0 END AS won
    FROM credits(
        model := $model,
        unit := $unit,
        by_column := $by,
        from_day := CASE WHEN $basis = 'touch' THEN CAST(NULL AS DATE) ELSE $from END,
        to_day := CASE WHEN $basis = 'touch' THEN CAST(NULL AS DATE) ELSE $to END,
        in_tenant := $tenant,
        of_conversion := $conversion,
        of_stage := $stage,
        lookback := $lookback,
        steps := $steps,
        direct := $direct,
        touchpoint := $touchpoint,
        half_life := $half_life,
        weights := $weights
    ) AS c
    WHERE c.event_id IS NULL
       OR $basis = 'conversion'
       OR (($from IS NULL OR CAST(c.touched_at AS DATE) >= $from)
           AND ($to IS NULL OR CAST(c.touched_at AS DATE) < $to))
),
credited AS (
    SELECT
        dimension,
        grouping(dimension) AS is_footer,
        coalesce(sum(credit * conversions), 0.0) AS conversions,
        coalesce(sum(CASE WHEN is_lost THEN conversions END), 0.0) AS conversions_lost,
        coalesce(sum(credit * value), 0.0) AS value,
        coalesce(sum(CASE WHEN is_lost THEN value END), 0.0) AS value_lost,
        coalesce(sum(credit * leads), 0.0) AS leads,
        coalesce(sum(CASE WHEN is_lost THEN leads END), 0.0) AS leads_lost,
        coalesce(sum(credit * opportunities), 0.0) AS opportunities,
        coalesce(sum(CASE WHEN is_lost THEN opportunities END), 0.0) AS opportunities_lost,
        coalesce(sum(credit * won), 0.0) AS won,
        coalesce(sum(CASE WHEN is_lost THEN won END), 0.0) AS won_lost
    FROM counted
    GROUP BY GROUPING SETS ((dimension), ())
),
listed AS (
    SELECT
        p.place,
        CASE p.place
            WHEN 0 THEN c.dimension
            WHEN 1 THEN '(attributed)'
            WHEN 2 THEN '(unattributed)'
            ELSE '(total)'
        END AS dimension,
        CASE p.place WHEN 2 THEN c.conversions_lost WHEN 3 THEN c.conversions + c.conversions_lost ELSE c.conversions END AS conversions,
        CASE p.place WHEN 2 THEN c.value_lost WHEN 3 THEN c.value + c.value_lost ELSE c.value END AS value,
        CASE p.place WHEN 2 THEN c.leads_lost WHEN 3 THEN c.leads + c.leads_lost ELSE c.leads END AS leads,
        CASE p.place WHEN 2 THEN c.opportunities_lost WHEN 3 THEN c.opportunities + c.opportunities_lost ELSE c.opportunities END AS opportunities,
        CASE p.place WHEN 2 THEN c.won_lost WHEN 3 THEN c.won + c.won_lost ELSE c.won END AS won
    FROM credited AS c
    INNER JOIN (VALUES (0, 0), (1, 1), (1, 2), (1, 3)) AS p(is_footer, place)
        ON p.is_footer = c.is_footer
    WHERE c.is_footer = 1 OR c.dimension IS NOT NULL
)
SELECT
    coalesce(c.dimension, s.dimension) AS dimension,
    s.cost,
    coalesce(c.conversions, 0.0) AS conversions,
    coalesce(c.value, 0.0) AS value,
    coalesce(c.leads, 0.0) AS leads,
    coalesce(c.opportunities, 0.0) AS opportunities,
    coalesce(c.won, 0.0) AS won,
    s.cost / nullif(c.conversions, 0.0) AS cost_per_conversion,
    s.cost / nullif(c.leads, 0.0) AS cost_per_lead,
    s.cost / nullif(c.opportunities, 0.0) AS cost_per_opportunity,
    s.cost / nullif(c.won, 0.0) AS cost_per_deal,
    c.value / nullif(s.cost, 0.0) AS roas,
    100.0 * (c.value - s.cost) / nullif(s.cost, 0.0) AS roi_percent
FROM listed AS c
FULL JOIN cost_by(
    by_column := $by, from_day := $from, to_day := $to, in_tenant := $tenant
) AS s ON s.place = c.place AND s.dimension = c.dimension
ORDER BY coalesce(c.place, s.place), s.cost DESC NULLS LAST, value DESC, dimension
