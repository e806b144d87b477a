-- All rows.
SELECT * FROM files.spend
