-- title: Overview
-- description: Sessions, visitors, people, accounts and page views, day by day
-- parameter: from date; first day, UTC
-- parameter: to date; day behind the last one, UTC
-- parameter: tenant text; one tenant only
SELECT
    date,
    count(*) AS sessions,
    count(DISTINCT visitor_id) AS visitors,
    count(DISTINCT CASE WHEN is_identified THEN person END) AS people,
    count(DISTINCT account) AS accounts,
    sum(coalesce(pageview_count, 0)) AS pageviews
FROM visits
WHERE ($from IS NULL OR date >= $from)
  AND ($to IS NULL OR date < $to)
  AND ($tenant IS NULL OR tenant = $tenant)
GROUP BY date
ORDER BY date
