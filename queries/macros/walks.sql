-- The distinct walks of touches, each a list of names, with the conversions and value that each
-- ended in, and how many people or accounts without a conversion walked it (`nulls`: the touches
-- within the lookback before their last one). The list is as walked (`unique`), without repeats in
-- a row (`exposure`), without later repeats (`first`), or each step with its count (`frequency`).
-- A name is as it is, or if wished as paths are written. Other parameters as of `touches`.
CREATE OR REPLACE MACRO walks(
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
),
counted AS (
    -- Counted before the lists are made: so their rows come sorted by conversion, and one list
    -- is made at a time.
    SELECT *, count(*) OVER (PARTITION BY conversion_id) AS n_steps
    FROM written
    WHERE step IS NOT NULL
),
listed AS (
    SELECT
        conversion_id,
        max(n_converted) AS n_converted,
        max(value) AS value,
        array_agg(step ORDER BY i) AS walk,
        max(n_steps) AS n_touches
    FROM counted
    GROUP BY conversion_id
)
SELECT
    walk,
    max(n_touches) AS n_touches,
    sum(n_converted) AS conversions,
    sum(value) AS value,
    sum(1 - n_converted) AS nulls
FROM listed
GROUP BY walk
