//! Table `sessions`: a finalized session, one row an `identity.session.finalized` event.
//!
//! The same columns read the `session` object of every event type, since it also says which
//! session, visitor and tenant an event belongs to.

use crate::schema::ColumnType::{Bool, Float, Int, Json, Structs, Text, Time};
use crate::schema::{Column, Latest, OF_SESSION, Table, Unique, column, derived, position};

/// The table.
pub static TABLE: Table = Table {
    name: "sessions",
    doc: "a finalized session",
    columns: COLUMNS,
    time: "started_at",
    unique: Unique {
        group: OF_SESSION,
        latest: Latest::By("finalized_at"),
        row: &[],
        first: Some("received_at"),
    },
};

/// The columns.
pub static COLUMNS: &[Column] = &[
    derived("event_id", Text, "id of the webhook event"),
    column("tenant", "tenant", Text, "your tag of the customer or site, from the pixel's address"),
    column("session_id", "sid", Text, "session id"),
    column("visitor_id", "vid", Text, "visitor id, one a browser"),
    column("pixel_id", "pid", Text, "tracking pixel id"),
    derived("received_at", Time, "when tributary received the webhook"),
    derived("created_at", Time, "when the sender created the event"),
    column("started_at", "createdAt", Time, "start of the session"),
    column("last_activity_at", "lastActivity", Time, "last activity in the session"),
    column("ended_at", "endedAt", Time, "end of the session"),
    derived("finalized_at", Time, "when the sender finalized the session"),
    derived("duration_ms", Int, "from start to end, milliseconds"),
    derived("event_count", Int, "events the sender counted"),
    derived("pageview_count", Int, "events whose signal is `pageview`"),
    column("landing_page", "landingPage", Text, "address of the first page"),
    column("landing_title", "landingTitle", Text, "title of the first page"),
    derived("landing_host", Text, "host of the first page, lower case"),
    derived("landing_path", Text, "path of the first page"),
    derived("exit_page", Text, "address of the last page"),
    column("referrer", "referrer", Text, "address the visitor came from"),
    derived("referrer_host", Text, "host of the referrer, lower case, without `www.`"),
    column("utm_source", "utm.source", Text, "utm_source as sent"),
    column("utm_medium", "utm.medium", Text, "utm_medium as sent"),
    column("utm_campaign", "utm.campaign", Text, "utm_campaign as sent"),
    column("utm_term", "utm.term", Text, "utm_term as sent"),
    column("utm_content", "utm.content", Text, "utm_content as sent"),
    column("gclid", "gclid", Text, "Google click id"),
    column("fbclid", "fbclid", Text, "Meta click id"),
    column("user_agent", "userAgent", Text, "user agent as sent"),
    derived("browser", Text, "browser's name"),
    derived("os", Text, "operating system's name"),
    derived("device", Text, "`desktop`, `mobile`, `tablet`, `bot` or `other`"),
    column("screen_width", "screen.width", Int, "screen width, pixels"),
    column("screen_height", "screen.height", Int, "screen height, pixels"),
    column("timezone", "timezone", Text, "IANA time zone"),
    column("ip", "network.ip", Text, "IP address"),
    column("country", "network.country", Text, "country, ISO 3166 alpha-2"),
    column("city", "network.city", Text, "city"),
    column("region", "network.region", Text, "region"),
    column("region_code", "network.regionCode", Text, "region's code"),
    column("postal_code", "network.postalCode", Text, "postal code"),
    column("latitude", "network.latitude", Float, "latitude, degrees"),
    column("longitude", "network.longitude", Float, "longitude, degrees"),
    column("continent", "network.continent", Text, "continent's code"),
    column("asn", "network.asn.code", Int, "autonomous system's number"),
    column("asn_name", "network.asn.name", Text, "autonomous system's name"),
    column("colo", "network.colo", Text, "data centre that took the visit"),
    column("metro_code", "network.metroCode", Text, "metro code"),
    column("is_eu", "network.isEU", Bool, "whether the country is in the EU"),
    column("bot_score", "network.botManagement.score", Int, "1 a bot, 99 a human, 0 not computed"),
    column("verified_bot", "network.botManagement.verifiedBot", Bool, "a known, honest bot"),
    column("corporate_proxy", "network.botManagement.corporateProxy", Bool, "a company's proxy"),
    column(
        "verified_bot_category",
        "network.botManagement.verifiedBotCategory",
        Text,
        "category of the known bot",
    ),
    column("options", "options", Json, "the pixel's options, JSON"),
    derived("person_key", Text, "e-mail, else LinkedIn id or address, else visitor id"),
    derived("email", Text, "e-mail of the identified person, as sent"),
    derived("company_domain", Text, "the account: registrable domain of the company"),
    derived(
        "is_bot",
        Bool,
        "a verified bot, a low bot score outside a company's proxy, or a crawler",
    ),
    derived("channel", Text, "channel of the default grouping"),
    derived("channel_rule", Text, "the rule that chose the channel"),
    derived("source", Text, "resolved source: from utm, else click id, else referrer"),
    derived("medium", Text, "resolved medium"),
    derived("campaign", Text, "resolved campaign"),
    derived("click_id_type", Text, "which click id it has, such as `gclid`"),
];

