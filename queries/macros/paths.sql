-- The distinct paths of touches, with the conversions and value that each ended in, and how many
-- people or accounts without a conversion walked it (`nulls`: the touches within the lookback
-- before their last one). The path is written as walked (`unique`), without repeats in a row
-- (`exposure`), without later repeats (`first`), or as each step with its count (`frequency`).
-- Other parameters as of `touches`.
CREATE OR REPLACE MACRO paths(
    transform := 'unique',
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
WITH walked AS (
    SELECT
        conversion_id,
        value,
        CASE WHEN origin = 'none' THEN 0 ELSE 1 END AS n_converted,
        i,
        replace(dimension, ' > ', ' / ') AS step
    FROM touches(
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
        with_nulls := TRUE
    )
    WHERE event_id IS NOT NULL
),
turned AS (
    SELECT
        *,
        lag(step) OVER (PARTITION BY conversion_id ORDER BY i) AS step_before,
        row_number() OVER (PARTITION BY conversion_id, step ORDER BY i) AS n_seen,
        count(*) OVER (PARTITION BY conversion_id, step) AS n_same
    FROM walked
),
written AS (
    SELECT
        conversion_id,
        value,
        n_converted,
        i,
        CASE
            WHEN transform = 'unique' THEN step
            WHEN transform = 'exposure'
                THEN CASE WHEN step_before IS NULL OR step <> step_before THEN step END
            WHEN n_seen > 1 THEN NULL
            WHEN transform = 'frequency'
                THEN concat(step, '(', CAST(n_same AS VARCHAR), ')')
            ELSE step
        END AS step
    FROM turned
),
counted AS (
    -- Counted before the paths are made: so their rows come sorted by conversion, and one path
    -- is made at a time.
    SELECT *, count(step) OVER (PARTITION BY conversion_id) AS n_steps
    FROM written
),
walks AS (
    SELECT
        conversion_id,
        max(n_converted) AS n_converted,
        max(value) AS value,
        string_agg(step, ' > ' ORDER BY i) AS path,
        max(n_steps) AS n_touches
    FROM counted
    GROUP BY conversion_id
)
SELECT
    path,
    max(n_touches) AS n_touches,
    sum(n_converted) AS conversions,
    sum(value) AS value,
    sum(1 - n_converted) AS nulls
FROM walks
GROUP BY path
