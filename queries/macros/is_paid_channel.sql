-- Tells whether a channel is one that is paid for.
CREATE OR REPLACE MACRO is_paid_channel(name) AS
    name LIKE 'Paid%' OR name IN ('Display', 'Cross-network')
