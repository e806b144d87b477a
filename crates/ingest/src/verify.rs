//! Is this webhook from the sender? Pure: takes the headers, the exact bytes and the time.
//!
//! Two schemes, one a file: [`standard`] (Standard Webhooks 1.0) and [`legacy`] (the older
//! `x-midbound-signature`). A request is measured by one of them: the standard one if its
//! signature header is there. All secrets and all readings of a secret are tried, every
//! comparison takes constant time, and which reading matched is told.

pub mod given;
pub mod legacy;
pub mod secret;
pub mod standard;

use crate::event::Scheme;

pub use self::secret::{KeyEncoding, Secret, SecretError};

/// How far a timestamp may lie from now, either way, inclusive.
pub const TOLERANCE_SECONDS: i64 = 300;
/// The longest signature header that is read.
const HEADER_BYTES_MAX: usize = 4096;
/// The longest webhook id that is accepted.
pub const ID_BYTES_MAX: usize = 256;

/// The headers that matter, as they came.
#[derive(Debug, Clone, Copy, Default)]
pub struct Headers<'a> {
    /// `webhook-id`
    pub id: Option<&'a [u8]>,
    /// `webhook-timestamp`
    pub timestamp: Option<&'a [u8]>,
    /// `webhook-signature`
    pub signature: Option<&'a [u8]>,
    /// `x-midbound-signature`
    pub legacy_signature: Option<&'a [u8]>,
}

/// A webhook's headers, by the scheme that measures it.
#[derive(Debug)]
pub enum Signed<'a> {
    /// By Standard Webhooks.
    Standard(standard::Signed<'a>),
    /// By the older scheme.
    Legacy(legacy::Signed<'a>),
}

/// A webhook whose signature holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The scheme and reading of the secret that matched.
    pub scheme: Scheme,
    /// The signed id; the legacy scheme signs none.
    pub webhook_id: Option<String>,
}

/// Why a webhook is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// A header that the scheme needs is not there.
    #[error("missing header {0}")]
    Missing(&'static str),
    /// A header can't be read.
    #[error("malformed header {0}")]
    Malformed(&'static str),
    /// The timestamp is too far from now.
    #[error("timestamp is more than 300 seconds off")]
    Timestamp,
    /// No secret gives this signature.
    #[error("no matching signature")]
    Mismatch,
}

/// Checks signatures against a set of secrets.
#[derive(Debug)]
pub struct Verifier {
    secrets: Vec<Secret>,
}

impl Verifier {
    /// Makes a verifier that accepts any of the secrets.
    #[must_use]
    pub fn new(secrets: Vec<Secret>) -> Self {
        Self { secrets }
    }

    /// Reads a webhook's headers at `now_s`, seconds since the Unix epoch: what can be refused
    /// before its body is there.
    ///
    /// # Errors
    /// The reason to refuse it.
    pub fn read<'a>(headers: &Headers<'a>, now_s: i64) -> Result<Signed<'a>, VerifyError> {
        match (headers.signature, headers.legacy_signature) {
            (None, Some(signature)) => legacy::read(signature, now_s).map(Signed::Legacy),
            _ => standard::read(headers, now_s).map(Signed::Standard),
        }
    }

    /// Checks a webhook's body.
    ///
    /// # Errors
    /// [`VerifyError::Mismatch`].
    pub fn check(&self, signed: &Signed<'_>, body: &[u8]) -> Result<Verified, VerifyError> {
        match signed {
            Signed::Standard(signed) => standard::check(&self.secrets, signed, body),
            Signed::Legacy(signed) => legacy::check(&self.secrets, signed, body),
        }
    }

    /// Checks a whole webhook at `now_s`.
    ///
    /// # Errors
    /// The reason to refuse it.
    pub fn verify(
        &self,
        headers: &Headers<'_>,
        body: &[u8],
        now_s: i64,
    ) -> Result<Verified, VerifyError> {
        self.check(&Self::read(headers, now_s)?, body)
    }
}

/// Reads a timestamp in whole seconds and checks that it is near `now_s`.
fn check_timestamp(text: &str, header: &'static str, now_s: i64) -> Result<i64, VerifyError> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(VerifyError::Malformed(header));
    }
    let timestamp: i64 = text.parse().map_err(|_| VerifyError::Timestamp)?;
    match now_s.checked_sub(timestamp) {
        Some(age) if (-TOLERANCE_SECONDS..=TOLERANCE_SECONDS).contains(&age) => Ok(timestamp),
        _ => Err(VerifyError::Timestamp),
    }
}

#[cfg(test)]
mod tests;
