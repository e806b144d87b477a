-- The touches before each conversion, in order, each with every model's share of the credit.
-- A conversion without touches is one row, whose touch is null. Shares of a conversion sum to 1,
-- but for participation, which gives 1 to each distinct value of the dimension.
--
-- Touches are those of the conversion's person or account that began no later than it, within
-- the lookback of so many days (90 for a person, 180 for an account) and steps. Direct is kept,
-- excluded before anything is weighted (or so unless there is nothing else), or goes to the touch that came last before it
-- (`last_non_direct`). With nulls, each person or account without such a conversion stands there
-- too, origin `none`, as if its last touch were one. Formulas: docs/attribution.md.
CREATE OR REPLACE MACRO touches(
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
    with_nulls := FALSE
) AS TABLE
WITH available AS (
    SELECT *, CASE WHEN unit = 'account' THEN account ELSE person END AS entity
    FROM touchpoints_by(by_column := by_column, touchpoint := touchpoint)
    WHERE direct <> 'exclude' OR channel <> 'Direct'
),
converted AS (
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
        CASE WHEN unit = 'account' THEN account ELSE person END AS entity,
        value,
        lead_at,
        opportunity_at,
        won_at
    FROM conversion_events
    WHERE (from_day IS NULL OR CAST(converted_at AS DATE) >= from_day)
      AND (to_day IS NULL OR CAST(converted_at AS DATE) < to_day)
      AND (in_tenant IS NULL OR tenant = in_tenant)
      AND (of_conversion IS NULL OR conversion = of_conversion)
      AND CASE WHEN of_stage IS NULL THEN is_current ELSE stage = of_stage END
),
not_converted AS (
    SELECT
        concat('none-', t.entity) AS conversion_id,
        'none' AS origin,
        CAST(NULL AS VARCHAR) AS conversion,
        CAST(NULL AS VARCHAR) AS stage,
        CAST(NULL AS VARCHAR) AS external_id,
        max(t.touched_at) AS converted_at,
        max(t.tenant) AS tenant,
        max(t.person) AS person,
        max(t.account) AS account,
        t.entity,
        0.0 AS value,
        CAST(NULL AS TIMESTAMPTZ) AS lead_at,
        CAST(NULL AS TIMESTAMPTZ) AS opportunity_at,
        CAST(NULL AS TIMESTAMPTZ) AS won_at
    FROM available AS t
    LEFT JOIN (SELECT DISTINCT entity FROM converted) AS c ON c.entity = t.entity
    WHERE with_nulls
      AND c.entity IS NULL
      AND t.entity IS NOT NULL
      AND (from_day IS NULL OR CAST(t.touched_at AS DATE) >= from_day)
      AND (to_day IS NULL OR CAST(t.touched_at AS DATE) < to_day)
      AND (in_tenant IS NULL OR t.tenant = in_tenant)
    GROUP BY t.entity
),
chosen AS (
    SELECT * FROM converted
    UNION ALL
    SELECT * FROM not_converted
),
joined AS (
    SELECT
        c.*,
        t.event_id,
        t.session_id AS touch_session_id,
        t.visitor_id AS touch_visitor_id,
        t.person AS touch_person,
        t.touched_at,
        t.position,
        t.channel,
        t.source,
        t.medium,
        t.campaign,
        t.landing_page,
        t.dimension,
        (date_part('epoch', c.converted_at) - date_part('epoch', t.touched_at)) / 86400.0
            AS age_days
    FROM chosen AS c
    LEFT JOIN available AS t
        ON t.entity = c.entity
       AND t.touched_at <= c.converted_at
       AND (c.tenant IS NULL OR t.tenant = c.tenant)
       AND (date_part('epoch', c.converted_at) - date_part('epoch', t.touched_at)) / 86400.0
           <= coalesce(lookback, CASE WHEN unit = 'account' THEN 180.0 ELSE 90.0 END)
),
judged AS (
    SELECT
        *,
        count(CASE WHEN channel <> 'Direct' THEN 1 END)
            OVER (PARTITION BY conversion_id) AS n_indirect
    FROM joined
),
counted AS (
    SELECT
        *,
        count(event_id) OVER (PARTITION BY conversion_id) AS n_all,
        row_number() OVER (
            PARTITION BY conversion_id
            ORDER BY touched_at DESC, event_id DESC, position DESC
        ) AS steps_back
    FROM judged
    WHERE direct <> 'exclude_unless_all' OR channel IS NULL OR channel <> 'Direct'
       OR n_indirect = 0
),
numbered AS (
    SELECT
        *,
        CASE WHEN n_all > 0 THEN least(n_all, coalesce(steps, n_all)) END AS n,
        CASE WHEN n_all > 0 THEN least(n_all, coalesce(steps, n_all)) - steps_back + 1 END AS i
    FROM counted
    WHERE steps_back <= coalesce(steps, steps_back)
),
carried AS (
    SELECT
        *,
        CASE
            WHEN direct = 'last_non_direct' THEN coalesce(
                max(CASE WHEN channel <> 'Direct' THEN i END) OVER (
                    PARTITION BY conversion_id
                    ORDER BY i
                    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
                ),
                i
            )
            ELSE i
        END AS carrier
    FROM numbered
),
named AS (
    SELECT
        *,
        CASE
            WHEN direct = 'last_non_direct'
            THEN first_value(channel) OVER (PARTITION BY conversion_id, carrier ORDER BY i)
            ELSE channel
        END AS credited_channel,
        CASE
            WHEN direct = 'last_non_direct'
            THEN first_value(dimension) OVER (PARTITION BY conversion_id, carrier ORDER BY i)
            ELSE dimension
        END AS credited_dimension
    FROM carried
),
placed AS (
    SELECT
        *,
        min(CASE WHEN credited_channel <> 'Direct' THEN i END)
            OVER (PARTITION BY conversion_id) AS i_first_indirect,
        max(CASE WHEN credited_channel <> 'Direct' THEN i END)
            OVER (PARTITION BY conversion_id) AS i_last_indirect,
        min(CASE WHEN is_paid_channel(credited_channel) THEN i END)
            OVER (PARTITION BY conversion_id) AS i_first_paid,
        max(CASE WHEN is_paid_channel(credited_channel) THEN i END)
            OVER (PARTITION BY conversion_id) AS i_last_paid,
        max(CASE WHEN touched_at <= lead_at THEN i END)
            OVER (PARTITION BY conversion_id) AS i_lead,
        max(CASE WHEN touched_at <= opportunity_at THEN i END)
            OVER (PARTITION BY conversion_id) AS i_opportunity,
        max(CASE WHEN touched_at <= won_at THEN i END)
            OVER (PARTITION BY conversion_id) AS i_won,
        min(age_days) OVER (PARTITION BY conversion_id) AS age_min,
        nullif(count(event_id) OVER (PARTITION BY conversion_id, credited_dimension), 0) AS n_same,
        CAST(split_part(weights, ',', 1) AS DOUBLE) AS weight_first,
        CAST(split_part(weights, ',', 2) AS DOUBLE) AS weight_middle,
        CAST(split_part(weights, ',', 3) AS DOUBLE) AS weight_last
    FROM named
),
raw AS (
    SELECT
        *,
        power(2.0, (age_min - age_days) / half_life) AS decay,
        coalesce(i_won, 0) AS w,
        coalesce(i_opportunity, 0) AS o,
        coalesce(i_lead, 0) AS l,
        sum(CASE WHEN i > 1 AND i < greatest(coalesce(i_lead, 1), coalesce(i_opportunity, 1))
                  AND i <> coalesce(i_lead, 0) THEN 1.0 ELSE 0.0 END)
            OVER (PARTITION BY conversion_id) AS n_middle_w,
        sum(CASE WHEN i > 1 AND i < greatest(coalesce(i_lead, 1), coalesce(i_opportunity, 1),
                                             coalesce(i_won, 1))
                  AND i <> coalesce(i_lead, 0) AND i <> coalesce(i_opportunity, 0)
                 THEN 1.0 ELSE 0.0 END)
            OVER (PARTITION BY conversion_id) AS n_middle_full
    FROM placed
)
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
    touch_session_id AS session_id,
    touch_visitor_id AS visitor_id,
    touch_person,
    touched_at,
    position,
    age_days,
    channel,
    source,
    medium,
    campaign,
    landing_page,
    credited_dimension AS dimension,
    i,
    n,
    n_same,
    lead_at,
    opportunity_at,
    won_at,
    l > 0 AND i = l AS is_lead_touch,
    o > 0 AND i = o AS is_opportunity_touch,
    w > 0 AND i = w AS is_won_touch,
    CASE WHEN i = 1 THEN 1.0 ELSE 0.0 END AS first_touch,
    CASE WHEN i = n THEN 1.0 ELSE 0.0 END AS last_touch,
    CASE WHEN i = coalesce(i_last_indirect, n) THEN 1.0 ELSE 0.0 END AS last_non_direct,
    CASE WHEN i = coalesce(i_first_indirect, 1) THEN 1.0 ELSE 0.0 END AS first_non_direct,
    CASE WHEN i = coalesce(i_first_paid, 1) THEN 1.0 ELSE 0.0 END AS first_paid,
    CASE WHEN i = coalesce(i_last_paid, n) THEN 1.0 ELSE 0.0 END AS last_paid,
    1.0 / n AS linear,
    1.0 / n_same / sum(1.0 / n_same) OVER (PARTITION BY conversion_id) AS linear_unique,
    CASE
        WHEN n = 1 THEN 1.0
        WHEN n = 2 THEN 0.5
        WHEN i = 1 OR i = n THEN 0.4
        ELSE 0.2 / (n - 2)
    END AS position_based,
    CASE
        WHEN n = 1 THEN 1.0
        WHEN n = 2 THEN CASE WHEN i = 1 THEN 0.25 ELSE 0.75 END
        WHEN i = 1 THEN 0.2
        WHEN i = n THEN 0.6
        ELSE 0.2 / (n - 2)
    END AS j_shaped,
    CASE
        WHEN n = 1 THEN 1.0
        WHEN n = 2 THEN CASE WHEN i = 1 THEN 0.75 ELSE 0.25 END
        WHEN i = 1 THEN 0.6
        WHEN i = n THEN 0.2
        ELSE 0.2 / (n - 2)
    END AS inverse_j,
    decay / sum(decay) OVER (PARTITION BY conversion_id) AS time_decay,
    CASE
        WHEN n = 1 THEN 1.0
        WHEN n = 2 AND weight_first + weight_last = 0 THEN 0.5
        WHEN n = 2 AND i = 1 THEN weight_first / (weight_first + weight_last)
        WHEN n = 2 THEN weight_last / (weight_first + weight_last)
        WHEN i = 1 THEN weight_first / (weight_first + weight_middle + weight_last)
        WHEN i = n THEN weight_last / (weight_first + weight_middle + weight_last)
        ELSE weight_middle / (weight_first + weight_middle + weight_last) / (n - 2)
    END AS custom,
    CASE WHEN l = 0 THEN CASE WHEN i = 1 THEN 1.0 ELSE 0.0 END
         ELSE CASE WHEN i = 1 THEN 0.5 ELSE 0.0 END + CASE WHEN i = l THEN 0.5 ELSE 0.0 END
    END AS u_lead,
    (
        CASE WHEN i = 1 THEN 0.3 ELSE 0.0 END
        + CASE WHEN i = l THEN 0.3 ELSE 0.0 END
        + CASE WHEN i = o THEN 0.3 ELSE 0.0 END
        + CASE WHEN i > 1 AND i < greatest(l, o) AND i <> l THEN 0.1 / n_middle_w ELSE 0.0 END
    ) / (
        0.3
        + CASE WHEN l > 0 THEN 0.3 ELSE 0.0 END
        + CASE WHEN o > 0 THEN 0.3 ELSE 0.0 END
        + CASE WHEN n_middle_w > 0 THEN 0.1 ELSE 0.0 END
    ) AS w_shaped,
    (
        CASE WHEN i = 1 THEN 0.225 ELSE 0.0 END
        + CASE WHEN i = l THEN 0.225 ELSE 0.0 END
        + CASE WHEN i = o THEN 0.225 ELSE 0.0 END
        + CASE WHEN i = w THEN 0.225 ELSE 0.0 END
        + CASE WHEN i > 1 AND i < greatest(l, o, w) AND i <> l AND i <> o
               THEN 0.1 / n_middle_full ELSE 0.0 END
    ) / (
        0.225
        + CASE WHEN l > 0 THEN 0.225 ELSE 0.0 END
        + CASE WHEN o > 0 THEN 0.225 ELSE 0.0 END
        + CASE WHEN w > 0 THEN 0.225 ELSE 0.0 END
        + CASE WHEN n_middle_full > 0 THEN 0.1 ELSE 0.0 END
    ) AS full_path,
    1.0 / n_same AS participation
FROM raw
