//! What the API says when it can't give what was asked for, and under which status.

use axum::Json;
use axum::extract::Request;
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY,
    RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tracing::{Instrument as _, field};

use super::tokens::Role;
use crate::query::QueryError;
use crate::reach::Trouble;
use crate::report::ReportError;
use crate::report::render::RenderError;
use crate::request_id;
use crate::telemetry::traces;

/// Seconds after which a client may ask again.
const RETRY_SECONDS: &str = "2";
/// What a page may load: nothing from elsewhere, no script but our files.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ApiError {
    /// The request can't be understood.
    #[error("{0}")]
    Wrong(String),
    /// There is no such report, page or path.
    #[error("{0}")]
    Missing(String),
    /// Nobody has shown the token.
    #[error("show the token: `Authorization: Bearer TOKEN`, or sign in")]
    NoToken,
    /// The token's role may not do this.
    #[error(
        "this needs the role `{}`, and the token that was shown is of role `{}`; ask whoever runs \
         the ingester",
        needed.name(),
        own.name()
    )]
    Role {
        /// The least role that may.
        needed: Role,
        /// The token's.
        own: Role,
    },
    /// The token sees some tenants only, and this is about all.
    #[error(
        "this tells of all tenants, and the token that was shown sees some; use one without `tenants`"
    )]
    AllTenants,
    /// Many wrong tokens are being shown.
    #[error("too many wrong tokens at once; try again later")]
    Guesses,
    /// The body of a request has more bytes than it may.
    #[error("the body is larger than {0} bytes")]
    BodyLarge(usize),
    /// The body of a request did not arrive in time.
    #[error("the body took too long")]
    BodySlow,
    /// The body of a request broke off.
    #[error("the body could not be read")]
    BodyBroken,
    /// As many queries run and wait as may.
    #[error("too many queries at once; try again")]
    Busy,
    /// The query took longer than it may.
    #[error("the query took longer than {0} s; ask for fewer days, or raise --query-timeout")]
    Slow(u64),
    /// The query needs more memory or disk than it may have.
    #[error("{0}")]
    Resources(String),
    /// The answer has more rows or bytes than it may.
    #[error("{0}")]
    Large(String),
    /// The lake is not there now; the listener goes on.
    #[error("{0}; webhooks are taken meanwhile")]
    Unreachable(&'static str),
    /// The lake can't be read or the query failed; the log says why.
    #[error("the query failed; the ingester's log says why")]
    Failed,
}

/// The body of an error.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct ErrorBody {
    /// What is wrong, and what to do.
    error: String,
}

impl ApiError {
    /// Returns the name under which the answer is counted.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Wrong(_) => "wrong",
            Self::Missing(_) => "missing",
            Self::NoToken => "no_token",
            Self::Role { .. } | Self::AllTenants => "forbidden",
            Self::Guesses => "too_many_wrong_tokens",
            Self::BodyLarge(_) => "body_too_large",
            Self::BodySlow => "body_too_slow",
            Self::BodyBroken => "body_broken",
            Self::Busy => "busy",
            Self::Slow(_) => "slow",
            Self::Resources(_) => "resources",
            Self::Large(_) => "large",
            Self::Unreachable(_) => "unreachable",
            Self::Failed => "failed",
        }
    }

    /// Returns the status.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Wrong(_) => StatusCode::BAD_REQUEST,
            Self::Missing(_) => StatusCode::NOT_FOUND,
            Self::NoToken => StatusCode::UNAUTHORIZED,
            Self::Role { .. } | Self::AllTenants => StatusCode::FORBIDDEN,
            Self::Guesses => StatusCode::TOO_MANY_REQUESTS,
            Self::BodyLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodySlow => StatusCode::REQUEST_TIMEOUT,
            Self::BodyBroken => StatusCode::BAD_REQUEST,
            Self::Busy | Self::Unreachable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Slow(_) => StatusCode::GATEWAY_TIMEOUT,
            Self::Resources(_) => StatusCode::INSUFFICIENT_STORAGE,
            Self::Large(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<ReportError> for ApiError {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Unknown { .. } => Self::Missing(error.to_string()),
            _ => Self::Wrong(error.to_string()),
        }
    }
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        match error {
            // A report's SQL is right; what it refuses is a value.
            QueryError::Sql(message) => Self::Wrong(message),
            QueryError::Resources(message) => Self::Resources(message),
            QueryError::Lake(error) if error.is_transient() => {
                tracing::warn!(%error, "a query can't reach the lake");
                Self::Unreachable(Trouble::Away.words())
            }
            QueryError::Lake(_) | QueryError::Cluster(_) | QueryError::Failed(_) => {
                tracing::error!(%error, "a query failed");
                Self::Failed
            }
        }
    }
}

impl From<RenderError> for ApiError {
    fn from(error: RenderError) -> Self {
        tracing::error!(%error, "an answer could not be written");
        Self::Failed
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.status();
        let body = ErrorBody { error: self.to_string() };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        match self {
            Self::Busy | Self::Guesses | Self::Unreachable(_) => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static(RETRY_SECONDS));
            }
            Self::NoToken => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            // What was not read of the body can't be told from the next request.
            Self::BodyLarge(_) | Self::BodySlow => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response
    }
}

/// Tells whether whoever asks can show a page.
pub(super) fn is_for_browsers(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// Answers a path of the API that is none.
pub(super) async fn no_such_path() -> ApiError {
    ApiError::Missing("there is no such path; /api/openapi.json lists them".to_owned())
}

/// Gives a request a name, which its answer and every log line of it carry, and a span.
pub(super) async fn name_request(request: Request, next: Next) -> Response {
    let id = request_id::of(request.headers());
    let method = request.method().clone();
    // The address of a page may name a person, and so may what stands behind a path.
    let path = request.uri().path();
    let path = if path.starts_with("/api/") { path.to_owned() } else { String::new() };
    let span = tracing::error_span!(
        target: traces::REQUEST,
        "request",
        request_id = request_id::text(&id),
        otel.kind = "server",
        http.request.method = method.as_str(),
        url.path = path,
        http.response.status_code = field::Empty,
    );
    traces::continue_trace(&span, request.headers());
    let mut response = next.run(request).instrument(span.clone()).await;
    span.record("http.response.status_code", i64::from(response.status().as_u16()));
    span.in_scope(|| tracing::debug!("answered"));
    response.headers_mut().insert(request_id::HEADER, id);
    response
}

/// Adds what every answer says to browsers: nothing from elsewhere, nothing kept unasked.
pub(super) async fn add_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let add = |headers: &mut HeaderMap, name, value| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    add(headers, CONTENT_SECURITY_POLICY, POLICY);
    add(headers, X_CONTENT_TYPE_OPTIONS, "nosniff");
    add(headers, REFERRER_POLICY, "no-referrer");
    add(headers, CACHE_CONTROL, "private, no-cache");
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::API_ANSWERS;

    #[test]
    fn every_error_is_counted_from_the_start() {
        for error in [
            ApiError::Wrong(String::new()),
            ApiError::Missing(String::new()),
            ApiError::NoToken,
            ApiError::Role { needed: Role::Admin, own: Role::Viewer },
            ApiError::AllTenants,
            ApiError::Guesses,
            ApiError::BodyLarge(1),
            ApiError::BodySlow,
            ApiError::BodyBroken,
            ApiError::Busy,
            ApiError::Slow(1),
            ApiError::Resources(String::new()),
            ApiError::Large(String::new()),
            ApiError::Unreachable(""),
            ApiError::Failed,
        ] {
            assert!(API_ANSWERS.contains(&error.name()), "{error:?}");
        }
    }
}
