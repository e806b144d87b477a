-- Each session that is no bot's, with what brought it, and with the person its visitor is known
-- to be: a visitor once identified is that person in sessions before and after.
WITH known AS (
    SELECT visitor_id, person_key, company_domain, created_at AS known_at
    FROM sessions
    WHERE visitor_id IS NOT NULL
    UNION ALL
    SELECT visitor_id, person_key, NULL AS company_domain, created_at AS known_at
    FROM identities
    WHERE visitor_id IS NOT NULL
),
ranked AS (
    SELECT
        visitor_id,
        person_key,
        company_domain,
        row_number() OVER (
            PARTITION BY visitor_id
            ORDER BY
                person_key IS NOT NULL AND person_key <> visitor_id DESC,
                person_key LIKE '%@%' DESC,
                known_at DESC NULLS LAST,
                person_key
        ) AS person_rank,
        row_number() OVER (
            PARTITION BY visitor_id
            ORDER BY company_domain IS NOT NULL DESC, known_at DESC NULLS LAST, company_domain
        ) AS account_rank
    FROM known
),
owners AS (
    SELECT
        visitor_id,
        max(CASE WHEN person_rank = 1 AND person_key <> visitor_id THEN person_key END)
            AS person_key,
        max(CASE WHEN account_rank = 1 THEN company_domain END) AS company_domain
    FROM ranked
    GROUP BY visitor_id
)
SELECT
    s.date,
    s.tenant,
    s.event_id,
    s.session_id,
    s.visitor_id,
    coalesce(o.person_key, s.person_key) AS person,
    o.person_key IS NOT NULL AS is_identified,
    coalesce(s.company_domain, o.company_domain) AS account,
    s.started_at,
    s.duration_ms,
    s.pageview_count,
    s.landing_host,
    s.landing_path,
    s.landing_page,
    s.exit_page,
    s.referrer_host,
    s.country,
    s.region,
    s.city,
    s.device,
    s.browser,
    s.os,
    s.channel,
    s.channel_rule,
    s.click_id_type,
    s.source,
    s.medium,
    s.campaign,
    s.utm_term AS term,
    s.utm_content AS content
FROM sessions AS s
LEFT JOIN owners AS o
    ON o.visitor_id = s.visitor_id
WHERE s.is_bot IS NOT TRUE
