-- title: Content
-- description: Which pages people see before they convert, and how much more often those who saw them do
-- note: visits are those of visitors that the sender identified
-- parameter: from date; first day, UTC
-- parameter: to date; day behind the last one, UTC
-- parameter: tenant text; one tenant only
-- parameter: conversion text; one conversion only
-- parameter: stage text; one stage of deals; without it the latest that each reached
-- parameter: unit choice(person|account) = person; whose journeys
-- parameter: lookback days; how far back touches count, 90 days for a person and 180 for an account; none for all
-- parameter: limit int = 50; rows at most
WITH viewed AS (
    SELECT DISTINCT
        CASE WHEN $unit = 'account' THEN v.account ELSE v.person END AS entity,
        v.visitor_id,
        p.event_id,
        p.position,
        p.viewed_at,
        concat(p.host, p.path) AS page
    FROM files.pageviews AS p
    INNER JOIN visits AS v ON v.date = p.date AND v.event_id = p.event_id
    WHERE p.signal = 'pageview'
      AND p.path IS NOT NULL
      AND ($from IS NULL OR v.date >= $from)
      AND ($to IS NULL OR v.date < $to)
      AND ($tenant IS NULL OR v.tenant = $tenant)
),
converted AS (
    SELECT CASE WHEN $unit = 'account' THEN account ELSE person END AS entity, converted_at
    FROM conversion_events
    WHERE ($tenant IS NULL OR tenant = $tenant)
      AND ($conversion IS NULL OR conversion = $conversion)
      AND CASE WHEN $stage IS NULL THEN is_current ELSE stage = $stage END
),
seen AS (
    SELECT
        page,
        entity,
        count(*) AS pageviews,
        min(viewed_at) AS first_at,
        max(viewed_at) AS last_at
    FROM viewed
    GROUP BY page, entity
),
followed AS (
    SELECT s.page, count(DISTINCT s.entity) AS converted
    FROM seen AS s
    INNER JOIN converted AS c
        ON c.entity = s.entity
       AND c.converted_at >= s.first_at
       AND (date_part('epoch', c.converted_at) - date_part('epoch', s.last_at)) / 86400.0
           <= coalesce($lookback, CASE WHEN $unit = 'account' THEN 180.0 ELSE 90.0 END)
    GROUP BY s.page
),
everyone AS (
    SELECT
        count(DISTINCT v.entity) AS entities,
        count(DISTINCT c.entity) AS converted
    FROM viewed AS v
    LEFT JOIN converted AS c ON c.entity = v.entity
),
pages AS (
    SELECT page, sum(pageviews) AS pageviews, count(entity) AS entities
    FROM seen
    GROUP BY page
)
SELECT
    p.page,
    p.pageviews,
    p.entities AS viewers,
    coalesce(f.converted, 0) AS converted,
    1.0 * coalesce(f.converted, 0) / nullif(p.entities, 0) AS conversion_rate,
    1.0 * coalesce(f.converted, 0) / nullif(p.entities, 0)
        / nullif(1.0 * e.converted / nullif(e.entities, 0), 0.0) AS lift
FROM pages AS p
CROSS JOIN everyone AS e
LEFT JOIN followed AS f ON f.page = p.page
ORDER BY converted DESC, p.pageviews DESC, p.page
LIMIT $limit
