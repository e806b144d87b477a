-- Each event once.
SELECT *
FROM files.identities
QUALIFY row_number() OVER (PARTITION BY date, event_id ORDER BY created_at) = 1
