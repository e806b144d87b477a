//! A signing secret and the keys it may stand for.
//!
//! The vendor's SDKs base64-decode what follows `whsec_`; its documentation's own sample uses
//! that text as it stands, and a third page reads as if the prefix belonged to the key. So each
//! secret has up to three candidate keys, tried in that order; a setting pins one of them. Each
//! key's HMAC state is prepared once.
//!
//! What no key can come of, such as a sample's placeholder, is refused with a reason, since a
//! secret that is not the sender's costs every event: each delivery is answered 401, and the
//! sender gives up after 43 minutes.

use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::event::Scheme;

/// HMAC-SHA-256 with its key already in.
pub(super) type Mac = Hmac<Sha256>;

/// The prefix that marks a Standard Webhooks secret.
pub const PREFIX: &str = "whsec_";

/// Reads base64 with or without padding, as the libraries of several languages do.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Words of samples, without what stands between their letters.
const SAMPLES: [&str; 11] = [
    "yoursecret",
    "yourwebhook",
    "yoursigning",
    "yourkey",
    "secrethere",
    "keyhere",
    "changeme",
    "replaceme",
    "replacewith",
    "placeholder",
    "examplesecret",
];
/// Different characters that a key has at least; random ones of 16 bytes have many more.
const DIFFERENT_MIN: usize = 4;

/// Which bytes of a secret are the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyEncoding {
    /// All three readings, base64 first.
    #[default]
    Auto,
    /// What follows `whsec_`, base64-decoded.
    Base64,
    /// What follows `whsec_`, as text.
    Utf8,
    /// The whole secret as text.
    Utf8Prefixed,
}

/// Why a secret is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// No reading gives a key that is long enough.
    #[error("gives no key of at least {0} bytes")]
    TooShort(usize),
    /// It is what a sample has in the place of a secret.
    #[error("is a placeholder, not a secret")]
    Placeholder,
    /// The prefix stands in its middle.
    #[error("has something in front of `whsec_`")]
    Inside,
    /// A character stands behind the prefix that no secret has there.
    #[error("has a character behind `whsec_` that is not of base64")]
    Character,
    /// It is to be base64, and is none.
    #[error("is not base64 behind `whsec_`, as --key-encoding base64 asks for")]
    NotBase64,
}

/// A signing secret, ready to check signatures.
pub struct Secret {
    keys: Vec<(Scheme, Mac)>,
    legacy: Vec<Mac>,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

impl Secret {
    /// Prepares the keys of a secret; a key shorter than `key_bytes_min` is no candidate.
    ///
    /// # Errors
    /// [`SecretError::TooShort`] if no candidate is left, and others if it can't be what the sender
    /// signs with.
    pub fn parse(
        text: &str,
        encoding: KeyEncoding,
        key_bytes_min: usize,
    ) -> Result<Self, SecretError> {
        check(text)?;
        let bare = text.strip_prefix(PREFIX).unwrap_or(text);
        let long_enough = |key: &[u8]| key.len() >= key_bytes_min.max(1);
        let mut keys = vec![];
        if matches!(encoding, KeyEncoding::Auto | KeyEncoding::Base64) {
            let decoded = BASE64.decode(bare).map(Zeroizing::new);
            if decoded.is_err() && encoding == KeyEncoding::Base64 {
                return Err(SecretError::NotBase64);
            }
            let decoded = decoded.unwrap_or_default();
            if long_enough(&decoded) {
                keys.push((Scheme::StandardBase64, mac(&decoded)));
            }
        }
        let utf8 = matches!(encoding, KeyEncoding::Auto | KeyEncoding::Utf8);
        if utf8 && long_enough(bare.as_bytes()) {
            keys.push((Scheme::StandardUtf8, mac(bare.as_bytes())));
        }
        let prefixed = match encoding {
            // The prefix is everybody's, so it makes no short key a long one.
            KeyEncoding::Auto => bare.len() < text.len() && long_enough(bare.as_bytes()),
            KeyEncoding::Utf8Prefixed => true,
            KeyEncoding::Base64 | KeyEncoding::Utf8 => false,
        };
        if prefixed && long_enough(text.as_bytes()) {
            keys.push((Scheme::StandardUtf8Prefixed, mac(text.as_bytes())));
        }
        if keys.is_empty() {
            return Err(SecretError::TooShort(key_bytes_min));
        }
        let mut legacy = vec![];
        if long_enough(text.as_bytes()) {
            legacy.push(mac(text.as_bytes()));
        }
        Ok(Self { keys, legacy })
    }

