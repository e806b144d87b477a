//! The views that bundled reports and users' SQL see, one file each in `queries/views/`.

/// Names and definitions, in an order in which each finds those it uses.
pub const VIEWS: [(&str, &str); 15] = [
    ("sessions", include_str!("../../queries/views/sessions.sql")),
    ("pageviews", include_str!("../../queries/views/pageviews.sql")),
    ("utm", include_str!("../../queries/views/utm.sql")),
    ("companies", include_str!("../../queries/views/companies.sql")),
    ("people", include_str!("../../queries/views/people.sql")),
    ("identities", include_str!("../../queries/views/identities.sql")),
    ("email_validations", include_str!("../../queries/views/email_validations.sql")),
    ("raw_events", include_str!("../../queries/views/raw_events.sql")),
    ("dead_letters", include_str!("../../queries/views/dead_letters.sql")),
    ("conversions", include_str!("../../queries/views/conversions.sql")),
    ("spend", include_str!("../../queries/views/spend.sql")),
    ("visits", include_str!("../../queries/views/visits.sql")),
    ("conversion_events", include_str!("../../queries/views/conversion_events.sql")),
    ("account_facts", include_str!("../../queries/views/account_facts.sql")),
    ("touchpoints", include_str!("../../queries/views/touchpoints.sql")),
];
