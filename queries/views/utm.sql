-- Each session's touchpoint once, from the session's latest finalization.
SELECT *
FROM files.utm
QUALIFY row_number() OVER (
    PARTITION BY date, coalesce(session_id, event_id)
    ORDER BY finalized_at DESC NULLS LAST, event_id
) = 1
