-- title: Landing pages
-- description: Where visits begin, and how many end there
-- parameter: from date; first day, UTC
-- parameter: to date; day behind the last one, UTC
-- parameter: tenant text; one tenant only
-- parameter: limit int = 50; rows at most
SELECT
    landing_host,
    landing_path,
    count(*) AS sessions,
    count(DISTINCT visitor_id) AS visitors,
    count(DISTINCT CASE WHEN is_identified THEN person END) AS people,
    count(DISTINCT account) AS accounts,
    sum(coalesce(pageview_count, 0)) AS pageviews,
    round(100.0 * sum(CASE WHEN coalesce(pageview_count, 0) <= 1 THEN 1 ELSE 0 END) / count(*), 2)
        AS bounce_percent
FROM visits
WHERE ($from IS NULL OR date >= $from)
  AND ($to IS NULL OR date < $to)
  AND ($tenant IS NULL OR tenant = $tenant)
GROUP BY landing_host, landing_path
ORDER BY sessions DESC, landing_host, landing_path
LIMIT $limit
