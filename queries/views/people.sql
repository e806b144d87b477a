-- The person that the latest event of each session names, once.
SELECT *
FROM files.people
QUALIFY row_number() OVER (
    PARTITION BY date, coalesce(session_id, event_id)
    ORDER BY created_at DESC NULLS LAST, event_id
) = 1
