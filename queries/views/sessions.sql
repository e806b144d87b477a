-- Each session once: of several finalizations the latest, of copies one.
SELECT *
FROM files.sessions
QUALIFY row_number() OVER (
    PARTITION BY date, coalesce(session_id, event_id)
    ORDER BY finalized_at DESC NULLS LAST, event_id, received_at
) = 1
