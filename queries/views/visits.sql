-- Each session that is no bot's, with its touchpoint, and with the person its visitor is known
-- to be: a visitor once identified is that person in sessions before and after.
WITH known AS (
    SELECT visitor_id, person_key, created_at AS known_at
    FROM sessions
    UNION ALL
    SELECT visitor_id, person_key, created_at AS known_at
    FROM identities
),
identified AS (
    SELECT visitor_id, person_key
    FROM known
    WHERE visitor_id IS NOT NULL AND person_key IS NOT NULL AND person_key <> visitor_id
    QUALIFY row_number() OVER (
        PARTITION BY visitor_id
        ORDER BY person_key LIKE '%@%' DESC, known_at DESC NULLS LAST, person_key
    ) = 1
),
accounts AS (
    SELECT visitor_id, company_domain
    FROM sessions
    WHERE visitor_id IS NOT NULL AND company_domain IS NOT NULL
    QUALIFY row_number() OVER (
        PARTITION BY visitor_id
        ORDER BY created_at DESC NULLS LAST, company_domain
    ) = 1
)
SELECT
    s.date,
    s.tenant,
    s.event_id,
    s.session_id,
    s.visitor_id,
    coalesce(i.person_key, s.person_key) AS person,
    i.person_key IS NOT NULL AS is_identified,
    coalesce(s.company_domain, a.company_domain) AS account,
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
    u.channel,
    u.channel_rule,
    u.click_id_type,
    u.source,
    u.medium,
    u.campaign,
    s.utm_term AS term,
    s.utm_content AS content
FROM sessions AS s
LEFT JOIN utm AS u
    ON u.date = s.date AND u.event_id = s.event_id
LEFT JOIN identified AS i
    ON i.visitor_id = s.visitor_id
LEFT JOIN accounts AS a
    ON a.visitor_id = s.visitor_id
WHERE s.is_bot IS NOT TRUE
