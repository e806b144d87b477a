-- What can be credited: each session, and each later page view of one that carries a campaign.
-- With it stands what is known of the account.
SELECT t.*, f.industry, f.headcount_band, f.revenue_band, f.company_country
FROM (
    SELECT
        tenant,
        event_id,
        session_id,
        visitor_id,
        person,
        is_identified,
        account,
        started_at AS touched_at,
        0 AS position,
        coalesce(pageview_count, 0) AS pageviews,
        coalesce(channel, 'Unassigned') AS channel,
        source,
        medium,
        campaign,
        term,
        content,
        landing_page,
        landing_host,
        landing_path,
        referrer_host,
        country,
        region,
        city,
        device,
        browser,
        os
    FROM visits
    UNION ALL
    SELECT
        v.tenant,
        v.event_id,
        v.session_id,
        v.visitor_id,
        v.person,
        v.is_identified,
        v.account,
        p.viewed_at AS touched_at,
        p.position,
        0 AS pageviews,
        p.channel,
        p.source,
        p.medium,
        p.campaign,
        p.term,
        p.content,
        p.url AS landing_page,
        p.host AS landing_host,
        p.path AS landing_path,
        v.referrer_host,
        v.country,
        v.region,
        v.city,
        v.device,
        v.browser,
        v.os
    FROM visits AS v
    INNER JOIN (
        SELECT *
        FROM files.pageviews
        WHERE channel IS NOT NULL AND position > 0
        QUALIFY row_number() OVER (PARTITION BY date, event_id, position ORDER BY viewed_at) = 1
    ) AS p ON p.date = v.date AND p.event_id = v.event_id
    WHERE (p.source IS DISTINCT FROM v.source)
       OR (p.medium IS DISTINCT FROM v.medium)
       OR (p.campaign IS DISTINCT FROM v.campaign)
) AS t
LEFT JOIN account_facts AS f ON f.account = t.account
