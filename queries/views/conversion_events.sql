-- Every conversion, from whichever source: goals met on the site and conversions loaded. Each is
-- given the person and the account it belongs to, as far as either is known, and the times at
-- which the account's first lead, the deal's opportunity and its closing were. Of a deal's stages
-- the latest is current. A goal that counts once an account counts once a person where no account
-- is known, and one that counts once a person once a session where nobody is.
WITH visited AS (
    SELECT date, event_id, tenant, session_id, visitor_id, person, account FROM visits
),
viewed AS (
    SELECT
        g.name, g.counting, g.value, g.value_pattern,
        p.date, p.event_id, p.position, p.viewed_at, p.props
    FROM files.signal_goals AS g
    CROSS JOIN files.pageviews AS p
    WHERE p.signal ~ g.pattern
      AND (g.props_pattern IS NULL OR p.props ~ g.props_pattern)
    UNION ALL
    SELECT
        g.name, g.counting, g.value, g.value_pattern,
        p.date, p.event_id, p.position, p.viewed_at, p.props
    FROM files.page_goals AS g
    CROSS JOIN files.pageviews AS p
    WHERE p.signal = 'pageview'
      AND regexp_replace(p.url, '^[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*', '') ~ g.pattern
),
met AS (
    SELECT
        p.name AS conversion,
        p.counting,
        p.viewed_at AS converted_at,
        coalesce(
            TRY_CAST(
                CASE WHEN p.props ~ p.value_pattern
                     THEN regexp_replace(p.props, p.value_pattern, '\1') END AS DOUBLE
            ),
            p.value
        ) AS value,
        concat(p.event_id, '-', CAST(p.position AS VARCHAR)) AS place,
        v.*
    FROM viewed AS p
    INNER JOIN visited AS v ON v.date = p.date AND v.event_id = p.event_id
    UNION ALL
    SELECT
        g.name AS conversion,
        g.counting,
        s.started_at AS converted_at,
        g.value,
        s.event_id AS place,
        s.date,
        s.event_id,
        s.tenant,
        s.session_id,
        s.visitor_id,
        s.person,
        s.account
    FROM files.session_goals AS g
    CROSS JOIN visits AS s
    WHERE coalesce(s.pageview_count, 0) >= g.min_pages
      AND coalesce(s.duration_ms, 0) >= g.min_seconds * 1000
),
counted AS (
    SELECT *
    FROM met
    QUALIFY row_number() OVER (
        PARTITION BY
            conversion,
            counting = 'account' AND account IS NOT NULL,
            CASE
                WHEN counting = 'account' AND account IS NOT NULL THEN account
                WHEN counting IN ('account', 'person')
                    THEN coalesce(person, visitor_id, session_id, event_id)
                WHEN counting = 'session' THEN coalesce(session_id, event_id)
                ELSE place
            END
        ORDER BY converted_at, place
    ) = 1
),
people_known AS (
    SELECT visitor_id, max(person) AS person, max(account) AS account
    FROM visits
    WHERE visitor_id IS NOT NULL
    GROUP BY visitor_id
),
persons_account AS (
    SELECT person, account
    FROM visits
    WHERE account IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY person ORDER BY started_at DESC, account) = 1
),
listed AS (
    SELECT
        concat(conversion, '-', place) AS conversion_id,
        'goal' AS origin,
        conversion,
        CAST(NULL AS VARCHAR) AS stage,
        converted_at,
        tenant,
        session_id,
        visitor_id,
        person,
        account,
        coalesce(value, 0) AS value,
        CAST(NULL AS VARCHAR) AS currency,
        CAST(NULL AS VARCHAR) AS external_id
    FROM counted
    UNION ALL
    SELECT
        c.event_id AS conversion_id,
        'loaded' AS origin,
        c.conversion,
        c.stage,
        c.converted_at,
        c.tenant,
        c.session_id,
        c.visitor_id,
        coalesce(c.email, k.person) AS person,
        coalesce(c.company_domain, a.account, k.account) AS account,
        coalesce(c.value, 0) AS value,
        c.currency,
        c.external_id
    FROM conversions AS c
    LEFT JOIN people_known AS k ON k.visitor_id = c.visitor_id
    LEFT JOIN persons_account AS a ON a.person = coalesce(c.email, k.person)
),
leads AS (
    SELECT
        coalesce(account, person) AS owner,
        coalesce(
            min(CASE WHEN stage = 'lead' THEN converted_at END),
            min(CASE WHEN origin = 'goal' THEN converted_at END)
        ) AS lead_at
    FROM listed
    WHERE stage = 'lead' OR origin = 'goal'
    GROUP BY coalesce(account, person)
),
opportunities AS (
    SELECT tenant, external_id, max(converted_at) AS opportunity_at
    FROM listed
    WHERE stage = 'opportunity' AND external_id IS NOT NULL
    GROUP BY tenant, external_id
)
SELECT
    c.*,
    CASE WHEN l.lead_at <= c.converted_at THEN l.lead_at END AS lead_at,
    CASE
        WHEN c.stage = 'opportunity' THEN c.converted_at
        WHEN o.opportunity_at <= c.converted_at THEN o.opportunity_at
    END AS opportunity_at,
    CASE WHEN c.stage = 'won' THEN c.converted_at END AS won_at,
    row_number() OVER (
        PARTITION BY
            c.tenant, c.conversion, coalesce(c.external_id, c.conversion_id)
        ORDER BY
            c.converted_at DESC,
            CASE c.stage WHEN 'won' THEN 3 WHEN 'opportunity' THEN 2 WHEN 'lead' THEN 1 ELSE 0 END
                DESC,
            c.conversion_id
    ) = 1 AS is_current
FROM listed AS c
LEFT JOIN leads AS l ON l.owner = coalesce(c.account, c.person)
LEFT JOIN opportunities AS o
    ON o.external_id = c.external_id AND o.tenant IS NOT DISTINCT FROM c.tenant
