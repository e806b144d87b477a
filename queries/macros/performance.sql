-- What each value of a dimension brought (place 0): visits, credit by one model, spend; then the
-- reconciliation of credit (places 1 to 3). Parameters as of `touches` and `credit_by`.
CREATE OR REPLACE MACRO performance(
    model := 'last_non_direct',
    unit := 'person',
    by_column := 'channel',
    from_day := CAST(NULL AS DATE),
    to_day := CAST(NULL AS DATE),
    in_tenant := CAST(NULL AS VARCHAR),
    of_conversion := CAST(NULL AS VARCHAR),
    of_stage := CAST(NULL AS VARCHAR),
    lookback := CAST(NULL AS DOUBLE),
    steps := CAST(NULL AS BIGINT),
    direct := 'keep',
    touchpoint := 'session',
    half_life := 7.0,
    weights := '40,20,40',
    chain_order := 1
) AS TABLE
SELECT
    coalesce(v.place, c.place, s.place) AS place,
    coalesce(v.dimension, c.dimension, s.dimension) AS dimension,
    coalesce(v.sessions, 0) AS sessions,
    coalesce(v.visitors, 0) AS visitors,
    coalesce(v.people, 0) AS people,
    coalesce(v.accounts, 0) AS accounts,
    coalesce(v.pageviews, 0) AS pageviews,
    coalesce(v.bounces, 0) AS bounces,
    round(100.0 * v.sessions / nullif(max(v.sessions) OVER (), 0), 2) AS session_percent,
    coalesce(c.influenced, 0.0) AS influenced,
    coalesce(c.conversions, 0.0) AS conversions,
    coalesce(c.value, 0.0) AS value,
    c.conversions / nullif(v.sessions, 0) AS conversion_rate,
    s.cost,
    s.cost / nullif(c.conversions, 0.0) AS cost_per_conversion,
    c.value / nullif(s.cost, 0.0) AS roas
FROM visited_by(
    by_column := by_column, from_day := from_day, to_day := to_day, in_tenant := in_tenant
) AS v
FULL JOIN credit_by(
    model := model,
    unit := unit,
    by_column := by_column,
    from_day := from_day,
    to_day := to_day,
    in_tenant := in_tenant,
    of_conversion := of_conversion,
    of_stage := of_stage,
    lookback := lookback,
    steps := steps,
    direct := direct,
    touchpoint := touchpoint,
    half_life := half_life,
    weights := weights,
    chain_order := chain_order
) AS c ON c.place = v.place AND c.dimension = v.dimension
FULL JOIN cost_by(
    by_column := by_column, from_day := from_day, to_day := to_day, in_tenant := in_tenant
) AS s ON s.place = coalesce(v.place, c.place) AND s.dimension = coalesce(v.dimension, c.dimension)
