//! Table `identities`: an `identity.resolved` or `identity.qualified` event.
//!
//! The fields are the vendor's SDK types (`webhooks/midbound.md` §5.3 and §5.4).

use crate::schema::ColumnType::{Bool, Structs, Text, TextList, Time};
use crate::schema::{Column, Latest, Table, Unique, column, derived, position};

/// The table.
pub static TABLE: Table = Table {
    name: "identities",
    doc: "a visitor recognised: an `identity.resolved` or `identity.qualified` event",
    columns: COLUMNS,
    time: "created_at",
    unique: Unique {
        group: &[&["event_id"]],
        latest: Latest::All,
        row: &[],
        first: Some("created_at"),
    },
};

/// The columns; those with a path are read from `data.identity`.
pub static COLUMNS: &[Column] = &[
    derived("event_id", Text, "id of the webhook event"),
    derived("tenant", Text, "your tag of the customer or site"),
    derived("session_id", Text, "session id"),
    derived("visitor_id", Text, "visitor id, one a browser"),
    derived("event_type", Text, "the event's type"),
    derived("created_at", Time, "when the sender created the event"),
    derived("person_key", Text, "e-mail, else LinkedIn address, else visitor id"),
    derived("prid", Text, "provider resolution id"),
    derived("pixel_id", Text, "tracking pixel id"),
    column("linkedin_url", "linkedinUrl", Text, "LinkedIn address"),
    column("emails", "emails", Structs(EMAIL), "e-mail addresses"),
    column("phones", "phones", TextList, "telephone numbers"),
    column("demographics_first_name", "demographics.firstName", Text, "first name"),
    column("demographics_last_name", "demographics.lastName", Text, "last name"),
    column("demographics_has_children", "demographics.hasChildren", Bool, "has children"),
    column("demographics_is_homeowner", "demographics.isHomeowner", Bool, "owns a home"),
    column("demographics_is_married", "demographics.isMarried", Bool, "is married"),
    column("location_city", "location.city", Text, "city"),
    column("location_country", "location.country", Text, "country"),
    column("location_state", "location.state", Text, "state or province"),
    column("professional_company_name", "professional.companyName", Text, "company"),
    column("professional_job_title", "professional.jobTitle", Text, "job title"),
];

static EMAIL: &[Column] = &[
    column("type", "type", Text, "`personal` or `professional`"),
    column("value", "value", Text, "the address"),
];

/// Positions of columns that code fills in or reads.
pub(crate) mod at {
    use super::{COLUMNS, EMAIL, position};

    /// `person_key`, the first behind those that every event has
    pub(crate) const PERSON_KEY: usize = position(COLUMNS, "person_key");
    pub(crate) const PRID: usize = position(COLUMNS, "prid");
    pub(crate) const PIXEL_ID: usize = position(COLUMNS, "pixel_id");
    pub(crate) const LINKEDIN_URL: usize = position(COLUMNS, "linkedin_url");
    pub(crate) const EMAILS: usize = position(COLUMNS, "emails");
    /// `value` of an entry of `emails`
    pub(crate) const EMAIL_VALUE: usize = position(EMAIL, "value");
}
