-- Writes a name as a step of a path: `\` and `>` have a `\` before them, and so have a blank at
-- either end and a `'` at the beginning. All other names stay as they are. The other direction:
-- `parse_path` in src/attribution/path.rs, and docs/attribution.md.
CREATE OR REPLACE MACRO path_step(name) AS
    concat(
        CASE WHEN left(name, 1) IN (' ', '''') THEN '\' ELSE '' END,
        CASE
            WHEN right(name, 1) = ' ' AND name <> ' ' THEN concat(
                replace(replace(left(name, length(name) - 1), '\', '\\'), '>', '\>'), '\ '
            )
            ELSE replace(replace(name, '\', '\\'), '>', '\>')
        END
    )
