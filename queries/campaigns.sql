-- title: Campaigns
-- description: What campaigns bring, with their source and medium
-- parameter: from date; first day, UTC
-- parameter: to date; day behind the last one, UTC
-- parameter: tenant text; one tenant only
-- parameter: limit int = 50; rows at most
SELECT
    campaign,
    source,
    medium,
    channel,
    count(*) AS sessions,
    count(DISTINCT visitor_id) AS visitors,
    count(DISTINCT CASE WHEN is_identified THEN person END) AS people,
    count(DISTINCT account) AS accounts,
    sum(coalesce(pageview_count, 0)) AS pageviews
FROM visits
WHERE ($from IS NULL OR date >= $from)
  AND ($to IS NULL OR date < $to)
  AND ($tenant IS NULL OR tenant = $tenant)
  AND campaign IS NOT NULL
GROUP BY campaign, source, medium, channel
ORDER BY sessions DESC, campaign, source, medium, channel
LIMIT $limit
