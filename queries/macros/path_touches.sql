-- The touches of paths as their steps, a row each with its path's conversion, value and number of
-- steps: all touches as walked (`unique`), those that repeat the one before left out (`exposure`),
-- all later repeats left out (`first`), or each first one with its count (`frequency`). A name is
-- as it is, or if wished as paths are written. Other parameters as of `touches`.
CREATE OR REPLACE MACRO path_touches(
    transform := 'unique',
    is_written := FALSE,
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
        CASE WHEN is_written THEN path_step(dimension) ELSE dimension END AS step
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
)
-- Counted before lists or texts are made: so their rows come sorted by conversion, and one is made
-- at a time.
SELECT *, count(*) OVER (PARTITION BY conversion_id) AS n_steps
FROM written
WHERE step IS NOT NULL
