//! Signatures of Standard Webhooks 1.0: HMAC-SHA-256 over `{id}.{timestamp}.{body}`.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The variable that holds the secret, as for the program itself.
pub const SECRET_VARIABLE: &str = "TRIBUTARY_WEBHOOK_SECRETS";
/// Bytes of a signature before it is base64.
pub const SIGNATURE_BYTES: usize = 32;

const PREFIX: &str = "whsec_";

/// A key, prepared once.
#[derive(Debug, Clone)]
pub struct Key(Hmac<Sha256>);

impl Key {
    /// Reads the secret from the environment.
    ///
    /// # Errors
    /// If there is none or it is no base64.
    pub fn from_environment() -> anyhow::Result<Self> {
        let secret = std::env::var(SECRET_VARIABLE).context(SECRET_VARIABLE)?;
        let text = secret.strip_prefix(PREFIX).unwrap_or(&secret);
        let key = STANDARD.decode(text).context(SECRET_VARIABLE)?;
        Ok(Self(Hmac::new_from_slice(&key).expect("HMAC takes a key of any length")))
    }

    /// Signs a message whose parts are written one after the other.
    #[must_use]
    pub fn sign(&self, parts: &[&[u8]]) -> [u8; SIGNATURE_BYTES] {
        self.fed(parts).finalize().into_bytes().into()
    }

    /// Checks a signature, in constant time.
    #[must_use]
    pub fn is_valid(&self, parts: &[&[u8]], signature: &[u8]) -> bool {
        self.fed(parts).verify_slice(signature).is_ok()
    }

    fn fed(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        mac
    }
}

/// Returns the time in milliseconds since the Unix epoch.
#[must_use]
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
