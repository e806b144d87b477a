-- title: Accounts
-- description: Which companies visit, how engaged they are and how they found you
-- note: visits are those of visitors that the sender identified
-- parameter: from date; first day, UTC
-- parameter: to date; day behind the last one, UTC
-- parameter: tenant text; one tenant only
-- parameter: half_life days = 30d; time in which the weight of a visit in the score halves
-- parameter: limit int = 50; rows at most
WITH latest AS (
    SELECT max(started_at) AS now_at
    FROM visits
),
visited AS (
    SELECT
        account,
        visitor_id,
        person,
        is_identified,
        pageview_count,
        started_at,
        date,
        channel,
        row_number() OVER (PARTITION BY account ORDER BY started_at, event_id) AS n,
        count(*) OVER (PARTITION BY account) AS n_all
    FROM visits
    WHERE ($from IS NULL OR date >= $from)
      AND ($to IS NULL OR date < $to)
      AND ($tenant IS NULL OR tenant = $tenant)
      AND account IS NOT NULL
),
measured AS (
    SELECT
        account,
        count(*) AS sessions,
        count(DISTINCT visitor_id) AS visitors,
        count(DISTINCT CASE WHEN is_identified THEN person END) AS people,
        sum(coalesce(pageview_count, 0)) AS pageviews,
        min(date) AS first_seen,
        max(date) AS last_seen,
        max(CASE WHEN n = 1 THEN channel END) AS first_channel,
        max(CASE WHEN n = n_all THEN channel END) AS last_channel,
        sum(
            (1.0 + coalesce(pageview_count, 0)) * power(
                2.0,
                (date_part('epoch', started_at) - date_part('epoch', now_at)) / 86400.0
                / $half_life
            )
        ) AS score
    FROM visited
    CROSS JOIN latest
    GROUP BY account
),
converted AS (
    SELECT
        account,
        count(*) AS conversions,
        sum(value) AS value,
        max(CASE stage WHEN 'won' THEN 3 WHEN 'opportunity' THEN 2 ELSE 1 END) AS stage
    FROM conversion_events
    WHERE is_current AND ($tenant IS NULL OR tenant = $tenant)
    GROUP BY account
)
SELECT
    m.account,
    f.name,
    f.industry,
    f.company_country AS country,
    f.employees,
    m.sessions,
    m.visitors,
    m.people,
    m.pageviews,
    m.first_seen,
    m.last_seen,
    m.first_channel,
    m.last_channel,
    m.score,
    CASE c.stage WHEN 3 THEN 'won' WHEN 2 THEN 'opportunity' WHEN 1 THEN 'lead' END AS stage,
    coalesce(c.conversions, 0) AS conversions,
    coalesce(c.value, 0.0) AS value
FROM measured AS m
LEFT JOIN account_facts AS f ON f.account = m.account
LEFT JOIN converted AS c ON c.account = m.account
ORDER BY m.sessions DESC, m.account
LIMIT $limit
