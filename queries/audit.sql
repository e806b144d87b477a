-- title: Audit
-- description: What to mend in tagging, spend and data, with counts
-- parameter: from date; first day, UTC
-- parameter: to date; day behind the last one, UTC
-- parameter: tenant text; one tenant only
WITH visited AS (
    SELECT * FROM visits
    WHERE ($from IS NULL OR date >= $from) AND ($to IS NULL OR date < $to)
      AND ($tenant IS NULL OR tenant = $tenant)
),
received AS (
    SELECT
        is_bot,
        utm_campaign,
        CASE
            WHEN utm_source IS NULL AND utm_medium IS NULL AND utm_campaign IS NULL
            THEN click_id_type
        END AS untagged_click,
        count(*) AS sessions
    FROM sessions
    WHERE ($from IS NULL OR date >= $from) AND ($to IS NULL OR date < $to)
      AND ($tenant IS NULL OR tenant = $tenant)
    GROUP BY
        is_bot,
        utm_campaign,
        CASE
            WHEN utm_source IS NULL AND utm_medium IS NULL AND utm_campaign IS NULL
            THEN click_id_type
        END
),
spent AS (
    SELECT source, medium, campaign, sum(amount) AS amount
    FROM spend
    WHERE ($from IS NULL OR day >= $from) AND ($to IS NULL OR day < $to)
      AND ($tenant IS NULL OR tenant IS NULL OR tenant = $tenant)
    GROUP BY source, medium, campaign
),
campaigns AS (
    SELECT source, medium, campaign, channel, count(*) AS sessions
    FROM visited
    WHERE campaign IS NOT NULL
    GROUP BY source, medium, campaign, channel
),
variants AS (
    SELECT lower(utm_campaign) AS campaign, count(DISTINCT utm_campaign) AS n_variants,
           sum(sessions) AS sessions
    FROM received
    WHERE utm_campaign IS NOT NULL
    GROUP BY lower(utm_campaign)
),
checks AS (
    SELECT 1 AS place, 'sessions' AS what, CAST(NULL AS VARCHAR) AS detail,
        coalesce(sum(sessions), 0) AS n
    FROM received
    UNION ALL
    SELECT 2, 'sessions of bots, left out of reports', NULL,
        coalesce(sum(CASE WHEN is_bot THEN sessions END), 0)
    FROM received
    UNION ALL
    SELECT 3, 'sessions without an account', NULL,
        count(CASE WHEN account IS NULL THEN 1 END)
    FROM visited
    UNION ALL
    SELECT 4, 'sessions without a start', NULL,
        count(CASE WHEN started_at IS NULL THEN 1 END)
    FROM visited
    UNION ALL
    SELECT 5, 'sessions that no channel rule knows', concat(source, ' / ', medium), count(*)
    FROM visited
    WHERE channel = 'Unassigned'
    GROUP BY source, medium
    UNION ALL
    SELECT 6, 'paid clicks without UTM tags', untagged_click, sum(sessions)
    FROM received
    WHERE untagged_click IS NOT NULL AND untagged_click NOT IN ('fbclid', 'igshid')
    GROUP BY untagged_click
    UNION ALL
    SELECT 7, 'campaign written in several ways', campaign, sessions
    FROM variants
    WHERE n_variants > 1
    UNION ALL
    SELECT 8, 'sessions that came from the site itself', referrer_host, count(*)
    FROM visited
    WHERE referrer_host = landing_host
    GROUP BY referrer_host
    UNION ALL
    SELECT 9, 'spend without visits', concat(s.source, ' / ', s.medium, ' / ', s.campaign),
        count(*)
    FROM spent AS s
    LEFT JOIN visited AS v
        ON coalesce(v.source, '') = coalesce(s.source, '')
       AND coalesce(v.campaign, '') = coalesce(s.campaign, '')
    WHERE v.event_id IS NULL
    GROUP BY s.source, s.medium, s.campaign
    UNION ALL
    SELECT 10, 'sessions of paid campaigns without spend',
        concat(c.source, ' / ', c.medium, ' / ', c.campaign), sum(c.sessions)
    FROM campaigns AS c
    LEFT JOIN spent AS s
        ON coalesce(s.source, '') = coalesce(c.source, '') AND s.campaign = c.campaign
    WHERE is_paid_channel(c.channel) AND s.amount IS NULL
    GROUP BY c.source, c.medium, c.campaign
    UNION ALL
    SELECT 11, 'events kept but not understood', reason, count(*)
    FROM dead_letters
    WHERE ($from IS NULL OR date >= $from) AND ($to IS NULL OR date < $to)
      AND ($tenant IS NULL OR tenant = $tenant)
    GROUP BY reason
    UNION ALL
    SELECT 12, 'sessions stored more than once until compaction', NULL,
        count(*) - count(DISTINCT coalesce(session_id, event_id))
    FROM files.sessions
    WHERE ($from IS NULL OR date >= $from) AND ($to IS NULL OR date < $to)
      AND ($tenant IS NULL OR tenant = $tenant)
)
SELECT what, detail, CAST(n AS BIGINT) AS n
FROM checks
ORDER BY place, n DESC, detail
