-- Conversions and value that one model credits to each value of a dimension (place 0), then the
-- reconciliation: attributed (1), unattributed (2) and total (3). `influenced` are conversions
-- with the value among their touches, which may be the same ones for several values.
CREATE OR REPLACE MACRO credit_by(
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
WITH summed AS (
    SELECT
        dimension,
        grouping(dimension) AS is_footer,
        sum(credit) AS credit,
        sum(credit * value) AS credit_value,
        round(sum(CASE WHEN event_id IS NOT NULL THEN participation ELSE 0.0 END), 6) AS influenced,
        sum(CASE WHEN event_id IS NULL THEN 1.0 ELSE 0.0 END) AS lost,
        sum(CASE WHEN event_id IS NULL THEN value ELSE 0.0 END) AS lost_value,
        sum(CASE WHEN event_id IS NULL OR i = n THEN 1.0 ELSE 0.0 END) AS total,
        sum(CASE WHEN event_id IS NULL OR i = n THEN value ELSE 0.0 END) AS total_value
    FROM credits(
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
        weights := weights
    )
    GROUP BY GROUPING SETS ((dimension), ())
),
listed AS (
    SELECT
        p.place,
        s.*,
        e.effect,
        e.value_effect,
        max(CASE WHEN s.is_footer = 1 THEN s.total - s.lost END) OVER () AS attributed,
        max(CASE WHEN s.is_footer = 1 THEN s.total_value - s.lost_value END) OVER ()
            AS attributed_value
    FROM summed AS s
    INNER JOIN (VALUES (0, 0), (1, 1), (1, 2), (1, 3)) AS p(is_footer, place)
        ON p.is_footer = s.is_footer
    LEFT JOIN removal_effects(
        enabled := model = 'markov',
        chain_order := chain_order,
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
    ) AS e ON e.dimension = s.dimension AND s.is_footer = 0
    WHERE s.is_footer = 1 OR s.dimension IS NOT NULL
)
SELECT
    place,
    CASE place
        WHEN 0 THEN dimension
        WHEN 1 THEN '(attributed)'
        WHEN 2 THEN '(unattributed)'
        ELSE '(total)'
    END AS dimension,
    CASE place
        WHEN 0 THEN influenced
        WHEN 1 THEN total - lost
        WHEN 2 THEN lost
        ELSE total
    END AS influenced,
    coalesce(
        CASE
            WHEN place = 2 THEN lost
            WHEN place = 3 THEN total
            WHEN model = 'markov' AND place = 0
                THEN attributed * effect / nullif(sum(effect) OVER (), 0.0)
            WHEN model = 'markov' THEN attributed
            ELSE credit
        END,
        0.0
    ) AS conversions,
    coalesce(
        CASE
            WHEN place = 2 THEN lost_value
            WHEN place = 3 THEN total_value
            WHEN model = 'markov' AND place = 0
                THEN attributed_value * value_effect / nullif(sum(value_effect) OVER (), 0.0)
            WHEN model = 'markov' THEN attributed_value
            ELSE credit_value
        END,
        0.0
    ) AS value
FROM listed
