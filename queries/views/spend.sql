-- Each day's spend on a campaign once: the latest load.
SELECT *
FROM files.spend
QUALIFY row_number() OVER (
    PARTITION BY tenant, day, source, medium, campaign
    ORDER BY loaded_at DESC, event_id DESC
) = 1
