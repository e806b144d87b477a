-- What the latest event of each session that has any says, each row once.
SELECT *
FROM files.email_validations
QUALIFY rank() OVER (
    PARTITION BY date, coalesce(session_id, event_id)
    ORDER BY created_at DESC NULLS LAST, event_id
) = 1
AND row_number() OVER (
    PARTITION BY date, coalesce(session_id, event_id), event_id, position
    ORDER BY created_at
) = 1
