-- title: Cohorts
-- description: What became of those who came first in a month, by the channel that brought them
-- note: visits are those of visitors that the sender identified
-- parameter: from date; first day, UTC
-- parameter: to date; day behind the last one, UTC
-- parameter: tenant text; one tenant only
-- parameter: conversion text; one conversion only
-- parameter: unit choice(person|account) = person; whose journeys
-- parameter: by choice(channel|source|medium|campaign|country|industry|headcount) = channel; what is told apart
-- parameter: period choice(day|week|month) = month; length of a cohort
WITH visited AS (
    SELECT
        CASE WHEN $unit = 'account' THEN account ELSE person END AS entity,
        dimension,
        touched_at,
        row_number() OVER (
            PARTITION BY CASE WHEN $unit = 'account' THEN account ELSE person END
            ORDER BY touched_at, event_id
        ) AS n
    FROM touchpoints_by(by_column := $by)
    WHERE $tenant IS NULL OR tenant = $tenant
),
entities AS (
    SELECT
        entity,
        min(touched_at) AS first_at,
        max(touched_at) AS last_at,
        max(CASE WHEN n = 1 THEN dimension END) AS dimension
    FROM visited
    WHERE entity IS NOT NULL
    GROUP BY entity
),
converted AS (
    SELECT entity, min(converted_at) AS converted_at, sum(value) AS value
    FROM (SELECT *, CASE WHEN $unit = 'account' THEN account ELSE person END AS entity FROM conversion_events WHERE is_current) AS c
    WHERE $conversion IS NULL OR conversion = $conversion
    GROUP BY entity
),
dated AS (
    SELECT
        CAST(date_trunc($period, e.first_at) AS DATE) AS cohort,
        e.dimension,
        (date_part('epoch', e.last_at) - date_part('epoch', e.first_at)) / 86400.0 AS stayed,
        (date_part('epoch', c.converted_at) - date_part('epoch', e.first_at)) / 86400.0 AS took,
        c.value
    FROM entities AS e
    LEFT JOIN converted AS c ON c.entity = e.entity
    WHERE ($from IS NULL OR CAST(e.first_at AS DATE) >= $from)
      AND ($to IS NULL OR CAST(e.first_at AS DATE) < $to)
)
SELECT
    cohort,
    dimension,
    count(*) AS entities,
    sum(CASE WHEN stayed >= 1 THEN 1 ELSE 0 END) AS returned,
    sum(CASE WHEN took <= 7 THEN 1 ELSE 0 END) AS converted_7d,
    sum(CASE WHEN took <= 30 THEN 1 ELSE 0 END) AS converted_30d,
    sum(CASE WHEN took <= 90 THEN 1 ELSE 0 END) AS converted_90d,
    count(took) AS converted,
    coalesce(sum(value), 0.0) AS value
FROM dated
GROUP BY cohort, dimension
ORDER BY cohort, entities DESC, dimension
