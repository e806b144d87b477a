-- title: Person
-- description: One person: every session and conversion, in order
-- parameter: from date; first day, UTC
-- parameter: to date; day behind the last one, UTC
-- parameter: tenant text; one tenant only
-- parameter: person text; e-mail or other key of the person; without it the one with the most sessions
WITH named AS (
    SELECT person
    FROM visits
    WHERE person IS NOT NULL AND ($person IS NULL OR person = $person OR person = lower($person))
    GROUP BY person
    ORDER BY count(*) DESC, person
    LIMIT 1
),
listed AS (
    SELECT
        v.started_at AS happened_at,
        v.tenant,
        v.person,
        v.account,
        'session' AS what,
        v.channel,
        v.source,
        v.medium,
        v.campaign,
        nullif(concat(v.landing_host, v.landing_path), '') AS page,
        v.device,
        v.country,
        coalesce(v.pageview_count, 0) AS pageviews,
        v.session_id,
        CAST(NULL AS DOUBLE) AS value
    FROM visits AS v
    INNER JOIN named AS n ON n.person = v.person
    UNION ALL
    SELECT
        c.converted_at AS happened_at,
        c.tenant,
        c.person,
        c.account,
        CASE WHEN c.stage IS NULL THEN c.conversion ELSE concat(c.conversion, ': ', c.stage) END
            AS what,
        CAST(NULL AS VARCHAR) AS channel,
        CAST(NULL AS VARCHAR) AS source,
        CAST(NULL AS VARCHAR) AS medium,
        CAST(NULL AS VARCHAR) AS campaign,
        CAST(NULL AS VARCHAR) AS page,
        CAST(NULL AS VARCHAR) AS device,
        CAST(NULL AS VARCHAR) AS country,
        0 AS pageviews,
        c.session_id,
        c.value
    FROM conversion_events AS c
    INNER JOIN named AS n ON n.person = c.person
)
SELECT
    happened_at,
    person,
    account,
    what,
    channel,
    source,
    medium,
    campaign,
    page,
    device,
    country,
    pageviews,
    session_id,
    value
FROM listed
WHERE ($from IS NULL OR CAST(happened_at AS DATE) >= $from)
  AND ($to IS NULL OR CAST(happened_at AS DATE) < $to)
  AND ($tenant IS NULL OR tenant = $tenant)
ORDER BY happened_at, what, session_id
