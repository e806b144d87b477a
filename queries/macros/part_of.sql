-- The n-th of texts written by `as_part` and joined by chr(31); null if it is empty.
CREATE OR REPLACE MACRO part_of(joined, n) AS
    nullif(
        replace(
            replace(split_part(joined, chr(31), n), concat(chr(30), '1'), chr(31)),
            concat(chr(30), '0'),
            chr(30)
        ),
        ''
    )
