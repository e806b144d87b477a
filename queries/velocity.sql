-- title: Velocity
-- description: How many days pass between the first touch, the lead, the opportunity and the deal
-- parameter: from date; first day, UTC
-- parameter: to date; day behind the last one, UTC
-- parameter: tenant text; one tenant only
-- parameter: conversion text; one conversion only
-- parameter: unit choice(person|account) = person; whose journeys
-- parameter: lookback days; how far back touches count, 90 days for a person and 180 for an account; none for all
-- parameter: by choice(channel|source|medium|campaign|industry|headcount) = channel; what is told apart
WITH deals AS (
    SELECT
        conversion_id,
        dimension,
        (date_part('epoch', lead_at) - date_part('epoch', touched_at)) / 86400.0 AS to_lead,
        (date_part('epoch', opportunity_at) - date_part('epoch', lead_at)) / 86400.0
            AS to_opportunity,
        (date_part('epoch', won_at) - date_part('epoch', opportunity_at)) / 86400.0 AS to_won,
        age_days
    FROM touches(
        unit := $unit,
        by_column := $by,
        from_day := $from,
        to_day := $to,
        in_tenant := $tenant,
        of_conversion := $conversion,
        lookback := $lookback
    )
    WHERE i = 1
),
summed AS (
    SELECT
        grouping(dimension) AS is_footer,
        dimension,
        count(*) AS conversions,
        avg(CASE WHEN to_lead >= 0 THEN to_lead END) AS days_to_lead,
        avg(CASE WHEN to_opportunity >= 0 THEN to_opportunity END) AS days_lead_to_opportunity,
        avg(CASE WHEN to_won >= 0 THEN to_won END) AS days_opportunity_to_won,
        avg(age_days) AS days_to_conversion,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY age_days) AS median_days_to_conversion
    FROM deals
    GROUP BY GROUPING SETS ((dimension), ())
)
SELECT
    coalesce(dimension, '(total)') AS dimension,
    conversions,
    days_to_lead,
    days_lead_to_opportunity,
    days_opportunity_to_won,
    days_to_conversion,
    median_days_to_conversion
FROM summed
ORDER BY is_footer, conversions DESC, dimension
