-- Every conversion, from whichever source: goals met on the site and conversions loaded. Each is
-- given the person and the account it belongs to, as far as either is known.
WITH met AS (
    SELECT
        g.name AS conversion,
        g.counting,
        p.viewed_at AS converted_at,
        v.tenant,
        v.session_id,
        v.visitor_id,
        v.person,
        v.account,
        coalesce(
            TRY_CAST(
                CASE WHEN p.props ~ g.value_pattern
                     THEN regexp_replace(p.props, g.value_pattern, '\1') END AS DOUBLE
            ),
            g.value
        ) AS value,
        concat(p.event_id, '-', CAST(p.position AS VARCHAR)) AS place
    FROM files.goals AS g
    CROSS JOIN pageviews AS p
    INNER JOIN visits AS v ON v.date = p.date AND v.event_id = p.event_id
    WHERE (g.kind = 'signal' AND p.signal ~ g.pattern
           AND (g.props_pattern IS NULL OR p.props ~ g.props_pattern))
       OR (g.kind = 'page' AND p.signal = 'pageview'
           AND regexp_replace(p.url, '^[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*', '') ~ g.pattern)
    UNION ALL
    SELECT
        g.name AS conversion,
        g.counting,
        v.started_at AS converted_at,
        v.tenant,
        v.session_id,
        v.visitor_id,
        v.person,
        v.account,
        g.value,
        v.event_id AS place
    FROM files.goals AS g
    CROSS JOIN visits AS v
    WHERE g.kind = 'session'
      AND coalesce(v.pageview_count, 0) >= g.min_pages
      AND coalesce(v.duration_ms, 0) >= g.min_seconds * 1000
),
counted AS (
    SELECT *
    FROM met
    QUALIFY row_number() OVER (
        PARTITION BY
            conversion,
            CASE counting
                WHEN 'session' THEN session_id
                WHEN 'person' THEN person
                WHEN 'account' THEN coalesce(account, person)
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
)
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
    c.external_id
FROM conversions AS c
LEFT JOIN people_known AS k ON k.visitor_id = c.visitor_id
LEFT JOIN persons_account AS a ON a.person = coalesce(c.email, k.person)
