-- title: Overview
-- description: Sessions, visitors, people, accounts, page views and conversions, day by day
-- note: visits are those of visitors that the sender identified
-- parameter: from date; first day, UTC
-- parameter: to date; day behind the last one, UTC
-- parameter: tenant text; one tenant only
-- parameter: conversion text; one conversion only
WITH visited AS (
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
),
converted AS (
    SELECT
        CAST(converted_at AS DATE) AS date,
        count(*) AS conversions,
        sum(value) AS value
    FROM conversion_events
    WHERE ($from IS NULL OR CAST(converted_at AS DATE) >= $from)
      AND ($to IS NULL OR CAST(converted_at AS DATE) < $to)
      AND ($tenant IS NULL OR tenant = $tenant)
      AND ($conversion IS NULL OR conversion = $conversion)
      AND is_current
    GROUP BY CAST(converted_at AS DATE)
)
SELECT
    coalesce(v.date, c.date) AS date,
    coalesce(v.sessions, 0) AS sessions,
    coalesce(v.visitors, 0) AS visitors,
    coalesce(v.people, 0) AS people,
    coalesce(v.accounts, 0) AS accounts,
    coalesce(v.pageviews, 0) AS pageviews,
    coalesce(c.conversions, 0) AS conversions,
    coalesce(c.value, 0.0) AS value
FROM visited AS v
FULL JOIN converted AS c ON c.date = v.date
ORDER BY date
