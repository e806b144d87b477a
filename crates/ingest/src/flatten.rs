//! Flattening: one webhook's JSON becomes rows of the lake's tables.
//!
//! ```text
//! record ─▶ envelope ─▶ payload (one pass, borrowed) ─▶ derived columns ─▶ Arrow builders
//!              │              │                            channel, account, person, agent
//!              ▼              ▼
//!        dead_letters   unexpected types: null in the row, and a dead letter
//! ```
//!
//! No I/O and no clock: the same records give the same rows, which is what lets a flush be
//! repeated and a replay be compared. A table is a list of [`crate::schema::Column`]s; a column
//! with a path is read by the decoder, the others are worked out in [`rows`].
//! Bodies are not copied: `raw_events` keeps each one's place in the segment, and the writer of
//! the file fetches them from there, so that memory does not hold what the disk already has.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use base64::prelude::{BASE64_STANDARD, Engine as _};

use crate::event::{Record, RecordKind};
use crate::schema::{Column, Table};

pub mod account;
pub mod builder;
pub mod channel;
pub mod company;
pub mod decode;
pub mod event;
pub mod identities;
pub mod identity;
pub mod loaded;
pub mod mismatch;
pub mod pageviews;
pub mod people;
pub mod raw_events;
pub mod reading;
pub mod repair;
pub mod rows;
pub mod sessions;
pub mod shape;
pub mod slot;
pub mod time;
pub mod user_agent;
pub mod utm;
mod walk;

use builder::TableBuilder;
use channel::Channels;
use event::{Context, ParseFailure, Read};
use shape::Shape;
use slot::Slot;
use user_agent::Agents;

/// What a body begins with that is no UTF-8 and stands in a table as text.
const ENCODED: &str = "base64:";

/// Why an event is a dead letter.
pub const REASONS: [&str; 8] = [
    "not_utf8",
    "not_json",
    "too_deep",
    "too_large",
    "no_envelope",
    "unexpected_type",
    "repaired",
    "id_conflict",
];

/// All tables of the lake, in the order of its documentation.
pub static TABLES: [&Table; 11] = [
    &sessions::TABLE,
    &pageviews::TABLE,
    &utm::TABLE,
    &people::COMPANIES,
    &people::PEOPLE,
    &identities::TABLE,
    &people::EMAIL_VALIDATIONS,
    &raw_events::TABLE,
    &raw_events::DEAD_LETTERS,
    &loaded::CONVERSIONS,
    &loaded::SPEND,
];
/// How many of them events have rows in.
const N_EVENT_TABLES: usize = 9;

/// Returns the tables that an event has rows in, in the order in which they are committed.
#[must_use]
pub fn event_tables() -> &'static [&'static Table] {
    TABLES.split_at(N_EVENT_TABLES).0
}

/// Returns the table of this name.
#[must_use]
pub fn table(name: &str) -> Option<&'static Table> {
    TABLES.into_iter().find(|table| table.name == name)
}

/// Columns of `raw_events` without the body, which is the last one.
static RAW_COLUMNS: &[Column] = raw_events::COLUMNS.split_at(raw_events::COLUMNS.len() - 1).0;

/// Where a body stands in its segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyAt {
    /// Offset of its first byte.
    pub offset: u64,
    /// Its length in bytes.
    pub length: usize,
}

