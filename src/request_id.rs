//! Names of requests, by which an answer, a log line and a trace are found together.

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};

/// The header that brings such a name, and takes it back.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Bytes of a name that is taken over.
const LENGTH_MAX: usize = 128;

/// Returns the name that a request brings, if it can stand in a log line.
#[must_use]
pub fn given(headers: &HeaderMap) -> Option<&HeaderValue> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte);
    headers.get(HEADER).filter(|value| {
        let bytes = value.as_bytes();
        (1..=LENGTH_MAX).contains(&bytes.len()) && bytes.iter().all(is_plain)
    })
}

/// Returns a new name.
#[must_use]
pub fn new() -> HeaderValue {
    let id = uuid::Uuid::new_v4().simple().to_string();
    HeaderValue::from_str(&id).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
}

/// Returns a request's name: the one it brings, else a new one.
#[must_use]
pub fn of(headers: &HeaderMap) -> HeaderValue {
    given(headers).cloned().unwrap_or_else(new)
}

/// Returns a name as text.
#[must_use]
pub fn text(id: &HeaderValue) -> &str {
    id.to_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(id: &str) -> HeaderMap {
        HeaderMap::from_iter([(HEADER, HeaderValue::from_str(id).unwrap())])
    }

    #[test]
    fn a_plain_name_is_taken_over() {
        for id in ["7", "req-1.2_3:4/5+6=", "a".repeat(LENGTH_MAX).as_str()] {
            assert_eq!(text(&of(&headers(id))), id);
        }
    }

    #[test]
    fn any_other_is_replaced_by_a_new_one() {
        for id in ["", "two words", "a\"b", "a".repeat(LENGTH_MAX + 1).as_str()] {
            let own = of(&headers(id));
            assert_ne!(text(&own), id);
            assert_eq!(text(&own).len(), 32);
            assert_ne!(of(&HeaderMap::new()), own);
        }
    }
}
