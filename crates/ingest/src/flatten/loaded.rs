//! Tables that the user loads: `conversions` and `spend`.

use crate::schema::ColumnType::{Day, Float, Text, Time};
use crate::schema::{Latest, Table, Unique, derived};

/// The table of conversions.
pub static CONVERSIONS: Table = Table {
    name: "conversions",
    doc: "a conversion loaded by the user",
    columns: &[
        derived("event_id", Text, "id of the row's load"),
        derived("tenant", Text, "your tag of the customer or site"),
        derived("session_id", Text, "session id, if known"),
        derived("visitor_id", Text, "visitor id, if known"),
        derived("conversion", Text, "name of the conversion"),
        derived("converted_at", Time, "when it happened"),
        derived("email", Text, "e-mail of the person"),
        derived("company_domain", Text, "domain of the company"),
        derived("value", Float, "value"),
        derived("currency", Text, "currency, ISO 4217"),
        derived("external_id", Text, "id in the system it comes from"),
        derived("stage", Text, "`lead`, `opportunity`, `won` or a stage of your own"),
        derived("loaded_at", Time, "when it was loaded; the latest of the same external id counts"),
    ],
    time: "converted_at",
    unique: Unique {
        group: &[&["tenant"], &["conversion"], &["external_id", "event_id"], &["stage"]],
        latest: Latest::ByThenLast("loaded_at"),
        row: &[],
        first: None,
    },
};

/// The table of advertising spend.
pub static SPEND: Table = Table {
    name: "spend",
    doc: "advertising spend of a day",
    columns: &[
        derived("event_id", Text, "id of the row's load"),
        derived("tenant", Text, "your tag of the customer or site"),
        derived("session_id", Text, "always null"),
        derived("visitor_id", Text, "always null"),
        derived("day", Day, "day of the spend, UTC"),
        derived("source", Text, "source"),
        derived("medium", Text, "medium"),
        derived("campaign", Text, "campaign"),
        derived("amount", Float, "amount"),
        derived("currency", Text, "currency, ISO 4217"),
        derived(
            "loaded_at",
            Time,
            "when it was loaded; the latest of the same campaign and day counts",
        ),
        derived("channel", Text, "channel that its source, medium and campaign belong to"),
    ],
    time: "day",
    unique: Unique {
        group: &[&["tenant"], &["day"], &["source"], &["medium"], &["campaign"]],
        latest: Latest::ByThenLast("loaded_at"),
        row: &[],
        first: None,
    },
};
