-- title: AI assistants
-- description: What AI assistants bring, by assistant and landing page
-- note: visits are those of visitors that the sender identified
-- parameter: from date; first day, UTC
-- parameter: to date; day behind the last one, UTC
-- parameter: tenant text; one tenant only
-- parameter: conversion text; one conversion only
-- parameter: unit choice(person|account) = person; whose journeys
-- parameter: lookback days; how far back touches count, 90 days for a person and 180 for an account; none for all
-- parameter: model choice(first_touch|last_touch|last_non_direct|first_non_direct|first_paid|last_paid|linear|linear_unique|position_based|j_shaped|inverse_j|time_decay|custom|u_lead|w_shaped|full_path|shapley|participation) = last_non_direct; how credit is shared out
-- parameter: half_life days = 7d; time in which the credit of time decay halves
-- parameter: weights weights = 40,20,40; shares of first, middle and last touch in the model custom
-- parameter: limit int = 50; rows at most
WITH visited AS (
    SELECT
        coalesce(source, '(not set)') AS assistant,
        coalesce(nullif(concat(landing_host, landing_path), ''), '(not set)') AS landing_page,
        count(*) AS sessions,
        count(DISTINCT visitor_id) AS visitors,
        count(DISTINCT CASE WHEN is_identified THEN person END) AS people,
        count(DISTINCT account) AS accounts,
        sum(pageviews) AS pageviews
    FROM touchpoints
    WHERE channel = 'AI Assistant'
      AND position = 0
      AND ($from IS NULL OR CAST(touched_at AS DATE) >= $from)
      AND ($to IS NULL OR CAST(touched_at AS DATE) < $to)
      AND ($tenant IS NULL OR tenant = $tenant)
    GROUP BY 1, 2
),
credited AS (
    SELECT
        coalesce(source, '(not set)') AS assistant,
        dimension AS landing_page,
        sum(credit) AS conversions,
        sum(credit * value) AS value
    FROM credits(
        model := $model,
        unit := $unit,
        by_column := 'landing_page',
        from_day := $from,
        to_day := $to,
        in_tenant := $tenant,
        of_conversion := $conversion,
        lookback := $lookback,
        half_life := $half_life,
        weights := $weights
    )
    WHERE channel = 'AI Assistant'
    GROUP BY 1, 2
)
SELECT
    coalesce(v.assistant, c.assistant) AS assistant,
    coalesce(v.landing_page, c.landing_page) AS landing_page,
    coalesce(v.sessions, 0) AS sessions,
    coalesce(v.visitors, 0) AS visitors,
    coalesce(v.people, 0) AS people,
    coalesce(v.accounts, 0) AS accounts,
    coalesce(v.pageviews, 0) AS pageviews,
    coalesce(c.conversions, 0.0) AS conversions,
    coalesce(c.value, 0.0) AS value
FROM visited AS v
FULL JOIN credited AS c ON c.assistant = v.assistant AND c.landing_page = v.landing_page
ORDER BY sessions DESC, assistant, landing_page
LIMIT $limit
