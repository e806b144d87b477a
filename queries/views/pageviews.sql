-- The entries of each session's latest finalization, each once.
SELECT *
FROM files.pageviews
QUALIFY rank() OVER (
    PARTITION BY date, coalesce(session_id, event_id)
    ORDER BY finalized_at DESC NULLS LAST, event_id
) = 1
AND row_number() OVER (
    PARTITION BY date, coalesce(session_id, event_id), event_id, position
    ORDER BY viewed_at
) = 1
