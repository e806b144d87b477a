-- Each trouble of each webhook once.
SELECT *
FROM files.dead_letters
QUALIFY row_number() OVER (
    PARTITION BY date, webhook_id, reason, path, body ORDER BY received_at
) = 1
