//! Who may see the dashboard and call the API.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, HOST};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use subtle::ConstantTimeEq as _;

use super::api::{self, ApiError};
use super::{Web, login};

/// Why a public address shows nothing.
const PUBLIC: &str = "the dashboard and its API are not shown on a public address without a \
    token; start the ingester with --token-file";
/// Why a request for another host is not answered: a page from elsewhere may have had its own
/// name resolved to this machine.
const HOST_UNKNOWN: &str = "without a token the dashboard answers to localhost only; start the \
    ingester with --token-file to reach it under another name";

/// What is asked of those who call.
#[derive(Clone, PartialEq, Eq)]
pub enum Gate {
    /// To call this machine by one of its own names.
    Local,
    /// To show the token.
    Token(String),
    /// Nothing: nobody may.
    Closed,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "Local",
            Self::Token(_) => "Token",
            Self::Closed => "Closed",
        })
    }
}

impl Gate {
    /// Decides for an address and the token that there is.
    #[must_use]
    pub fn new(address: SocketAddr, token: Option<String>) -> Self {
        match token {
            Some(token) => Self::Token(token),
            None if address.ip().is_loopback() => Self::Local,
            None => Self::Closed,
        }
    }

    /// Tells whether a token has to be shown.
    pub(super) fn has_token(&self) -> bool {
        matches!(self, Self::Token(_))
    }

    fn admit(&self, headers: &HeaderMap, now_ms: i64) -> Result<(), ApiError> {
        match self {
            Self::Closed => Err(ApiError::Forbidden(PUBLIC)),
            Self::Local if is_this_machine(headers) => Ok(()),
            Self::Local => Err(ApiError::Forbidden(HOST_UNKNOWN)),
            Self::Token(token) => {
                let shown = bearer(headers).is_some_and(|shown| is_equal(shown, token.as_bytes()));
                let cookies = headers.get_all(COOKIE).iter();
                let is_known = shown || login::is_signed_in(cookies, token, now_ms);
                if is_known { Ok(()) } else { Err(ApiError::NoToken) }
            }
        }
    }
}

/// Compares without telling by the time how much is equal.
pub(super) fn is_equal(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

/// Lets those through who may see what is behind.
pub(super) async fn check(State(web): State<Arc<Web>>, request: Request, next: Next) -> Response {
    match web.gate.admit(request.headers(), web.clock.now_ms()) {
        Ok(()) => next.run(request).await,
        Err(ApiError::NoToken)
            if !request.uri().path().starts_with("/api/")
                && api::is_for_browsers(request.headers()) =>
        {
            let wanted = request.uri().path_and_query().map_or("/", |path| path.as_str());
            login::form(wanted, None)
        }
        Err(error) => {
            web.metrics.web.requests.with_label_values(&[error.name()]).inc();
            error.into_response()
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    headers.get(AUTHORIZATION)?.as_bytes().strip_prefix(b"Bearer ")
}

fn is_this_machine(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).map(HeaderValue::to_str);
    let Some(Ok(host)) = host else { return false };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || address.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: axum::http::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn without_a_token_only_names_of_this_machine_are_answered() {
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "127.1.2.3", "[::1]:8080"] {
            assert_eq!(Gate::Local.admit(&headers(HOST, host), 0), Ok(()), "{host}");
        }
        for host in ["evil.example:8080", "localhost.evil.example", "10.0.0.1", "", "[::1"] {
            assert!(Gate::Local.admit(&headers(HOST, host), 0).is_err(), "{host}");
        }
        assert!(Gate::Local.admit(&HeaderMap::new(), 0).is_err());
    }

    #[test]
    fn a_public_address_without_a_token_is_closed_to_all() {
        let public = "0.0.0.0:8080".parse().unwrap();
        let gate = Gate::new(public, None);
        assert_eq!(gate, Gate::Closed);
        assert!(gate.admit(&headers(HOST, "localhost"), 0).is_err());
        assert_eq!(Gate::new(public, Some("t".into())), Gate::Token("t".into()));
        assert_eq!(Gate::new("[::1]:80".parse().unwrap(), None), Gate::Local);
    }

    #[test]
    fn a_token_is_shown_whole_and_nowhere_printed() {
        let gate = Gate::Token("0123456789abcdef".to_owned());
        let admit = |value: &str| gate.admit(&headers(AUTHORIZATION, value), 0);
        assert_eq!(admit("Bearer 0123456789abcdef"), Ok(()));
        for wrong in ["Bearer 0123456789abcde", "Bearer ", "0123456789abcdef", "Basic eDp5"] {
            assert_eq!(admit(wrong), Err(ApiError::NoToken), "{wrong}");
        }
        assert!(!format!("{gate:?}").contains("0123"));
    }
}
