-- title: Trends
-- description: Sessions and credited conversions over time, by channel or another dimension
-- note: visits are those of visitors that the sender identified
-- parameter: from date; first day, UTC
-- parameter: to date; day behind the last one, UTC
-- parameter: tenant text; one tenant only
-- parameter: by choice(channel|source|medium|campaign|term|content|landing_page|referrer|country|region|city|device|browser|os|industry|headcount|revenue|company_country|account) = channel; what is told apart
-- parameter: period choice(day|week|month) = week; length of a step
-- parameter: conversion text; one conversion only
-- parameter: stage text; one stage of deals; without it the latest that each reached
-- parameter: unit choice(person|account) = person; whose journeys
-- parameter: lookback days; how far back touches count, 90 days for a person and 180 for an account; none for all
-- parameter: steps int; how many touches back count
-- parameter: direct choice(keep|exclude|exclude_unless_all|last_non_direct) = keep; what becomes of Direct
-- parameter: touchpoint choice(session|pageview) = session; whether page views that carry a campaign are touches too
-- parameter: model choice(first_touch|last_touch|last_non_direct|first_non_direct|first_paid|last_paid|linear|linear_unique|position_based|j_shaped|inverse_j|time_decay|custom|u_lead|w_shaped|full_path|shapley|participation) = last_non_direct; how credit is shared out
-- parameter: half_life days = 7d; time in which the credit of time decay halves
-- parameter: weights weights = 40,20,40; shares of first, middle and last touch in the model custom
WITH visited AS (
    SELECT
        CAST(date_trunc($period, touched_at) AS DATE) AS period,
        dimension,
        count(*) AS sessions,
        count(DISTINCT account) AS accounts
    FROM touchpoints_by(by_column := $by)
    WHERE ($from IS NULL OR CAST(touched_at AS DATE) >= $from)
      AND ($to IS NULL OR CAST(touched_at AS DATE) < $to)
      AND ($tenant IS NULL OR tenant = $tenant)
    GROUP BY CAST(date_trunc($period, touched_at) AS DATE), dimension
),
credited AS (
    SELECT
        CAST(date_trunc($period, converted_at) AS DATE) AS period,
        coalesce(dimension, '(unattributed)') AS dimension,
        sum(coalesce(credit, 1.0)) AS conversions,
        sum(coalesce(credit, 1.0) * value) AS value
    FROM credits(
        model := $model,
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
    GROUP BY CAST(date_trunc($period, converted_at) AS DATE), coalesce(dimension, '(unattributed)')
),
listed AS (
    SELECT
        coalesce(v.period, c.period) AS period,
        coalesce(v.dimension, c.dimension) AS dimension,
        coalesce(v.sessions, 0) AS sessions,
        coalesce(v.accounts, 0) AS accounts,
        coalesce(c.conversions, 0.0) AS conversions,
        coalesce(c.value, 0.0) AS value
    FROM visited AS v
    FULL JOIN credited AS c ON c.period = v.period AND c.dimension = v.dimension
),
totals AS (
    SELECT
        grouping(period) AS place,
        period,
        dimension,
        sum(sessions) AS sessions,
        max(accounts) AS accounts,
        sum(conversions) AS conversions,
        sum(value) AS value,
        coalesce(sum(CASE WHEN dimension = '(unattributed)' THEN conversions END), 0.0) AS lost,
        coalesce(sum(CASE WHEN dimension = '(unattributed)' THEN value END), 0.0) AS lost_value
    FROM listed
    GROUP BY GROUPING SETS ((period, dimension), ())
)
SELECT
    t.period,
    CASE p.place
        WHEN 0 THEN t.dimension
        WHEN 1 THEN '(attributed)'
        WHEN 2 THEN '(unattributed)'
        ELSE '(total)'
    END AS dimension,
    CASE p.place WHEN 0 THEN t.sessions WHEN 3 THEN t.sessions END AS sessions,
    CASE p.place WHEN 0 THEN t.accounts END AS accounts,
    CASE p.place
        WHEN 1 THEN t.conversions - t.lost
        WHEN 2 THEN t.lost
        ELSE coalesce(t.conversions, 0.0)
    END AS conversions,
    CASE p.place
        WHEN 1 THEN t.value - t.lost_value
        WHEN 2 THEN t.lost_value
        ELSE coalesce(t.value, 0.0)
    END AS value
FROM totals AS t
INNER JOIN (VALUES (0, 0), (1, 1), (1, 2), (1, 3)) AS p(is_footer, place)
    ON p.is_footer = t.place
ORDER BY p.place, t.period, conversions DESC, sessions DESC, dimension
