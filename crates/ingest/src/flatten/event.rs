//! An event's payload, read in one pass: what every table's rows are made of.

use serde_json::value::RawValue;

use super::reading::{ITEMS_MAX, ROWS_MAX, Reading};
use super::shape::Shape;
use super::slot::Slot::Null;
use super::slot::{Row, Slot};
use super::{company, identities, mismatch, people, sessions, time, walk};
use crate::event::scan::{self, Excess};
use crate::event::{Envelope, Lenient, Record};
use crate::schema::ColumnType::{Int, Struct, Structs, Text, Time};
use crate::schema::{Column, column, position};
use crate::text;

/// Positions in a context's leading columns.
const TENANT: usize = 1;
const SESSION_ID: usize = 2;
const VISITOR_ID: usize = 3;
const EVENT_TYPE: usize = 4;
const CREATED_AT: usize = 5;
/// Ids are repeated in each row of an event; a longer one is none.
const ID_BYTES_MAX: usize = 512;

/// What is read from `data`, over all event types.
pub static DATA: &[Column] = &[
    column("session", "session", Struct(sessions::SESSION_OBJECT), "the session"),
    column("person", "enrichment.person", Struct(people::PERSON), "the person"),
    column("companies", "enrichment.companies", Structs(company::FULL), "companies"),
    column("email_validations", "enrichment.emailValidations", Structs(people::VALIDATION), ""),
    column("validations", "validations", Structs(people::VALIDATION), "validated addresses"),
    column("identity", "identity", Struct(identities::COLUMNS), "who was recognised"),
    column("pixel_id", "attribution.pixelId", Text, "pixel"),
    column("prid", "attribution.prid", Text, "provider resolution id"),
    column("session_id", "attribution.sessionId", Text, "session"),
    column("visitor_id", "attribution.vid", Text, "visitor"),
    column("ended_at", "sessionEndedAt", Time, "end of the session"),
    column("event_count", "eventCount", Int, "events the sender counted"),
    column("finalized_at", "finalizedAt", Time, "when the sender finalized the session"),
];

/// Positions in [`DATA`].
pub(crate) mod at {
    use super::{DATA, position};

    pub(crate) const SESSION: usize = position(DATA, "session");
    pub(crate) const PERSON: usize = position(DATA, "person");
    pub(crate) const COMPANIES: usize = position(DATA, "companies");
    pub(crate) const EMAIL_VALIDATIONS: usize = position(DATA, "email_validations");
    pub(crate) const VALIDATIONS: usize = position(DATA, "validations");
    pub(crate) const IDENTITY: usize = position(DATA, "identity");
    pub(crate) const PIXEL_ID: usize = position(DATA, "pixel_id");
    pub(crate) const PRID: usize = position(DATA, "prid");
    pub(crate) const SESSION_ID: usize = position(DATA, "session_id");
    pub(crate) const VISITOR_ID: usize = position(DATA, "visitor_id");
    pub(crate) const ENDED_AT: usize = position(DATA, "ended_at");
    pub(crate) const EVENT_COUNT: usize = position(DATA, "event_count");
    pub(crate) const FINALIZED_AT: usize = position(DATA, "finalized_at");
}

/// Why an event stands in `dead_letters`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseFailure {
    /// `not_utf8`, `not_json`, `too_deep`, `too_large`, `no_envelope`, `id_conflict`,
    /// `unexpected_type` or `repaired`.
    pub reason: &'static str,
    /// Where it is, or the parser's message.
    pub path: Option<String>,
}

impl ParseFailure {
    pub(super) fn new(reason: &'static str, path: Option<String>) -> Self {
        Self { reason, path }
    }
}

/// What an event says of itself; the columns that all its rows share.
#[derive(Debug, PartialEq)]
pub struct Context<'a> {
    /// `event_id`, `tenant`, `session_id` and `visitor_id`, the event's type, and when the sender
    /// created it, milliseconds.
    pub leading: [Slot<'a>; 6],
    /// When it was received, milliseconds.
    pub received_at: Slot<'a>,
    /// The partition of all its rows: days since the Unix epoch.
    pub date: i32,
}

