-- The touchpoints, each with its value of a dimension.
CREATE OR REPLACE MACRO touchpoints_by(by_column := 'channel', touchpoint := 'session') AS TABLE
SELECT
    t.*,
    coalesce(
        CASE by_column
            WHEN 'source' THEN t.source
            WHEN 'medium' THEN t.medium
            WHEN 'campaign' THEN t.campaign
            WHEN 'campaign_detail' THEN
                CASE WHEN t.campaign IS NULL THEN NULL ELSE
                    concat(t.campaign, chr(31), t.source, chr(31), t.medium, chr(31), t.channel)
                END
            WHEN 'source_detail' THEN
                concat(t.source, chr(31), t.medium, chr(31), t.channel)
            WHEN 'landing_detail' THEN concat(t.landing_host, chr(31), t.landing_path)
            WHEN 'term' THEN t.term
            WHEN 'content' THEN t.content
            WHEN 'landing_page' THEN
                CASE WHEN t.landing_host IS NULL THEN NULL
                     ELSE concat(t.landing_host, t.landing_path) END
            WHEN 'referrer' THEN t.referrer_host
            WHEN 'country' THEN t.country
            WHEN 'region' THEN t.region
            WHEN 'city' THEN t.city
            WHEN 'device' THEN t.device
            WHEN 'browser' THEN t.browser
            WHEN 'os' THEN t.os
            WHEN 'industry' THEN t.industry
            WHEN 'headcount' THEN t.headcount_band
            WHEN 'revenue' THEN t.revenue_band
            WHEN 'company_country' THEN t.company_country
            WHEN 'account' THEN t.account
            ELSE t.channel
        END,
        '(not set)'
    ) AS dimension
FROM touchpoints AS t
WHERE t.touched_at IS NOT NULL
  AND (touchpoint = 'pageview' OR t.position = 0)
