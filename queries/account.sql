-- title: Account
-- description: One company: who of it visited, and everything that happened, in order
-- parameter: from date; first day, UTC
-- parameter: to date; day behind the last one, UTC
-- parameter: tenant text; one tenant only
-- parameter: account text; domain of the company; without it the one with the most sessions
WITH named AS (
    SELECT account
    FROM visits
    WHERE account IS NOT NULL AND ($account IS NULL OR account = lower($account))
    GROUP BY account
    ORDER BY count(*) DESC, account
    LIMIT 1
),
visited AS (
    SELECT v.*
    FROM visits AS v
    INNER JOIN named AS a ON a.account = v.account
    WHERE ($from IS NULL OR v.date >= $from)
      AND ($to IS NULL OR v.date < $to)
      AND ($tenant IS NULL OR v.tenant = $tenant)
),
described AS (
    SELECT person_key, full_name, headline
    FROM people
    QUALIFY row_number() OVER (
        PARTITION BY person_key ORDER BY created_at DESC NULLS LAST, event_id
    ) = 1
),
listed AS (
    SELECT
        1 AS place,
        'committee' AS section,
        min(v.started_at) AS happened_at,
        v.account,
        v.person,
        max(d.full_name) AS name,
        max(d.headline) AS what,
        array_agg(v.channel ORDER BY v.started_at, v.event_id)[1] AS channel,
        CAST(NULL AS VARCHAR) AS source,
        CAST(NULL AS VARCHAR) AS campaign,
        CAST(NULL AS VARCHAR) AS page,
        count(*) AS sessions,
        sum(coalesce(v.pageview_count, 0)) AS pageviews,
        CAST(NULL AS DOUBLE) AS value
    FROM visited AS v
    LEFT JOIN described AS d ON d.person_key = v.person
    GROUP BY v.account, v.person
    UNION ALL
    SELECT
        2 AS place,
        'timeline' AS section,
        v.started_at AS happened_at,
        v.account,
        v.person,
        d.full_name AS name,
        'session' AS what,
        v.channel,
        v.source,
        v.campaign,
        nullif(concat(v.landing_host, v.landing_path), '') AS page,
        1 AS sessions,
        coalesce(v.pageview_count, 0) AS pageviews,
        CAST(NULL AS DOUBLE) AS value
    FROM visited AS v
    LEFT JOIN described AS d ON d.person_key = v.person
    UNION ALL
    SELECT
        2 AS place,
        'timeline' AS section,
        c.converted_at AS happened_at,
        c.account,
        c.person,
        d.full_name AS name,
        CASE WHEN c.stage IS NULL THEN c.conversion ELSE concat(c.conversion, ': ', c.stage) END
            AS what,
        CAST(NULL AS VARCHAR) AS channel,
        CAST(NULL AS VARCHAR) AS source,
        CAST(NULL AS VARCHAR) AS campaign,
        CAST(NULL AS VARCHAR) AS page,
        0 AS sessions,
        0 AS pageviews,
        c.value
    FROM conversion_events AS c
    INNER JOIN named AS a ON a.account = c.account
    LEFT JOIN described AS d ON d.person_key = c.person
    WHERE ($from IS NULL OR CAST(c.converted_at AS DATE) >= $from)
      AND ($to IS NULL OR CAST(c.converted_at AS DATE) < $to)
      AND ($tenant IS NULL OR c.tenant = $tenant)
)
SELECT
    section,
    happened_at,
    account,
    person,
    name,
    what,
    channel,
    source,
    campaign,
    page,
    sessions,
    pageviews,
    value
FROM listed
ORDER BY place, happened_at, person, what