    /// Returns the candidate keys of the standard scheme, the likeliest first.
    pub(super) fn keys(&self) -> &[(Scheme, Mac)] {
        &self.keys
    }

    /// Returns the candidate keys of the legacy scheme.
    pub(super) fn legacy(&self) -> &[Mac] {
        &self.legacy
    }
}

/// Refuses what is no secret of a sender, whichever way it would be read.
fn check(text: &str) -> Result<(), SecretError> {
    if is_placeholder(text) {
        return Err(SecretError::Placeholder);
    }
    let Some((before, behind)) = text.split_once(PREFIX) else { return Ok(()) };
    let is_of_base64 =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=');
    if !before.is_empty() {
        Err(SecretError::Inside)
    } else if behind.bytes().all(is_of_base64) {
        Ok(())
    } else {
        Err(SecretError::Character)
    }
}

/// Whether a secret is a sample's, with the prefix or without.
fn is_placeholder(secret: &str) -> bool {
    let text = secret.strip_prefix(PREFIX).unwrap_or(secret);
    let is_letter = |letter: &char| letter.is_alphanumeric();
    let letters: String = text.chars().filter(is_letter).collect::<String>().to_lowercase();
    let mut different: Vec<char> = text.chars().collect();
    different.sort_unstable();
    different.dedup();
    is_template(text)
        || SAMPLES.iter().any(|sample| letters.contains(sample))
        || (1..DIFFERENT_MIN).contains(&different.len())
}

/// Whether a whole text is a place for another: `<…>`, `{{…}}`, `${…}`, `$NAME`, `%NAME%`, dots.
fn is_template(text: &str) -> bool {
    let is_between = |first: &str, last: &str| text.starts_with(first) && text.ends_with(last);
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    };
    is_between("<", ">")
        || is_between("{{", "}}")
        || is_between("${", "}")
        || text.strip_prefix('$').is_some_and(is_name)
        || text.strip_prefix('%').and_then(|rest| rest.strip_suffix('%')).is_some_and(is_name)
        || (!text.is_empty() && text.chars().all(|letter| matches!(letter, '.' | '…')))
}

fn mac(key: &[u8]) -> Mac {
    Mac::new_from_slice(key).expect("HMAC takes a key of any length")
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const B: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    #[test]
    fn a_placeholder_is_no_secret() {
        for text in [
            "whsec_YourSecretHere",
            "whsec_your_signing_secret",
            "YOUR-WEBHOOK-SECRET",
            "<secret>",
            "whsec_<your key>",
            "whsec_…",
            "whsec_...",
            "${WEBHOOK_SECRET}",
            "{{ secret }}",
            "changeme",
            "change-me-please-now",
            "whsec_xxxxxxxxxxxxxxxxxxxxxxxx",
            "whsec_••••••••••••••••",
            "0000000000000000",
        ] {
            assert!(is_placeholder(text), "{text}");
        }
        let random = ["mK9%xQ2vLr8TzW4bNc7e", "Pa$$w0rd-long-enough-key-1", "a<b>{c}...d%E%f$G1"];
        for text in [A, B, "legacy_test_secret", "whsec_c2VjcmV0Cg==", ""].into_iter().chain(random)
        {
            assert!(!is_placeholder(text), "{text}");
        }
    }
}
