-- Visits by a dimension (place 0) and in all (place 3).
CREATE OR REPLACE MACRO visited_by(
    by_column := 'channel',
    from_day := CAST(NULL AS DATE),
    to_day := CAST(NULL AS DATE),
    in_tenant := CAST(NULL AS VARCHAR)
) AS TABLE
SELECT
    CASE WHEN grouping(t.dimension) = 1 THEN 3 ELSE 0 END AS place,
    coalesce(t.dimension, '(total)') AS dimension,
    count(*) AS sessions,
    count(DISTINCT t.visitor_id) AS visitors,
    count(DISTINCT CASE WHEN t.is_identified THEN t.person END) AS people,
    count(DISTINCT t.account) AS accounts,
    sum(t.pageviews) AS pageviews,
    sum(CASE WHEN t.pageviews <= 1 THEN 1 ELSE 0 END) AS bounces
FROM touchpoints_by(by_column := by_column) AS t
WHERE (from_day IS NULL OR CAST(t.touched_at AS DATE) >= from_day)
  AND (to_day IS NULL OR CAST(t.touched_at AS DATE) < to_day)
  AND (in_tenant IS NULL OR t.tenant = in_tenant)
GROUP BY GROUPING SETS ((t.dimension), ())
