-- title: Models
-- description: What each model credits, side by side, by channel or another dimension
-- parameter: from date; first day of conversions, UTC
-- parameter: to date; day behind the last one, UTC
-- parameter: tenant text; one tenant only
-- parameter: conversion text; one conversion only
-- parameter: unit choice(person|account) = person; whose journeys
-- parameter: lookback days; how far back touches count, 90 days for a person and 180 for an account
-- parameter: half_life days = 7d; time in which the credit of time decay halves
-- parameter: by choice(channel|source|medium|campaign|term|content|landing_page|country|device) = channel; what is credited
-- parameter: measure choice(conversions|value) = conversions; what is shared out
WITH chosen AS (
    SELECT
        conversion_id,
        CASE WHEN $measure = 'value' THEN value ELSE 1.0 END AS worth
    FROM conversion_events
    WHERE ($from IS NULL OR CAST(converted_at AS DATE) >= $from)
      AND ($to IS NULL OR CAST(converted_at AS DATE) < $to)
      AND ($tenant IS NULL OR tenant = $tenant)
      AND ($conversion IS NULL OR conversion = $conversion)
),
touched AS (
    SELECT
        j.conversion_id,
        c.worth,
        j.age_days,
        j.channel = 'Direct' AS is_direct,
        j.channel LIKE 'Paid%' OR j.channel IN ('Display', 'Cross-network') AS is_paid,
        coalesce(
            CASE $by
                WHEN 'source' THEN j.source
                WHEN 'medium' THEN j.medium
                WHEN 'campaign' THEN j.campaign
                WHEN 'term' THEN j.term
                WHEN 'content' THEN j.content
                WHEN 'landing_page' THEN concat(j.landing_host, j.landing_path)
                WHEN 'country' THEN j.country
                WHEN 'device' THEN j.device
                ELSE j.channel
            END,
            '(not set)'
        ) AS dimension,
        row_number() OVER (
            PARTITION BY j.conversion_id ORDER BY j.touched_at, j.session_id
        ) AS i,
        count(*) OVER (PARTITION BY j.conversion_id) AS n
    FROM journeys AS j
    INNER JOIN chosen AS c ON c.conversion_id = j.conversion_id
    WHERE j.unit = $unit
      AND j.age_days <= coalesce($lookback, CASE WHEN $unit = 'account' THEN 180.0 ELSE 90.0 END)
),
placed AS (
    SELECT
        *,
        max(CASE WHEN NOT is_direct THEN i END) OVER (PARTITION BY conversion_id) AS last_indirect,
        min(CASE WHEN NOT is_direct THEN i END) OVER (PARTITION BY conversion_id) AS first_indirect,
        max(CASE WHEN is_paid THEN i END) OVER (PARTITION BY conversion_id) AS last_paid_i,
        min(CASE WHEN is_paid THEN i END) OVER (PARTITION BY conversion_id) AS first_paid_i,
        min(age_days) OVER (PARTITION BY conversion_id) AS youngest,
        count(*) OVER (PARTITION BY conversion_id, dimension) AS n_same
    FROM touched
),
decayed AS (
    SELECT *, power(2.0, (youngest - age_days) / $half_life) AS decay
    FROM placed
),
weighted AS (
    SELECT
        dimension,
        worth,
        CASE WHEN i = 1 THEN 1.0 ELSE 0.0 END AS first_touch,
        CASE WHEN i = n THEN 1.0 ELSE 0.0 END AS last_touch,
        CASE WHEN i = coalesce(last_indirect, n) THEN 1.0 ELSE 0.0 END AS last_non_direct,
        CASE WHEN i = coalesce(first_indirect, 1) THEN 1.0 ELSE 0.0 END AS first_non_direct,
        CASE WHEN i = coalesce(first_paid_i, 1) THEN 1.0 ELSE 0.0 END AS first_paid,
        CASE WHEN i = coalesce(last_paid_i, n) THEN 1.0 ELSE 0.0 END AS last_paid,
        1.0 / n AS linear,
        1.0 / n_same / sum(1.0 / n_same) OVER (PARTITION BY conversion_id) AS linear_unique,
        CASE
            WHEN n = 1 THEN 1.0
            WHEN n = 2 THEN 0.5
            WHEN i IN (1, n) THEN 0.4
            ELSE 0.2 / (n - 2)
        END AS position_based,
        CASE
            WHEN n = 1 THEN 1.0
            WHEN n = 2 THEN CASE WHEN i = 1 THEN 0.25 ELSE 0.75 END
            WHEN i = 1 THEN 0.2
            WHEN i = n THEN 0.6
            ELSE 0.2 / (n - 2)
        END AS j_shaped,
        CASE
            WHEN n = 1 THEN 1.0
            WHEN n = 2 THEN CASE WHEN i = 1 THEN 0.75 ELSE 0.25 END
            WHEN i = 1 THEN 0.6
            WHEN i = n THEN 0.2
            ELSE 0.2 / (n - 2)
        END AS inverse_j,
        decay / sum(decay) OVER (PARTITION BY conversion_id) AS time_decay,
        1.0 / n_same AS participation
    FROM decayed
),
credited AS (
    SELECT
        dimension,
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
        sum(worth * linear_unique) AS shapley,
        sum(worth * participation) AS participation
    FROM weighted
    GROUP BY dimension
),
ends AS (
    SELECT 2 AS place, '(unattributed)' AS name, coalesce(sum(worth), 0.0) AS worth
    FROM chosen
    WHERE conversion_id NOT IN (SELECT conversion_id FROM touched)
    UNION ALL
    SELECT 3 AS place, '(total)' AS name, coalesce(sum(worth), 0.0) AS worth
    FROM chosen
),
listed AS (
    SELECT 0 AS place, * FROM credited
    UNION ALL
    SELECT
        1 AS place,
        '(attributed)' AS dimension,
        coalesce(sum(first_touch), 0.0) AS first_touch,
        coalesce(sum(last_touch), 0.0) AS last_touch,
        coalesce(sum(last_non_direct), 0.0) AS last_non_direct,
        coalesce(sum(first_non_direct), 0.0) AS first_non_direct,
        coalesce(sum(first_paid), 0.0) AS first_paid,
        coalesce(sum(last_paid), 0.0) AS last_paid,
        coalesce(sum(linear), 0.0) AS linear,
        coalesce(sum(linear_unique), 0.0) AS linear_unique,
        coalesce(sum(position_based), 0.0) AS position_based,
        coalesce(sum(j_shaped), 0.0) AS j_shaped,
        coalesce(sum(inverse_j), 0.0) AS inverse_j,
        coalesce(sum(time_decay), 0.0) AS time_decay,
        coalesce(sum(shapley), 0.0) AS shapley,
        coalesce(sum(participation), 0.0) AS participation
    FROM credited
    UNION ALL
    SELECT
        place,
        name AS dimension,
        worth AS first_touch,
        worth AS last_touch,
        worth AS last_non_direct,
        worth AS first_non_direct,
        worth AS first_paid,
        worth AS last_paid,
        worth AS linear,
        worth AS linear_unique,
        worth AS position_based,
        worth AS j_shaped,
        worth AS inverse_j,
        worth AS time_decay,
        worth AS shapley,
        worth AS participation
    FROM ends
)
SELECT
    dimension,
    first_touch,
    last_touch,
    last_non_direct,
    first_non_direct,
    first_paid,
    last_paid,
    linear,
    linear_unique,
    position_based,
    j_shaped,
    inverse_j,
    time_decay,
    shapley,
    participation
FROM listed
ORDER BY place, last_non_direct DESC, dimension
