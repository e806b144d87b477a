-- What is known of each account: its latest full record, with the usual bands.
WITH latest AS (
    SELECT *, coalesce(headcount_total, employee_count) AS employees
    FROM files.companies
    WHERE company_domain IS NOT NULL
    QUALIFY row_number() OVER (
        PARTITION BY company_domain
        ORDER BY _type = 'full' DESC, created_at DESC NULLS LAST, event_id, position
    ) = 1
)
SELECT
    company_domain AS account,
    name,
    industry,
    employees,
    CASE
        WHEN employees IS NULL THEN NULL
        WHEN employees <= 10 THEN '1-10'
        WHEN employees <= 50 THEN '11-50'
        WHEN employees <= 200 THEN '51-200'
        WHEN employees <= 500 THEN '201-500'
        WHEN employees <= 1000 THEN '501-1000'
        WHEN employees <= 5000 THEN '1001-5000'
        WHEN employees <= 10000 THEN '5001-10000'
        ELSE '10001+'
    END AS headcount_band,
    coalesce(estimated_revenue_min, estimated_revenue_max) AS revenue,
    CASE
        WHEN coalesce(estimated_revenue_min, estimated_revenue_max) IS NULL THEN NULL
        WHEN coalesce(estimated_revenue_min, estimated_revenue_max) < 1000000 THEN 'under 1M'
        WHEN coalesce(estimated_revenue_min, estimated_revenue_max) < 10000000 THEN '1M-10M'
        WHEN coalesce(estimated_revenue_min, estimated_revenue_max) < 50000000 THEN '10M-50M'
        WHEN coalesce(estimated_revenue_min, estimated_revenue_max) < 100000000 THEN '50M-100M'
        WHEN coalesce(estimated_revenue_min, estimated_revenue_max) < 500000000 THEN '100M-500M'
        WHEN coalesce(estimated_revenue_min, estimated_revenue_max) < 1000000000 THEN '500M-1B'
        ELSE '1B+'
    END AS revenue_band,
    address_country AS company_country,
    funding_last_round_type AS last_funding,
    headcount_growth_yoy AS growth_yoy
FROM latest
