//! The webhook as every stage sees it: who signed it, what it is called, and its envelope.
//!
//! [`Record`] is the unit of the journal: the exact body plus what the request said about it.
//! [`Envelope`] is the outer layer of the body, read without touching `data`.

pub mod scan;
pub mod walk;

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The signature scheme, or other way, by which a webhook was let in.
///
/// The numbers are persisted in the journal: keep them stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Scheme {
    /// Let in without a signature, by `--allow-unsigned`.
    Unsigned = 0,
    /// Standard Webhooks with the base64-decoded secret.
    StandardBase64 = 1,
    /// Standard Webhooks with the secret's text, prefix stripped.
    StandardUtf8 = 2,
    /// Standard Webhooks with the secret's whole text, prefix included.
    StandardUtf8Prefixed = 3,
    /// The older `x-midbound-signature` header.
    Legacy = 4,
    /// Read from a file by `import`; no signature was there to check.
    Import = 5,
}

impl Scheme {
    /// All schemes, in the order of their numbers.
    pub const ALL: [Self; 6] = [
        Self::Unsigned,
        Self::StandardBase64,
        Self::StandardUtf8,
        Self::StandardUtf8Prefixed,
        Self::Legacy,
        Self::Import,
    ];

    /// Returns the name that `raw_events.signature_scheme` shows.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::StandardBase64 => "standard_base64",
            Self::StandardUtf8 => "standard_utf8",
            Self::StandardUtf8Prefixed => "standard_utf8_prefixed",
            Self::Legacy => "legacy",
            Self::Import => "import",
        }
    }

    /// Returns the scheme with this number, if there is one.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| *scheme as u8 == number)
    }
}

/// What the journal knows of a record beside its bytes; persisted, keep the numbers stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum RecordKind {
    /// A webhook seen for the first time.
    Event = 1,
    /// A webhook whose id had been used for another body.
    IdConflict = 2,
}

/// One webhook as received.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// The event, or an id used twice.
    pub kind: RecordKind,
    /// How it was let in.
    pub scheme: Scheme,
    /// The `webhook-id` header, or what stands for it; the key of deduplication.
    pub webhook_id: String,
    /// Wall time of receipt, milliseconds since the Unix epoch.
    pub received_at_ms: i64,
    /// The exact bytes of the body.
    pub body: Bytes,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("kind", &self.kind)
            .field("scheme", &self.scheme)
            .field("webhook_id", &self.webhook_id)
            .field("received_at_ms", &self.received_at_ms)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

/// The outer layer of a webhook body; a field of an unexpected type reads as absent.
#[derive(Debug, Default, Deserialize)]
pub struct Envelope<'a> {
    /// The event's id, `evt_…`.
    #[serde(borrow, default)]
    pub id: Lenient<'a>,
    /// The event's type, such as `identity.session.finalized`.
    #[serde(borrow, default, rename = "type")]
    pub event_type: Lenient<'a>,
    /// Milliseconds since the Unix epoch.
    #[serde(borrow, default)]
    pub created: Lenient<'a>,
    /// What early versions of the sender had instead of `created`, ISO 8601 text.
    #[serde(borrow, default)]
    pub timestamp: Lenient<'a>,
    /// The payload, unread.
    #[serde(borrow, default)]
    pub data: Option<&'a RawValue>,
}

impl<'a> Envelope<'a> {
    /// Reads the envelope of a JSON object.
    ///
    /// # Errors
    /// The parser's message if `body` is not a JSON object.
    pub fn parse(body: &'a str) -> Result<Self, serde_json::Error> {
        let envelope = serde_json::from_str(body)?;
        if !body.trim_start().starts_with('{') {
            return Err(serde::de::Error::custom("not an object"));
        }
        Ok(envelope)
    }

    /// Whether this is an event: it has an id, a type and an object as data.
    #[must_use]
    pub fn is_event(&self) -> bool {
        self.id.text().is_some_and(|id| !id.is_empty())
            && self.event_type.text().is_some()
            && self.data.is_some_and(|data| data.get().starts_with('{'))
    }
}

/// A scalar that is kept if it is text or a number and dropped if it is anything else.
#[derive(Debug, Default, Clone, PartialEq)]
pub enum Lenient<'a> {
    /// Absent, null or of another type.
    #[default]
    Absent,
    /// A JSON string.
    Text(Cow<'a, str>),
    /// A JSON number.
    Number(f64),
}

impl Lenient<'_> {
    /// Returns the text, if it is text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Absent | Self::Number(_) => None,
        }
    }

    /// Returns the number, if it is one.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Absent | Self::Text(_) => None,
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Lenient<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LenientVisitor)
    }
}

struct LenientVisitor;

impl<'de> Visitor<'de> for LenientVisitor {
    type Value = Lenient<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Lenient::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Lenient::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Lenient::Number(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Lenient::Number(number as f64))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Lenient::Number(number as f64))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Lenient::Absent)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Lenient::Absent)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Lenient::Absent)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Lenient::Absent)
    }
}
