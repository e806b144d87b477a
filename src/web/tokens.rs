//! Tokens: who may see the dashboard and call the API, and what each of them may.
//!
//! A tokens file is TOML, a table a token:
//!
//! ```text
//! [[tokens]]
//! name = "agency"                  # what logs call it; each its own
//! token = "…"                      # or token-sha256 = "<64 hex digits>", so that the file holds none
//! tenants = ["acme", "globex"]     # all without it
//! role = "analyst"                 # viewer (default), analyst or admin
//! masked = true                    # people's names and addresses are hidden
//! expires = "2027-03-31"           # its last day, UTC, or a time with its offset
//! ```
//!
//! Of a token only its SHA-256 is kept, and digests are compared whole: time tells nothing. No
//! message quotes what stands in the file but names and keys.

use std::fmt;

use chrono::{DateTime, Days, NaiveDate, NaiveTime};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

mod file;
pub mod kept;

/// A token has this many bytes at least.
pub const TOKEN_BYTES_MIN: usize = 16;

/// What somebody may; each role may what the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// To read reports and the dashboard.
    Viewer,
    /// To see the SQL of reports too.
    Analyst,
    /// To see how ingestion is doing, and all else that is about running it.
    Admin,
}

impl Role {
    /// All roles, from the least.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Analyst, Self::Admin];

    /// Returns its name in files, answers and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Analyst => "analyst",
            Self::Admin => "admin",
        }
    }
}

/// Who asks, and what they may see; every request behind the gate has one in its extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The token's name.
    pub name: String,
    /// The tenants whose rows are shown; `None` shows all.
    pub tenants: Option<Vec<String>>,
    /// What may be done.
    pub role: Role,
    /// Whether people's names and addresses are hidden.
    pub masked: bool,
}

/// A token, without itself.
#[derive(Clone)]
pub struct Token {
    access: Access,
    digest: [u8; 32],
    /// When it is none any more.
    ends_ms: Option<i64>,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Token");
        shown.field("access", &self.access).field("ends_ms", &self.ends_ms).finish_non_exhaustive()
    }
}

impl Token {
    /// Returns what it lets one do.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Returns when it ends, in milliseconds since 1970, if ever.
    #[must_use]
    pub fn ends_ms(&self) -> Option<i64> {
        self.ends_ms
    }

    /// Tells whether it is one no more.
    #[must_use]
    pub fn has_ended(&self, now_ms: i64) -> bool {
        self.ends_ms.is_some_and(|ends_ms| now_ms >= ends_ms)
    }

    pub(super) fn digest(&self) -> &[u8; 32] {
        &self.digest
    }
}

/// The tokens that there are; at least one.
#[derive(Debug, Clone)]
pub struct Tokens(Vec<Token>);

impl Tokens {
    /// Makes the tokens of somebody who gave none: this one, which may everything.
    #[must_use]
    pub fn one(token: &str) -> Self {
        let name = "dashboard-token".to_owned();
        let access = Access { name, tenants: None, role: Role::Admin, masked: false };
        Self(vec![Token { access, digest: digest_of(token.as_bytes()), ends_ms: None }])
    }

    /// Reads a tokens file.
    ///
    /// # Errors
    /// A sentence that names the token at fault and what to do; it quotes no value.
    pub fn parse(text: &str) -> Result<Self, String> {
        file::parse(text).map(Self)
    }

    /// Returns them.
    #[must_use]
    pub fn all(&self) -> &[Token] {
        &self.0
    }

    /// Finds the token that is shown, unless it has ended.
    #[must_use]
    pub fn find(&self, shown: &[u8], now_ms: i64) -> Option<&Token> {
        Self::find_in(&self.0, |token| token, shown, now_ms)
    }

    /// Finds what stands with the token that is shown, unless it has ended.
    pub(super) fn find_in<'a, T>(
        all: &'a [T],
        token: impl Fn(&T) -> &Token,
        shown: &[u8],
        now_ms: i64,
    ) -> Option<&'a T> {
        let digest = digest_of(shown);
        // All are looked at, wherever the right one stands.
        let equal = all.iter().filter(|with| token(with).digest.ct_eq(&digest).into());
        let found = equal.fold(None, |_, with| Some(with));
        found.filter(|with| !token(with).has_ended(now_ms))
    }
}

fn digest_of(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// Reads when a token ends: after a day, or at a time with its offset.
fn end_of(text: &str) -> Option<i64> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        let after = day.checked_add_days(Days::new(1))?;
        return Some(after.and_time(NaiveTime::MIN).and_utc().timestamp_millis());
    }
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.timestamp_millis())
}

#[cfg(test)]
mod tests;
