-- title: Accounts
-- description: Which companies visit, who they are and how they found you
-- parameter: from date; first day, UTC
-- parameter: to date; day behind the last one, UTC
-- parameter: tenant text; one tenant only
-- parameter: limit int = 50; rows at most
WITH visited AS (
    SELECT * FROM visits
    WHERE ($from IS NULL OR date >= $from)
      AND ($to IS NULL OR date < $to)
      AND ($tenant IS NULL OR tenant = $tenant)
      AND account IS NOT NULL
),
first_touch AS (
    SELECT account, channel AS first_channel
    FROM visited
    QUALIFY row_number() OVER (PARTITION BY account ORDER BY started_at, session_id) = 1
),
company AS (
    SELECT company_domain, name, industry, address_country, headcount_total, employee_count
    FROM companies
    WHERE company_domain IS NOT NULL
    QUALIFY row_number() OVER (
        PARTITION BY company_domain
        ORDER BY created_at DESC NULLS LAST, event_id, position
    ) = 1
),
measured AS (
    SELECT
        account,
        count(*) AS sessions,
        count(DISTINCT visitor_id) AS visitors,
        count(DISTINCT CASE WHEN is_identified THEN person END) AS people,
        sum(coalesce(pageview_count, 0)) AS pageviews,
        min(date) AS first_seen,
        max(date) AS last_seen
    FROM visited
    GROUP BY account
)
SELECT
    m.account,
    c.name,
    c.industry,
    c.address_country AS country,
    coalesce(c.headcount_total, c.employee_count) AS employees,
    m.sessions,
    m.visitors,
    m.people,
    m.pageviews,
    m.first_seen,
    m.last_seen,
    f.first_channel
FROM measured AS m
LEFT JOIN first_touch AS f ON f.account = m.account
LEFT JOIN company AS c ON c.company_domain = m.account
ORDER BY m.sessions DESC, m.account
LIMIT $limit
