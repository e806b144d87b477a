//! Why a webhook is refused, and the only place where that becomes an HTTP status.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use tributary_ingest::journal::AppendError;
use tributary_ingest::verify::VerifyError;

/// Seconds after which a sender may try again.
const RETRY_SECONDS: &str = "5";

/// A reason to refuse a request; what an outsider learns is its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The signature does not hold.
    #[error(transparent)]
    Signature(#[from] VerifyError),
    /// Unsigned webhooks are let in, but this is none.
    #[error("body is not an event: it needs an id, a type and data")]
    NotAnEvent,
    /// The body is longer than it may be.
    #[error("body is larger than {0} bytes")]
    TooLarge(usize),
    /// The body is not JSON by its own declaration, or is compressed.
    #[error("content type must be application/json, without content encoding")]
    NotJson,
    /// The body took too long to arrive.
    #[error("body took too long")]
    TooSlow,
    /// The connection ended or broke within the body.
    #[error("body could not be read")]
    Broken,
    /// Too many bytes are being read at once.
    #[error("too busy")]
    Busy,
    /// What waits for the lake is as much, or as old, as it may be; the limit that says so.
    #[error("backlog is full")]
    Full(&'static str),
    /// The journal can't be written.
    #[error("storage is not available")]
    Storage,
    /// The process is ending.
    #[error("shutting down")]
    Stopping,
}

impl From<AppendError> for Refusal {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Full(limit) => Self::Full(limit),
            AppendError::Failed => Self::Storage,
            AppendError::TooLarge => {
                Self::TooLarge(tributary_ingest::journal::frame::PAYLOAD_BYTES_MAX)
            }
            AppendError::Closed => Self::Stopping,
        }
    }
}

impl Refusal {
    /// Returns the name under which the answer is counted.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Signature(VerifyError::Missing(_)) => "missing_header",
            Self::Signature(VerifyError::Malformed(_)) => "malformed_header",
            Self::Signature(VerifyError::Timestamp) => "timestamp",
            Self::Signature(VerifyError::Mismatch) => "bad_signature",
            Self::NotAnEvent => "not_an_event",
            Self::TooLarge(_) => "too_large",
            Self::NotJson => "not_json",
            Self::TooSlow => "too_slow",
            Self::Broken => "broken",
            Self::Busy => "busy",
            Self::Full(_) => "full",
            Self::Storage => "storage",
            Self::Stopping => "stopping",
        }
    }

    /// Returns the limit that was reached, if it was one that the operator sets.
    #[must_use]
    pub fn limit(self) -> Option<&'static str> {
        match self {
            Self::TooLarge(_) => Some("max-body"),
            Self::TooSlow => Some("body-timeout"),
            Self::Busy => Some("max-in-flight"),
            Self::Full(limit) => Some(limit),
            Self::Signature(_)
            | Self::NotAnEvent
            | Self::NotJson
            | Self::Broken
            | Self::Storage
            | Self::Stopping => None,
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Signature(_) => StatusCode::UNAUTHORIZED,
            Self::NotAnEvent | Self::Broken => StatusCode::BAD_REQUEST,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Busy | Self::Full(_) | Self::Storage | Self::Stopping => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut response = (status, Json(json!({ "error": self.to_string() }))).into_response();
        let headers = response.headers_mut();
        match status {
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static(RETRY_SECONDS));
            }
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Signature"));
            }
            StatusCode::REQUEST_TIMEOUT | StatusCode::PAYLOAD_TOO_LARGE => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::ANSWERS;

    #[test]
    fn every_refusal_is_counted_from_the_start() {
        for refusal in [
            Refusal::Signature(VerifyError::Missing("webhook-id")),
            Refusal::Signature(VerifyError::Malformed("webhook-id")),
            Refusal::Signature(VerifyError::Timestamp),
            Refusal::Signature(VerifyError::Mismatch),
            Refusal::NotAnEvent,
            Refusal::TooLarge(1),
            Refusal::NotJson,
            Refusal::TooSlow,
            Refusal::Broken,
            Refusal::Busy,
            Refusal::Full("journal-bytes"),
            Refusal::Storage,
            Refusal::Stopping,
        ] {
            assert!(ANSWERS.contains(&refusal.name()), "{refusal:?}");
        }
    }
}
