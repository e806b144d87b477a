-- The distinct paths of touches, with the conversions and value that each ended in, and how many
-- people or accounts without a conversion walked it (`nulls`: the touches within the lookback
-- before their last one). The path is written as walked (`unique`), without repeats in a row
-- (`exposure`), without later repeats (`first`), or as each step with its count (`frequency`).
-- Names are joined by ` > ` and written as `path_step` has it. Other parameters as of `touches`.
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
WITH listed AS (
    SELECT
        conversion_id,
        max(n_converted) AS n_converted,
        max(value) AS value,
        string_agg(step, ' > ' ORDER BY i) AS path,
        max(n_steps) AS n_touches
    FROM path_touches(
        is_written := TRUE,
        transform := transform,
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
    GROUP BY conversion_id
)
SELECT
    path,
    max(n_touches) AS n_touches,
    sum(n_converted) AS conversions,
    sum(value) AS value,
    sum(1 - n_converted) AS nulls
FROM listed
GROUP BY path
