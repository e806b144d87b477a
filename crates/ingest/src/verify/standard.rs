//! Standard Webhooks 1.0: `webhook-id`, `webhook-timestamp`, `webhook-signature`.
//!
//! The signature is the base64 of HMAC-SHA-256 over `{id}.{timestamp}.{body}`. The header is a
//! space-delimited list of `version,signature`; entries of another version than `v1` are passed
//! over, and one match is enough. Source: the specification's sections on signatures.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::Mac as _;
use subtle::ConstantTimeEq as _;

use super::secret::Secret;
use super::{HEADER_BYTES_MAX, Headers, ID_BYTES_MAX, Verified, VerifyError, check_timestamp};

/// Name of the header that holds the message's id.
pub const ID: &str = "webhook-id";
/// Name of the header that holds the time of sending in seconds.
pub const TIMESTAMP: &str = "webhook-timestamp";
/// Name of the header that holds the signatures.
pub const SIGNATURE: &str = "webhook-signature";
const SIGNATURES_MAX: usize = 8;

/// The headers, read; what is left to check is the body.
#[derive(Debug)]
pub struct Signed<'a> {
    id: &'a str,
    timestamp: &'a str,
    expected: Vec<[u8; 32]>,
}

/// Reads the headers of this scheme; needs no body.
///
/// # Errors
/// The reason to refuse the webhook whatever its body is.
pub fn read<'a>(headers: &Headers<'a>, now_s: i64) -> Result<Signed<'a>, VerifyError> {
    let id = text(headers.id, ID)?;
    let timestamp = text(headers.timestamp, TIMESTAMP)?;
    let signature = text(headers.signature, SIGNATURE)?;
    if !is_plain_id(id) {
        return Err(VerifyError::Malformed(ID));
    }
    check_timestamp(timestamp, TIMESTAMP, now_s)?;
    let expected = signatures(signature)?;
    if expected.is_empty() {
        return Err(VerifyError::Mismatch);
    }
    Ok(Signed { id, timestamp, expected })
}

/// Checks the body of a webhook by this scheme.
///
/// # Errors
/// [`VerifyError::Mismatch`].
pub fn check(
    secrets: &[Secret],
    signed: &Signed<'_>,
    body: &[u8],
) -> Result<Verified, VerifyError> {
    let Signed { id, timestamp, expected } = signed;
    for (scheme, key) in secrets.iter().flat_map(Secret::keys) {
        let mut mac = key.clone();
        mac.update(id.as_bytes());
        mac.update(b".");
        mac.update(timestamp.as_bytes());
        mac.update(b".");
        mac.update(body);
        let actual = mac.finalize().into_bytes();
        if expected.iter().any(|expected| bool::from(actual.as_slice().ct_eq(expected))) {
            return Ok(Verified { scheme: *scheme, webhook_id: Some((*id).to_owned()) });
        }
    }
    Err(VerifyError::Mismatch)
}

/// Signs a message with the first key of a secret, as a sender does.
#[must_use]
pub fn sign(secret: &Secret, id: &str, timestamp_s: i64, body: &[u8]) -> String {
    let (_, key) = &secret.keys()[0];
    let mut mac = key.clone();
    mac.update(format!("{id}.{timestamp_s}.").as_bytes());
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// Whether an id is printable ASCII of a sane length, and so safe in any log or answer.
#[must_use]
pub fn is_plain_id(id: &str) -> bool {
    (1..=ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

fn text<'a>(value: Option<&'a [u8]>, header: &'static str) -> Result<&'a str, VerifyError> {
    let value = value.ok_or(VerifyError::Missing(header))?;
    str::from_utf8(value).map_err(|_| VerifyError::Malformed(header))
}

/// Decodes the `v1` signatures of a header; ones that can't be decoded match nothing.
fn signatures(header: &str) -> Result<Vec<[u8; 32]>, VerifyError> {
    if header.len() > HEADER_BYTES_MAX || header.trim().is_empty() {
        return Err(VerifyError::Malformed(SIGNATURE));
    }
    let current = header.split_ascii_whitespace().filter_map(|entry| entry.strip_prefix("v1,"));
    let decoded = current.filter_map(|text| STANDARD.decode(text).ok()?.try_into().ok());
    Ok(decoded.take(SIGNATURES_MAX).collect())
}
