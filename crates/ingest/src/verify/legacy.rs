//! The older scheme: `x-midbound-signature: t=<seconds>,v1=<hex>`.
//!
//! HMAC-SHA-256 over `{t}.{body}`, key = the secret's text, lower-case hex. It signs no id, so
//! the `webhook-id` header is not believed here; the id inside the signed body stands for it.
//! Source: the vendor's first Python package. Unlike it, times in the future are refused too.

use hmac::Mac as _;
use subtle::ConstantTimeEq as _;

use super::secret::Secret;
use super::{HEADER_BYTES_MAX, Verified, VerifyError, check_timestamp};
use crate::event::Scheme;

/// Name of the header.
pub const SIGNATURE: &str = "x-midbound-signature";

/// The header, read; what is left to check is the body.
#[derive(Debug)]
pub struct Signed<'a> {
    timestamp: &'a str,
    expected: [u8; 32],
}

/// Reads the header of this scheme; needs no body.
///
/// # Errors
/// The reason to refuse the webhook whatever its body is.
pub fn read(header: &[u8], now_s: i64) -> Result<Signed<'_>, VerifyError> {
    let malformed = VerifyError::Malformed(SIGNATURE);
    let header = str::from_utf8(header).map_err(|_| malformed)?;
    if header.len() > HEADER_BYTES_MAX {
        return Err(malformed);
    }
    let (timestamp, rest) =
        header.strip_prefix("t=").and_then(|rest| rest.split_once(",v1=")).ok_or(malformed)?;
    check_timestamp(timestamp, SIGNATURE, now_s)?;
    let hex = rest.split(',').next().unwrap_or_default();
    let expected = decode_hex(hex).ok_or(VerifyError::Mismatch)?;
    Ok(Signed { timestamp, expected })
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
    let Signed { timestamp, expected } = signed;
    for key in secrets.iter().flat_map(Secret::legacy) {
        let mut mac = key.clone();
        mac.update(timestamp.as_bytes());
        mac.update(b".");
        mac.update(body);
        if bool::from(mac.finalize().into_bytes().as_slice().ct_eq(expected)) {
            return Ok(Verified { scheme: Scheme::Legacy, webhook_id: None });
        }
    }
    Err(VerifyError::Mismatch)
}

/// Decodes 64 lower-case hexadecimal digits.
fn decode_hex(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let bytes = text.as_bytes();
    if bytes.len() != 64 {
        return None;
    }
    let mut out = [0; 32];
    for (out, pair) in out.iter_mut().zip(bytes.chunks_exact(2)) {
        *out = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(out)
}
