-- title: Deals
-- description: Each conversion with its touches and the credit of each
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
-- parameter: model choice(first_touch|last_touch|last_non_direct|first_non_direct|first_paid|last_paid|linear|linear_unique|position_based|j_shaped|inverse_j|time_decay|custom|u_lead|w_shaped|full_path|shapley|participation) = last_non_direct; how credit is shared out
-- parameter: half_life days = 7d; time in which the credit of time decay halves
-- parameter: weights weights = 40,20,40; shares of first, middle and last touch in the model custom
-- parameter: account text; domain of one company
-- parameter: limit int = 1000; touches at most
WITH credited AS (
    SELECT
        *,
        coalesce(credit, 0.0) * value AS credit_value,
        sum(CASE WHEN event_id IS NULL OR i = n THEN 1.0 ELSE 0.0 END) OVER () AS total,
        sum(CASE WHEN event_id IS NULL OR i = n THEN value ELSE 0.0 END) OVER () AS total_value,
        sum(CASE WHEN event_id IS NULL THEN 1.0 ELSE 0.0 END) OVER () AS lost,
        sum(CASE WHEN event_id IS NULL THEN value ELSE 0.0 END) OVER () AS lost_value,
        row_number() OVER (
            ORDER BY converted_at, conversion_id, i
        ) AS n_row
    FROM credits(
        model := $model,
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
        touchpoint := $touchpoint,
        half_life := $half_life,
        weights := $weights
    )
    WHERE $account IS NULL OR account = lower($account)
)
SELECT
    CASE p.place
        WHEN 0 THEN c.conversion_id
        WHEN 1 THEN '(attributed)'
        WHEN 2 THEN '(unattributed)'
        ELSE '(total)'
    END AS conversion_id,
    CASE WHEN p.place = 0 THEN c.conversion END AS conversion,
    CASE WHEN p.place = 0 THEN c.stage END AS stage,
    CASE WHEN p.place = 0 THEN c.external_id END AS external_id,
    CASE WHEN p.place = 0 THEN c.converted_at END AS converted_at,
    CASE WHEN p.place = 0 THEN c.account END AS account,
    CASE WHEN p.place = 0 THEN c.person END AS person,
    CASE WHEN p.place = 0 THEN c.value END AS value,
    CASE WHEN p.place = 0 THEN c.i END AS touch,
    CASE WHEN p.place = 0 THEN c.n END AS touches,
    CASE WHEN p.place = 0 THEN c.touched_at END AS touched_at,
    CASE WHEN p.place = 0 THEN c.touch_person END AS touch_person,
    CASE WHEN p.place = 0 THEN coalesce(c.channel, '(no touch)') END AS channel,
    CASE WHEN p.place = 0 THEN c.source END AS source,
    CASE WHEN p.place = 0 THEN c.campaign END AS campaign,
    CASE WHEN p.place = 0 THEN c.session_id END AS session_id,
    CASE p.place
        WHEN 0 THEN coalesce(c.credit, 0.0)
        WHEN 1 THEN c.total - c.lost
        WHEN 2 THEN c.lost
        ELSE c.total
    END AS credit,
    CASE p.place
        WHEN 0 THEN c.credit_value
        WHEN 1 THEN c.total_value - c.lost_value
        WHEN 2 THEN c.lost_value
        ELSE c.total_value
    END AS credit_value
FROM credited AS c
INNER JOIN (VALUES (0, 0), (1, 1), (1, 2), (1, 3)) AS p(is_footer, place)
    ON p.is_footer = 0 OR c.n_row = 1
WHERE p.place > 0 OR c.n_row <= $limit
ORDER BY p.place, c.n_row