impl<'a> Context<'a> {
    /// Returns the columns that all tables begin with.
    #[must_use]
    pub fn ids(&self) -> &[Slot<'a>] {
        &self.leading[..EVENT_TYPE]
    }

    /// Returns the visitor's id, if there is one.
    #[must_use]
    pub fn visitor_id(&self) -> Option<&str> {
        self.leading[VISITOR_ID].as_filled()
    }

    /// Returns the event's type, text or null.
    #[must_use]
    pub fn event_type(&self) -> &Slot<'a> {
        &self.leading[EVENT_TYPE]
    }

    /// Returns when the sender created the event, milliseconds or null.
    #[must_use]
    pub fn created_at(&self) -> &Slot<'a> {
        &self.leading[CREATED_AT]
    }

    /// Makes the context of an event of which nothing can be read.
    #[must_use]
    pub fn unread(record: &'a Record) -> Self {
        Self {
            leading: [Slot::text(Some(&record.webhook_id)), Null, Null, Null, Null, Null],
            received_at: Slot::Int(record.received_at_ms),
            date: time::own_day(record.received_at_ms),
        }
    }

    /// Makes the context of an event whose envelope was read.
    #[must_use]
    pub fn of(record: &'a Record, envelope: Envelope<'a>, data: &Row<'a>) -> Self {
        let mut context = Self::unread(record);
        if let Lenient::Text(id) = envelope.id
            && (1..=ID_BYTES_MAX).contains(&id.len())
        {
            context.leading[0] = Slot::Text(id);
        }
        if let Lenient::Text(event_type) = envelope.event_type {
            context.leading[EVENT_TYPE] = Slot::Text(event_type);
        }
        let created_ms = lenient_time(&envelope.created).or(lenient_time(&envelope.timestamp));
        context.leading[CREATED_AT] = Slot::int(created_ms);
        let session = data.get(at::SESSION).and_then(|slot| slot.rows().first());
        let field = |index: usize, fallback: Option<usize>| {
            let own = session.and_then(|row| row[index].filled());
            let id = own.or(fallback.and_then(|index| data.get(index)?.filled()));
            let is_short = |id: &&Slot<'_>| id.as_text().is_some_and(|id| id.len() <= ID_BYTES_MAX);
            id.filter(is_short).cloned().unwrap_or_default()
        };
        context.leading[TENANT] = field(sessions::at::TENANT, None);
        context.leading[SESSION_ID] = field(sessions::at::SESSION_ID, Some(at::SESSION_ID));
        context.leading[VISITOR_ID] = field(sessions::at::VISITOR_ID, Some(at::VISITOR_ID));
        let started_ms = session.and_then(|row| row[sessions::at::STARTED_AT].as_int());
        let day = started_ms.and_then(time::day).or(created_ms.and_then(time::day));
        context.date = day.unwrap_or(context.date);
        context
    }
}

/// An event's context, its payload if it has one, and what is wrong with it.
pub type Read<'a> = (Context<'a>, Option<Row<'a>>, Option<ParseFailure>);

/// Reads an event's envelope and payload.
///
/// Returns its context, its payload, and what is wrong with it; without a payload nothing but
/// the context can be used.
pub fn read<'a>(shape: &Shape, record: &'a Record) -> Read<'a> {
    let Ok(body) = simdutf8::basic::from_utf8(text::without_mark(&record.body)) else {
        return (Context::unread(record), None, Some(ParseFailure::new("not_utf8", None)));
    };
    walked(shape, record, body).unwrap_or_else(|| parsed(shape, record, body))
}

/// Reads an event as [`read`] does, by the parser alone: what the walk is compared with.
pub fn read_by_parser<'a>(shape: &Shape, record: &'a Record) -> Read<'a> {
    match str::from_utf8(&record.body) {
        Ok(body) => parsed(shape, record, body),
        Err(_) => (Context::unread(record), None, Some(ParseFailure::new("not_utf8", None))),
    }
}

/// Reads what is as it should be, in one walk; `None` leaves the event to the parser.
fn walked<'a>(shape: &Shape, record: &'a Record, body: &'a str) -> Option<Read<'a>> {
    let reading = Reading::default();
    let (envelope, data) = Envelope::walk(body, |walk| walk::row(walk, shape, &reading))?;
    envelope.event_type.text()?;
    let data = data?;
    if untimely(&envelope).is_some() {
        return None;
    }
    Some((Context::of(record, envelope, &data), Some(data), None))
}