/// The columns, and behind them the page views, which are rows of a table of their own.
pub static SESSION_OBJECT: &[Column] = &{
    let mut columns = [column("events", "events", Structs(super::pageviews::COLUMNS), ""); N + 1];
    let mut at = 0;
    while at < N {
        columns[at] = COLUMNS[at];
        at += 1;
    }
    columns
};
const N: usize = COLUMNS.len();

/// Positions of columns that code fills in or reads.
pub(crate) mod at {
    use super::{COLUMNS, N, position};

    pub(crate) const TENANT: usize = position(COLUMNS, "tenant");
    pub(crate) const SESSION_ID: usize = position(COLUMNS, "session_id");
    pub(crate) const VISITOR_ID: usize = position(COLUMNS, "visitor_id");
    pub(crate) const PIXEL_ID: usize = position(COLUMNS, "pixel_id");
    pub(crate) const RECEIVED_AT: usize = position(COLUMNS, "received_at");
    pub(crate) const CREATED_AT: usize = position(COLUMNS, "created_at");
    pub(crate) const STARTED_AT: usize = position(COLUMNS, "started_at");
    pub(crate) const LAST_ACTIVITY_AT: usize = position(COLUMNS, "last_activity_at");
    pub(crate) const ENDED_AT: usize = position(COLUMNS, "ended_at");
    pub(crate) const FINALIZED_AT: usize = position(COLUMNS, "finalized_at");
    pub(crate) const DURATION_MS: usize = position(COLUMNS, "duration_ms");
    pub(crate) const EVENT_COUNT: usize = position(COLUMNS, "event_count");
    pub(crate) const PAGEVIEW_COUNT: usize = position(COLUMNS, "pageview_count");
    pub(crate) const LANDING_PAGE: usize = position(COLUMNS, "landing_page");
    pub(crate) const LANDING_HOST: usize = position(COLUMNS, "landing_host");
    pub(crate) const LANDING_PATH: usize = position(COLUMNS, "landing_path");
    pub(crate) const EXIT_PAGE: usize = position(COLUMNS, "exit_page");
    pub(crate) const REFERRER: usize = position(COLUMNS, "referrer");
    pub(crate) const REFERRER_HOST: usize = position(COLUMNS, "referrer_host");
    /// `utm_source`, the first of five
    pub(crate) const UTM_SOURCE: usize = position(COLUMNS, "utm_source");
    pub(crate) const GCLID: usize = position(COLUMNS, "gclid");
    pub(crate) const FBCLID: usize = position(COLUMNS, "fbclid");
    pub(crate) const USER_AGENT: usize = position(COLUMNS, "user_agent");
    /// `browser`, before `os` and `device`
    pub(crate) const BROWSER: usize = position(COLUMNS, "browser");
    pub(crate) const BOT_SCORE: usize = position(COLUMNS, "bot_score");
    pub(crate) const VERIFIED_BOT: usize = position(COLUMNS, "verified_bot");
    pub(crate) const CORPORATE_PROXY: usize = position(COLUMNS, "corporate_proxy");
    pub(crate) const PERSON_KEY: usize = position(COLUMNS, "person_key");
    pub(crate) const EMAIL: usize = position(COLUMNS, "email");
    pub(crate) const COMPANY_DOMAIN: usize = position(COLUMNS, "company_domain");
    pub(crate) const IS_BOT: usize = position(COLUMNS, "is_bot");
    /// `channel`, the first of six that tell what brought the session
    pub(crate) const CHANNEL: usize = position(COLUMNS, "channel");
    /// `click_id_type`, the last of them
    pub(crate) const CLICK_ID_TYPE: usize = position(COLUMNS, "click_id_type");
    /// The page views, behind the columns.
    pub(crate) const EVENTS: usize = N;
}
