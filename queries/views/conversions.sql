-- All rows.
SELECT * FROM files.conversions
