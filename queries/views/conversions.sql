-- Each loaded conversion once: of those with the same external id and stage the latest load.
SELECT *
FROM files.conversions
QUALIFY row_number() OVER (
    PARTITION BY tenant, conversion, coalesce(external_id, event_id), stage
    ORDER BY loaded_at DESC, event_id DESC
) = 1