/// The rows of a segment.
#[derive(Debug)]
pub struct Flattened {
    /// A batch for each table that has rows, but `raw_events`; the first column is `date`.
    pub batches: Vec<(&'static Table, RecordBatch)>,
    /// The rows of `raw_events` without their bodies.
    pub raw: RecordBatch,
    /// The bodies of `raw`, row for row.
    pub bodies: Vec<BodyAt>,
    /// How many events could not be flattened whole, by reason.
    pub parse_failures: Vec<(&'static str, u64)>,
}

/// Turns records into rows.
#[derive(Debug)]
pub struct Flattener {
    shape: Shape,
    agents: Agents,
    channels: Arc<Channels>,
    sessions: TableBuilder,
    pageviews: TableBuilder,
    utm: TableBuilder,
    companies: TableBuilder,
    people: TableBuilder,
    identities: TableBuilder,
    email_validations: TableBuilder,
    dead_letters: TableBuilder,
    raw: TableBuilder,
    bodies: Vec<BodyAt>,
    parse_failures: Vec<(&'static str, u64)>,
}

impl Flattener {
    /// Makes an empty flattener that puts visits into these channels.
    #[must_use]
    pub fn new(channels: Arc<Channels>) -> Self {
        Self {
            channels,
            shape: Shape::new(event::DATA),
            agents: Agents::default(),
            sessions: TableBuilder::new(sessions::COLUMNS),
            pageviews: TableBuilder::new(pageviews::COLUMNS),
            utm: TableBuilder::new(utm::COLUMNS),
            companies: TableBuilder::new(people::COMPANIES.columns),
            people: TableBuilder::new(people::PEOPLE.columns),
            identities: TableBuilder::new(identities::COLUMNS),
            email_validations: TableBuilder::new(people::EMAIL_VALIDATIONS.columns),
            dead_letters: TableBuilder::new(raw_events::DEAD_LETTERS.columns),
            raw: TableBuilder::new(RAW_COLUMNS),
            bodies: vec![],
            parse_failures: vec![],
        }
    }

    /// Adds the rows of one record, whose body stands at `body_at`. Never fails.
    pub fn add(&mut self, record: &Record, body_at: BodyAt) {
        let read = event::read(&self.shape, record);
        if read.2.as_ref().is_some_and(|failure| failure.reason == "not_json") {
            let body = str::from_utf8(&record.body).ok().and_then(repair::repaired);
            if let Some((body, offset)) = body {
                let repaired = Record { body: body.into(), ..record.clone() };
                let (context, data, failure) = event::read(&self.shape, &repaired);
                if data.is_some() {
                    let failure = ParseFailure::new("repaired", Some(format!("byte {offset}")));
                    return self.add_read(record, body_at, (context, data, Some(failure)));
                }
                drop((context, failure));
            }
        }
        self.add_read(record, body_at, read);
    }

    fn add_read(&mut self, record: &Record, body_at: BodyAt, read: Read<'_>) {
        let (context, data, failure) = read;
        if record.kind == RecordKind::IdConflict {
            self.add_failure(record, &context, &ParseFailure::new("id_conflict", None));
            return;
        }
        self.add_raw(record, &context, body_at);
        if let Some(failure) = failure {
            self.add_failure(record, &context, &failure);
        }
        if let Some(data) = data {
            rows::add(self, &context, data);
        }
    }

    /// Returns about how many bytes the rows take that were added.
    #[must_use]
    pub fn bytes(&self) -> usize {
        [
            &self.sessions,
            &self.pageviews,
            &self.utm,
            &self.companies,
            &self.people,
            &self.identities,
            &self.email_validations,
            &self.dead_letters,
            &self.raw,
        ]
        .into_iter()
        .map(TableBuilder::bytes)
        .sum()
    }

    /// Takes the rows that were added.
    ///
    /// # Errors
    /// Arrow's error; it would be a defect.
    pub fn finish(&mut self) -> Result<Flattened, ArrowError> {
        let mut batches = vec![];
        for (table, builder) in [
            (&sessions::TABLE, &mut self.sessions),
            (&pageviews::TABLE, &mut self.pageviews),
            (&utm::TABLE, &mut self.utm),
            (&people::COMPANIES, &mut self.companies),
            (&people::PEOPLE, &mut self.people),
            (&identities::TABLE, &mut self.identities),
            (&people::EMAIL_VALIDATIONS, &mut self.email_validations),
            (&raw_events::DEAD_LETTERS, &mut self.dead_letters),
        ] {
            let batch = builder.finish()?;
            if batch.num_rows() > 0 {
                batches.push((table, batch));
            }
        }
        let raw = self.raw.finish()?;
        let bodies = std::mem::take(&mut self.bodies);
        Ok(Flattened {
            batches,
            raw,
            bodies,
            parse_failures: std::mem::take(&mut self.parse_failures),
        })
    }

    fn add_raw(&mut self, record: &Record, context: &Context<'_>, body_at: BodyAt) {
        let rest = [
            context.received_at.clone(),
            Slot::text(Some(record.scheme.name())),
            Slot::text(Some(&record.webhook_id)),
        ];
        self.raw.append(context.date, &[&context.leading, &rest]);
        self.bodies.push(body_at);
    }

    fn add_failure(&mut self, record: &Record, context: &Context<'_>, failure: &ParseFailure) {
        match self.parse_failures.iter_mut().find(|(reason, _)| *reason == failure.reason) {
            Some((_, n)) => *n += 1,
            None => self.parse_failures.push((failure.reason, 1)),
        }
        let rest = [
            context.event_type().clone(),
            context.received_at.clone(),
            Slot::text(Some(failure.reason)),
            Slot::text(failure.path.as_deref()),
            Slot::owned(Some(body_text(&record.body))),
            Slot::text(Some(&record.webhook_id)),
        ];
        self.dead_letters.append(context.date, &[context.ids(), &rest]);
    }
}

/// Returns a body as the text that `raw_events.body` holds.
#[must_use]
pub fn body_text(body: &[u8]) -> String {
    match str::from_utf8(body) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("{ENCODED}{}", BASE64_STANDARD.encode(body)),
    }
}

/// Returns the bytes of which [`body_text`] made this text: the one reading of stored bodies.
///
/// Bytes that are UTF-8 are never written encoded, so a text that looks so but holds such bytes
/// is a body itself.
#[must_use]
pub fn body_bytes(text: &str) -> Cow<'_, [u8]> {
    let encoded = text.strip_prefix(ENCODED);
    let decoded = encoded.and_then(|text| BASE64_STANDARD.decode(text).ok());
    match decoded.filter(|bytes| str::from_utf8(bytes).is_err()) {
        Some(bytes) => Cow::Owned(bytes),
        None => Cow::Borrowed(text.as_bytes()),
    }
}

#[cfg(test)]
mod tests;
