//! Tables `raw_events` and `dead_letters`: webhooks as received, and what was wrong with some.

use crate::schema::ColumnType::{Text, Time};
use crate::schema::{Column, Latest, Table, Unique, derived};

/// The table of all webhooks.
pub static TABLE: Table = Table {
    name: "raw_events",
    doc: "a webhook as received",
    columns: COLUMNS,
    time: "received_at",
    unique: Unique {
        group: &[&["webhook_id"]],
        latest: Latest::All,
        row: &[],
        first: Some("received_at"),
    },
};

/// The columns; `body` comes last, so that it can be read while the file is written.
pub static COLUMNS: &[Column] = &[
    derived("event_id", Text, "id of the webhook event"),
    derived("tenant", Text, "your tag of the customer or site"),
    derived("session_id", Text, "session id"),
    derived("visitor_id", Text, "visitor id, one a browser"),
    derived("type", Text, "event type, such as `identity.session.finalized`"),
    derived("created_at", Time, "when the sender created the event"),
    derived("received_at", Time, "when tributary received the webhook"),
    derived("signature_scheme", Text, "how the webhook was verified"),
    derived("webhook_id", Text, "the `webhook-id` header, the key of deduplication"),
    derived("body", Text, "the exact body; bytes that are no UTF-8 as `base64:…`"),
];

/// The table of events that could not be flattened whole.
pub static DEAD_LETTERS: Table = Table {
    name: "dead_letters",
    doc: "an event that could not be flattened whole",
    columns: &[
        derived("event_id", Text, "id of the webhook event"),
        derived("tenant", Text, "your tag of the customer or site"),
        derived("session_id", Text, "session id"),
        derived("visitor_id", Text, "visitor id, one a browser"),
        derived("type", Text, "event type, if it could be read"),
        derived("received_at", Time, "when tributary received the webhook"),
        derived(
            "reason",
            Text,
            "`not_utf8`, `not_json`, `too_deep`, `too_large`, `no_envelope`, `id_conflict`, `unexpected_type` or `repaired`",
        ),
        derived("path", Text, "where in the JSON the trouble is, or the parser's message"),
        derived("body", Text, "the exact body; bytes that are no UTF-8 as `base64:…`"),
        derived("webhook_id", Text, "the `webhook-id` header"),
    ],
    time: "received_at",
    unique: Unique {
        group: &[&["webhook_id"]],
        latest: Latest::All,
        row: &["reason", "path", "body"],
        first: Some("received_at"),
    },
};
