-- Writes a text as one of several that are joined by chr(31), which may be in the text itself.
CREATE OR REPLACE MACRO as_part(part) AS
    replace(replace(part, chr(30), concat(chr(30), '0')), chr(31), concat(chr(30), '1'))
