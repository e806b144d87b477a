//! Tables of an event's enrichment: `people`, `companies` and `email_validations`.
//!
//! The fields are the vendor's SDK types (`webhooks/midbound.md` §5.6, §5.9, §5.10).

use super::company;
use crate::schema::ColumnType::{Int, Struct, Structs, Text, TextList, Time};
use crate::schema::{Column, Latest, Table, Unique, column, derived};

/// Columns that stand before the payload's in each of these tables.
pub const N_LEADING: usize = 6;

/// What an event says stays, also if a later one says otherwise: the latest that is known of an
/// account may stand in an event that is not its session's last.
const OF_EVENT: &[&[&str]] = &[&["event_id"]];

/// The table of persons.
pub static PEOPLE: Table = Table {
    name: "people",
    doc: "the person of an event's enrichment",
    columns: &joined::<{ N_LEADING + PERSON.len() }>(&LEADING, PERSON),
    time: "created_at",
    unique: Unique { group: OF_EVENT, latest: Latest::All, row: &[], first: Some("created_at") },
};

/// The table of companies.
pub static COMPANIES: Table = Table {
    name: "companies",
    doc: "a company of an event's enrichment",
    columns: &joined::<{ N_LEADING + 2 + company::FULL.len() }>(&LEADING_COMPANY, company::FULL),
    time: "created_at",
    unique: Unique {
        group: OF_EVENT,
        latest: Latest::All,
        row: &["position"],
        first: Some("created_at"),
    },
};

/// The table of validated e-mail addresses.
pub static EMAIL_VALIDATIONS: Table = Table {
    name: "email_validations",
    doc: "the result of validating an e-mail address",
    columns: &joined::<{ N_LEADING + 1 + VALIDATION.len() }>(&LEADING_POSITION, VALIDATION),
    time: "created_at",
    unique: Unique {
        group: OF_EVENT,
        latest: Latest::All,
        row: &["position"],
        first: Some("created_at"),
    },
};

/// The person, `enrichment.person`; `person_key` is worked out.
pub static PERSON: &[Column] = &[
    derived("person_key", Text, "e-mail, else LinkedIn id or address, else visitor id"),
    column("email", "email", Text, "e-mail as sent"),
    column("first_name", "firstName", Text, "first name"),
    column("last_name", "lastName", Text, "last name"),
    column("full_name", "fullName", Text, "full name"),
    column("headline", "headline", Text, "LinkedIn headline"),
    column("summary", "summary", Text, "LinkedIn summary"),
    column("linkedin_id", "linkedinId", Text, "LinkedIn id"),
    column("linkedin_url", "linkedinUrl", Text, "LinkedIn address"),
    column("profile_picture_url", "profilePictureUrl", Text, "address of the picture"),
    column("connections", "connections", Int, "LinkedIn connections"),
    column("skills", "skills", TextList, "skills"),
    column("languages", "languages", TextList, "languages"),
    column("provider", "provider", Text, "code of the enrichment provider"),
    column("enriched_at", "enrichedAt", Text, "time of enrichment, text as sent"),
    column("location_country", "location.country", Text, "country"),
    column("location_country_code", "location.countryCode", Text, "country, ISO 3166 alpha-2"),
    column("location_locality", "location.locality", Text, "town"),
    column("location_postal_code", "location.postalCode", Text, "postal code"),
    column("location_raw", "location.raw", Text, "place as the person wrote it"),
    column("location_region", "location.region", Text, "region"),
    column("employments", "employments", Structs(EMPLOYMENT), "present and past employments"),
    column("experience", "experience", Structs(EXPERIENCE), "earlier positions"),
    column("education", "education", Structs(EDUCATION), "schools"),
    derived("company_domain", Text, "the account: registrable domain of the company"),
];

/// An employment, `person.employments[]`.
pub static EMPLOYMENT: &[Column] = &[
    column("title", "title", Text, "title"),
    column("company", "company", Struct(company::FULL), "company"),
    column("description", "description", Text, "description"),
    column("start_date", "startDate", Text, "start, text as sent"),
    column("end_date", "endDate", Text, "end, text as sent; null while it lasts"),
    column("location", "location", Text, "place"),
];

static EXPERIENCE: &[Column] = &[
    column("title", "title", Text, "title"),
    column("company", "company", Struct(company::BASIC), "company"),
    column("description", "description", Text, "description"),
    column("start_date", "startDate", Text, "start, text as sent"),
    column("end_date", "endDate", Text, "end, text as sent"),
    column("location", "location", Text, "place"),
];

static EDUCATION: &[Column] = &[
    column("institute_name", "instituteName", Text, "school"),
    column("degree", "degree", Text, "degree"),
    column("field_of_study", "fieldOfStudy", Text, "field of study"),
    column("start_date", "startDate", Text, "start, text as sent"),
    column("end_date", "endDate", Text, "end, text as sent"),
    column("institute_linkedin_id", "instituteLinkedinId", Text, "LinkedIn id of the school"),
    column("institute_logo_url", "instituteLogoUrl", Text, "address of the school's logo"),
];

/// A validated address, `validations[]` and `enrichment.emailValidations[]`.
pub static VALIDATION: &[Column] = &[
    column("email", "email", Text, "e-mail"),
    column("validity", "validity", Text, "`valid`, `invalid`, `catch_all` or `valid_catch_all`"),
    column("provider", "provider", Text, "validation provider"),
    column("error_code", "error.code", Text, "why validation failed"),
    column("error_message", "error.message", Text, "the provider's words for it"),
];

const LEADING: [Column; N_LEADING] = [
    derived("event_id", Text, "id of the webhook event"),
    derived("tenant", Text, "your tag of the customer or site"),
    derived("session_id", Text, "session id"),
    derived("visitor_id", Text, "visitor id, one a browser"),
    derived("event_type", Text, "the event's type"),
    derived("created_at", Time, "when the sender created the event"),
];

const LEADING_POSITION: [Column; N_LEADING + 1] =
    joined(&LEADING, &[derived("position", Int, "place in the event, from 0")]);

const LEADING_COMPANY: [Column; N_LEADING + 2] = joined(
    &LEADING_POSITION,
    &[derived("company_domain", Text, "the account: registrable domain of the company")],
);

/// Joins two lists of columns when the program is compiled.
const fn joined<const N: usize>(first: &[Column], second: &[Column]) -> [Column; N] {
    let mut columns = [derived("", Text, ""); N];
    let mut at = 0;
    while at < N {
        columns[at] = if at < first.len() { first[at] } else { second[at - first.len()] };
        at += 1;
    }
    columns
}
