-- All rows.
SELECT * FROM files.dead_letters
