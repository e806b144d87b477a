-- title: Channels
-- description: Which channels bring sessions, people and accounts
-- parameter: from date; first day, UTC
-- parameter: to date; day behind the last one, UTC
-- parameter: tenant text; one tenant only
WITH visited AS (
    SELECT * FROM visits
    WHERE ($from IS NULL OR date >= $from)
      AND ($to IS NULL OR date < $to)
      AND ($tenant IS NULL OR tenant = $tenant)
)
SELECT
    coalesce(channel, 'Unassigned') AS channel,
    count(*) AS sessions,
    count(DISTINCT visitor_id) AS visitors,
    count(DISTINCT CASE WHEN is_identified THEN person END) AS people,
    count(DISTINCT account) AS accounts,
    sum(coalesce(pageview_count, 0)) AS pageviews,
    round(100.0 * count(*) / sum(count(*)) OVER (), 2) AS session_percent
FROM visited
GROUP BY coalesce(channel, 'Unassigned')
ORDER BY sessions DESC, channel
