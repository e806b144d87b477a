-- A name, or null if it is empty or one that reports use for rows of their own: a visitor may
-- have typed it.
CREATE OR REPLACE MACRO unreserved(name) AS
    CASE
        WHEN name IN (
            '', '(not set)', '(total)', '(attributed)', '(unattributed)', '(no touch)',
            '(start)', '(conversion)', '(null)'
        )
        THEN NULL
        ELSE name
    END
