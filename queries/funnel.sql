-- title: Funnel
-- description: How many get from a session to a lead, an opportunity and a deal, by the channel that came first
-- note: visits are those of visitors that the sender identified
-- parameter: from date; first day, UTC
-- parameter: to date; day behind the last one, UTC
-- parameter: tenant text; one tenant only
-- parameter: unit choice(person|account) = person; whose journeys
-- parameter: by choice(channel|source|medium|campaign|landing_page|country|device|industry|headcount) = channel; what is told apart
WITH visited AS (
    SELECT
        CASE WHEN $unit = 'account' THEN account ELSE person END AS entity,
        dimension,
        is_identified,
        row_number() OVER (
            PARTITION BY CASE WHEN $unit = 'account' THEN account ELSE person END
            ORDER BY touched_at, event_id
        ) AS n
    FROM touchpoints_by(by_column := $by)
    WHERE ($from IS NULL OR CAST(touched_at AS DATE) >= $from)
      AND ($to IS NULL OR CAST(touched_at AS DATE) < $to)
      AND ($tenant IS NULL OR tenant = $tenant)
),
entities AS (
    SELECT
        entity,
        count(*) AS sessions,
        max(CASE WHEN is_identified THEN 1 ELSE 0 END) AS is_identified,
        max(CASE WHEN n = 1 THEN dimension END) AS dimension
    FROM visited
    WHERE entity IS NOT NULL
    GROUP BY entity
),
reached AS (
    SELECT
        entity,
        max(CASE WHEN stage IN ('lead', 'opportunity', 'won') OR origin = 'goal'
                 THEN 1 ELSE 0 END) AS is_lead,
        max(CASE WHEN stage IN ('opportunity', 'won') THEN 1 ELSE 0 END) AS is_opportunity,
        max(CASE WHEN stage = 'won' THEN 1 ELSE 0 END) AS is_won
    FROM (SELECT *, CASE WHEN $unit = 'account' THEN account ELSE person END AS entity FROM conversion_events) AS c
    WHERE entity IS NOT NULL
    GROUP BY entity
),
summed AS (
    SELECT
        grouping(e.dimension) AS is_footer,
        e.dimension,
        sum(e.sessions) AS sessions,
        count(*) AS entities,
        sum(e.is_identified) AS identified,
        coalesce(sum(r.is_lead), 0) AS leads,
        coalesce(sum(r.is_opportunity), 0) AS opportunities,
        coalesce(sum(r.is_won), 0) AS won
    FROM entities AS e
    LEFT JOIN reached AS r ON r.entity = e.entity
    GROUP BY GROUPING SETS ((e.dimension), ())
)
SELECT
    coalesce(dimension, '(total)') AS dimension,
    coalesce(sessions, 0) AS sessions,
    entities,
    coalesce(identified, 0) AS identified,
    leads,
    opportunities,
    won,
    round(100.0 * leads / nullif(entities, 0), 2) AS lead_percent,
    round(100.0 * opportunities / nullif(leads, 0), 2) AS opportunity_percent,
    round(100.0 * won / nullif(opportunities, 0), 2) AS won_percent
FROM summed
ORDER BY is_footer, entities DESC, dimension
