//! Table `utm`: where a session came from, as one touchpoint.

use crate::schema::ColumnType::{Bool, Text, Time};
use crate::schema::{Column, Latest, OF_SESSION, Table, Unique, derived};

/// The table.
pub static TABLE: Table = Table {
    name: "utm",
    doc: "a session's touchpoint",
    columns: COLUMNS,
    time: "touched_at",
    unique: Unique { group: OF_SESSION, latest: Latest::By("finalized_at"), row: &[], first: None },
};

/// The columns.
pub static COLUMNS: &[Column] = &[
    derived("event_id", Text, "id of the webhook event"),
    derived("tenant", Text, "your tag of the customer or site"),
    derived("session_id", Text, "session id"),
    derived("visitor_id", Text, "visitor id, one a browser"),
    derived("touched_at", Time, "start of the session"),
    derived("utm_source", Text, "utm_source as sent"),
    derived("utm_medium", Text, "utm_medium as sent"),
    derived("utm_campaign", Text, "utm_campaign as sent"),
    derived("utm_term", Text, "utm_term as sent"),
    derived("utm_content", Text, "utm_content as sent"),
    derived("click_id", Text, "click id of an advertising platform"),
    derived("click_id_type", Text, "which click id it is, such as `gclid`"),
    derived("referrer", Text, "address the visitor came from"),
    derived("referrer_host", Text, "host of the referrer, lower case, without `www.`"),
    derived("landing_page", Text, "address of the first page"),
    derived("channel", Text, "channel of the default grouping"),
    derived("person_key", Text, "e-mail, else LinkedIn id or address, else visitor id"),
    derived("company_domain", Text, "the account: registrable domain of the company"),
    derived("is_bot", Bool, "to be left out of attribution"),
    derived("channel_rule", Text, "the rule that chose the channel"),
    derived("source", Text, "resolved source: from utm, else click id, else referrer"),
    derived("medium", Text, "resolved medium"),
    derived("campaign", Text, "resolved campaign"),
    derived("landing_path", Text, "path of the first page"),
    derived("finalized_at", Time, "when the sender finalized the session"),
];
