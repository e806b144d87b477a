-- Every touch before a conversion, once by the person and once by the account that converted,
-- the touch of the converting session included.
WITH touches AS (
    SELECT
        session_id,
        person,
        account,
        started_at AS touched_at,
        coalesce(channel, 'Unassigned') AS channel,
        source,
        medium,
        campaign,
        term,
        content,
        landing_host,
        landing_path,
        country,
        device
    FROM visits
    WHERE started_at IS NOT NULL
)
SELECT
    'person' AS unit,
    c.person AS entity,
    c.conversion_id,
    c.conversion,
    c.converted_at,
    c.tenant,
    c.value,
    t.*,
    (date_part('epoch', c.converted_at) - date_part('epoch', t.touched_at)) / 86400.0 AS age_days
FROM conversion_events AS c
INNER JOIN touches AS t ON t.person = c.person AND t.touched_at <= c.converted_at
UNION ALL
SELECT
    'account' AS unit,
    c.account AS entity,
    c.conversion_id,
    c.conversion,
    c.converted_at,
    c.tenant,
    c.value,
    t.*,
    (date_part('epoch', c.converted_at) - date_part('epoch', t.touched_at)) / 86400.0 AS age_days
FROM conversion_events AS c
INNER JOIN touches AS t ON t.account = c.account AND t.touched_at <= c.converted_at
