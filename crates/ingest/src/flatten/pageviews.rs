//! Table `pageviews`: an entry of `session.events`.

use crate::schema::ColumnType::{Int, Json, Text, Time};
use crate::schema::{Column, Latest, OF_SESSION, Table, Unique, column, derived, position};

/// The table.
pub static TABLE: Table = Table {
    name: "pageviews",
    doc: "an entry of a finalized session's events",
    columns: COLUMNS,
    time: "viewed_at",
    unique: Unique {
        group: OF_SESSION,
        latest: Latest::By("finalized_at"),
        row: &["position"],
        first: Some("viewed_at"),
    },
};

/// The columns.
pub static COLUMNS: &[Column] = &[
    derived("event_id", Text, "id of the webhook event"),
    derived("tenant", Text, "your tag of the customer or site"),
    derived("session_id", Text, "session id"),
    derived("visitor_id", Text, "visitor id, one a browser"),
    derived("position", Int, "place in the session, from 0"),
    column("viewed_at", "ts", Time, "when it happened"),
    column("signal", "signal", Text, "what happened; `pageview` or a name of your own"),
    column("url", "url", Text, "address of the page"),
    derived("host", Text, "host of the page, lower case"),
    derived("path", Text, "path of the page"),
    column("title", "title", Text, "title of the page"),
    column("referrer", "ref", Text, "address the visitor came from"),
    column("outlink", "outlink", Text, "target of a link out of the site"),
    column("props", "props", Json, "properties of your own, JSON"),
    column("version", "v", Text, "version of the pixel's event format"),
    derived(
        "dwell_ms",
        Int,
        "until the next entry, for the last one until the session's last activity, milliseconds",
    ),
    derived("finalized_at", Time, "when the sender finalized the session"),
    derived("channel", Text, "channel of a later page view whose address carries a campaign"),
    derived("source", Text, "source that its address names"),
    derived("medium", Text, "medium that its address names"),
    derived("campaign", Text, "campaign that its address names"),
    derived("term", Text, "utm_term of its address"),
    derived("content", Text, "utm_content of its address"),
];

/// Positions of columns that code fills in or reads.
pub(crate) mod at {
    use super::{COLUMNS, position};

    pub(crate) const POSITION: usize = position(COLUMNS, "position");
    pub(crate) const VIEWED_AT: usize = position(COLUMNS, "viewed_at");
    pub(crate) const SIGNAL: usize = position(COLUMNS, "signal");
    pub(crate) const URL: usize = position(COLUMNS, "url");
    /// `host`, before `path`
    pub(crate) const HOST: usize = position(COLUMNS, "host");
    pub(crate) const DWELL_MS: usize = position(COLUMNS, "dwell_ms");
    pub(crate) const FINALIZED_AT: usize = position(COLUMNS, "finalized_at");
    /// `channel`, before `source`, `medium`, `campaign`, `term` and `content`
    pub(crate) const CHANNEL: usize = position(COLUMNS, "channel");
}