/// Reads any event, and says what is wrong with it.
fn parsed<'a>(shape: &Shape, record: &'a Record, body: &'a str) -> Read<'a> {
    if let Err(excess) = scan::check(body.as_bytes()) {
        return (Context::unread(record), None, Some(excess.into()));
    }
    let envelope = match Envelope::parse(body) {
        Ok(envelope) => envelope,
        Err(error) => {
            let reason = if error.is_data() { "no_envelope" } else { "not_json" };
            let failure = ParseFailure::new(reason, Some(position_of(&error)));
            return (Context::unread(record), None, Some(failure));
        }
    };
    let reading = Reading::default();
    let data = match envelope.data.map(|data| shape.read(data.get(), &reading)) {
        Some(Ok(data)) => data,
        Some(Err(error)) => {
            let failure =
                ParseFailure::new("not_json", Some(format!("data: {}", position_of(&error))));
            return (Context::of(record, envelope, &vec![]), None, Some(failure));
        }
        None => None,
    };
    let missing = match (&data, envelope.event_type.text()) {
        (Some(_), Some(_)) => None,
        (_, None) => Some("type"),
        (None, _) => Some("data"),
    };
    if let Some(missing) = missing {
        let failure = ParseFailure::new("no_envelope", Some(missing.to_owned()));
        return (Context::of(record, envelope, &vec![]), None, Some(failure));
    }
    let data = data.expect("an event without data was left above");
    let failure = failure_of(shape, &reading, envelope.data.map(RawValue::get));
    let failure = failure.or_else(|| {
        let key = untimely(&envelope)?;
        Some(ParseFailure::new("unexpected_type", Some(key.to_owned())))
    });
    (Context::of(record, envelope, &data), Some(data), failure)
}

/// Returns what did not fit into the rows of an event.
fn failure_of(shape: &Shape, reading: &Reading, data: Option<&str>) -> Option<ParseFailure> {
    if reading.has_overflow() {
        let limit = format!("data: more than {ROWS_MAX} objects, or {ITEMS_MAX} texts in lists");
        return Some(ParseFailure::new("too_large", Some(limit)));
    }
    reading.has_mismatch().then(|| {
        let path = data.and_then(|data| mismatch::first(shape, data));
        let path = path.map(|path| format!("data.{path}"));
        ParseFailure::new("unexpected_type", path.or_else(|| Some("data".to_owned())))
    })
}

impl From<Excess> for ParseFailure {
    fn from(excess: Excess) -> Self {
        let (reason, limit) = match excess {
            Excess::Depth(at) => {
                ("too_deep", format!("byte {at}: deeper than {}", scan::DEPTH_MAX))
            }
            Excess::Values(at) => {
                ("too_large", format!("byte {at}: more than {} values", scan::VALUES_MAX))
            }
        };
        Self::new(reason, Some(limit))
    }
}

/// Returns where the parser stopped, and why if its words hold nothing of the body.
fn position_of(error: &serde_json::Error) -> String {
    if error.is_data() {
        return format!("expected an object at line {} column {}", error.line(), error.column());
    }
    error.to_string()
}

/// Returns the key of the envelope's time, if it is there and can't be one.
fn untimely(envelope: &Envelope<'_>) -> Option<&'static str> {
    let fields = [("created", &envelope.created), ("timestamp", &envelope.timestamp)];
    let is_absent = |value: &Lenient<'_>| match value {
        Lenient::Absent => true,
        Lenient::Text(text) => text.trim().is_empty(),
        Lenient::Number(_) => false,
    };
    let (key, value) = fields.into_iter().find(|(_, value)| !is_absent(value))?;
    lenient_time(value).is_none().then_some(key)
}

fn lenient_time(value: &Lenient<'_>) -> Option<i64> {
    match value {
        Lenient::Number(number) => time::from_number(*number),
        Lenient::Text(text) => time::parse(text),
        Lenient::Absent => None,
    }
}

#[cfg(test)]
mod tests;
