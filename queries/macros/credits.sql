-- The touches before each conversion with the credit that one model gives each; a conversion
-- without touches is one row, whose touch and credit are null. Parameters as of `touches`.
CREATE OR REPLACE MACRO credits(
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
    weights := '40,20,40'
) AS TABLE
SELECT
    conversion_id,
    origin,
    conversion,
    stage,
    external_id,
    converted_at,
    tenant,
    person,
    account,
    entity,
    value,
    event_id,
    session_id,
    visitor_id,
    touch_person,
    touched_at,
    position,
    age_days,
    channel,
    source,
    medium,
    campaign,
    landing_page,
    dimension,
    i,
    n,
    participation,
    CASE
        WHEN event_id IS NULL THEN NULL
        WHEN model = 'first_touch' THEN first_touch
        WHEN model = 'last_touch' THEN last_touch
        WHEN model = 'last_non_direct' THEN last_non_direct
        WHEN model = 'first_non_direct' THEN first_non_direct
        WHEN model = 'first_paid' THEN first_paid
        WHEN model = 'last_paid' THEN last_paid
        WHEN model = 'linear' THEN linear
        WHEN model = 'linear_unique' THEN linear_unique
        WHEN model = 'shapley' THEN linear_unique
        WHEN model = 'position_based' THEN position_based
        WHEN model = 'j_shaped' THEN j_shaped
        WHEN model = 'inverse_j' THEN inverse_j
        WHEN model = 'time_decay' THEN time_decay
        WHEN model = 'custom' THEN custom
        WHEN model = 'u_lead' THEN u_lead
        WHEN model = 'w_shaped' THEN w_shaped
        WHEN model = 'full_path' THEN full_path
        WHEN model = 'participation' THEN participation
    END AS credit
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
    half_life := half_life,
    weights := weights
)
