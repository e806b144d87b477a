-- Spend by a dimension that spend is known by (place 0), and in all (place 3).
CREATE OR REPLACE MACRO cost_by(
    by_column := 'channel',
    from_day := CAST(NULL AS DATE),
    to_day := CAST(NULL AS DATE),
    in_tenant := CAST(NULL AS VARCHAR)
) AS TABLE
WITH paid AS (
    SELECT
        s.amount,
        coalesce(
            CASE by_column
                WHEN 'source' THEN unreserved(s.source)
                WHEN 'medium' THEN unreserved(s.medium)
                WHEN 'campaign' THEN unreserved(s.campaign)
                WHEN 'campaign_detail' THEN
                    CASE WHEN unreserved(s.campaign) IS NULL THEN NULL ELSE
                        concat(as_part(s.campaign), chr(31), as_part(s.source), chr(31),
                               as_part(s.medium), chr(31), as_part(s.channel))
                    END
                WHEN 'source_detail' THEN
                    concat(as_part(unreserved(s.source)), chr(31), as_part(s.medium), chr(31),
                           as_part(s.channel))
                WHEN 'channel' THEN unreserved(s.channel)
            END,
            '(not set)'
        ) AS dimension
    FROM spend AS s
    WHERE by_column IN
            ('channel', 'source', 'medium', 'campaign', 'campaign_detail', 'source_detail')
      AND (from_day IS NULL OR s.day >= from_day)
      AND (to_day IS NULL OR s.day < to_day)
      AND (in_tenant IS NULL OR s.tenant IS NULL OR s.tenant = in_tenant)
)
SELECT
    CASE WHEN grouping(dimension) = 1 THEN 3 ELSE 0 END AS place,
    coalesce(dimension, '(total)') AS dimension,
    sum(amount) AS cost
FROM paid
GROUP BY GROUPING SETS ((dimension), ())
