-- How much each value of the dimension is missed: 1 - p(without it) / p, where p is the chance
-- that a Markov chain over the paths ends in a conversion; the same for value. DuckDB works out
-- order 1 here, by following the chain until less than 1e-15 of the mass is left on its way;
-- tributary solves the chain exactly, for orders 1 to 4 (src/attribution/markov.rs).
-- The state of the start is null. Without `enabled` there are no rows and there is no work.
CREATE OR REPLACE MACRO removal_effects(
    enabled := TRUE,
    chain_order := 1,
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
    touchpoint := 'session'
) AS TABLE
WITH RECURSIVE walked AS (
    SELECT walk, conversions, value, nulls
    FROM walks(
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
        touchpoint := touchpoint
    )
    WHERE enabled
      AND CASE WHEN chain_order = 1 THEN TRUE ELSE error('DuckDB works out order 1 only') END
),
hops AS (
    SELECT
        unnest(list_zip(list_prepend(CAST(NULL AS VARCHAR), walk), walk)) AS hop,
        conversions + nulls AS weight
    FROM walked
),
counts AS (
    SELECT hop[1] AS "from", hop[2] AS "to", sum(weight) AS weight
    FROM hops
    WHERE hop[2] IS NOT NULL AND hop[1] IS DISTINCT FROM hop[2]
    GROUP BY ALL
),
ends AS (
    SELECT
        walk[-1] AS "from",
        sum(conversions + nulls) AS weight,
        sum(conversions) AS conversions,
        sum(value) AS value
    FROM walked
    GROUP BY ALL
),
leaving AS (
    SELECT "from", sum(weight) AS weight
    FROM (SELECT "from", weight FROM counts UNION ALL SELECT "from", weight FROM ends)
    GROUP BY ALL
),
chances AS (
    SELECT c."from", c."to", c.weight / l.weight AS chance
    FROM counts AS c
    INNER JOIN leaving AS l ON l."from" IS NOT DISTINCT FROM c."from"
),
gains AS (
    SELECT e."from" AS state, e.conversions / l.weight AS conversion, e.value / l.weight AS value
    FROM ends AS e
    INNER JOIN leaving AS l USING ("from")
),
removed AS (
    SELECT "to" AS name FROM counts
    UNION
    SELECT CAST(NULL AS VARCHAR) AS name
),
mass AS (
    SELECT 0 AS n_steps, name, CAST(NULL AS VARCHAR) AS state, CAST(1.0 AS DOUBLE) AS amount
    FROM removed
    UNION ALL
    SELECT m.n_steps + 1 AS n_steps, m.name, c."to" AS state, sum(m.amount * c.chance) AS amount
    FROM mass AS m
    INNER JOIN chances AS c ON c."from" IS NOT DISTINCT FROM m.state
    WHERE (m.name IS NULL OR c."to" <> m.name)
      AND m.amount > 1e-18
      AND m.n_steps < 100000
    GROUP BY ALL
),
worth AS (
    SELECT m.name, sum(m.amount * g.conversion) AS conversion, sum(m.amount * g.value) AS value
    FROM mass AS m
    INNER JOIN gains AS g USING (state)
    GROUP BY m.name
)
SELECT
    r.name AS dimension,
    least(greatest(1.0 - coalesce(w.conversion, 0.0) / w_all.conversion, 0.0), 1.0) AS effect,
    CASE WHEN w_all.value > 0
         THEN least(greatest(1.0 - coalesce(w.value, 0.0) / w_all.value, 0.0), 1.0)
         ELSE 0.0 END AS value_effect
FROM removed AS r
LEFT JOIN worth AS w ON w.name = r.name
CROSS JOIN (SELECT conversion, value FROM worth WHERE name IS NULL) AS w_all
WHERE r.name IS NOT NULL AND w_all.conversion > 0
