-- Each webhook once.
SELECT *
FROM files.raw_events
QUALIFY row_number() OVER (PARTITION BY date, webhook_id ORDER BY received_at) = 1
