-- The touchpoints, each with its value of a dimension; `(not set)` where there is none, or one
-- that a report would take for a row of its own.
CREATE OR REPLACE MACRO touchpoints_by(by_column := 'channel', touchpoint := 'session') AS TABLE
SELECT * REPLACE (coalesce(unreserved(dimension), '(not set)') AS dimension)
FROM (
    SELECT
        t.*,
        CASE by_column
            WHEN 'source' THEN t.source
            WHEN 'medium' THEN t.medium
            WHEN 'campaign' THEN t.campaign
            WHEN 'campaign_detail' THEN
                CASE WHEN unreserved(t.campaign) IS NULL THEN NULL ELSE
                    concat(as_part(t.campaign), chr(31), as_part(t.source), chr(31),
                           as_part(t.medium), chr(31), as_part(t.channel))
                END
            WHEN 'source_detail' THEN
                concat(as_part(unreserved(t.source)), chr(31), as_part(t.medium), chr(31),
                       as_part(t.channel))
            WHEN 'landing_detail' THEN
                concat(as_part(t.landing_host), chr(31), as_part(t.landing_path))
            WHEN 'term' THEN t.term
            WHEN 'content' THEN t.content
            WHEN 'landing_page' THEN concat(t.landing_host, t.landing_path)
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
        END AS dimension
    FROM touchpoints AS t
    WHERE t.touched_at IS NOT NULL
      AND (touchpoint = 'pageview' OR t.position = 0)
) AS named
