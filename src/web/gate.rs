//! Who may see the dashboard and call the API: whoever shows a token, whatever else is said.
//!
//! ```text
//! request ─▶ token or session? ─▶ Access in the request's extensions ─▶ role? ─▶ handler
//!            wrong: a pause, or 429 if many pause already
//! ```
//!
//! Nothing that a proxy writes anew is believed: neither the host nor who is said to have asked.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tokio::sync::Semaphore;

use super::api::{self, ApiError};
use super::tokens::{Access, Role, Token, Tokens};
use super::{Web, login, session};

/// How long the answer to a wrong token takes.
const WRONG_PAUSE: Duration = Duration::from_millis(500);
/// Answers to wrong tokens that wait at the same time; others are refused at once.
const WRONG_WAITING_MAX: usize = 32;

/// What is asked of those who call.
pub struct Gate {
    tokens: Vec<(Token, session::Key)>,
    waiting: Semaphore,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tokens: Vec<&Token> = self.tokens.iter().map(|(token, _)| token).collect();
        f.debug_struct("Gate").field("tokens", &tokens).finish_non_exhaustive()
    }
}

impl Gate {
    /// Makes a gate for tokens; `key` is what the cookies of sessions are made with.
    #[must_use]
    pub fn new(tokens: &Tokens, key: &str) -> Self {
        let with_key = |token: &Token| (token.clone(), session::Key::new(key, token));
        let tokens = tokens.all().iter().map(with_key).collect();
        Self { tokens, waiting: Semaphore::new(WRONG_WAITING_MAX) }
    }

    /// Finds whose token is shown.
    pub(super) fn find(&self, shown: &[u8], now_ms: i64) -> Option<&(Token, session::Key)> {
        Tokens::find_in(&self.tokens, |(token, _)| token, shown, now_ms)
    }

    /// Says who asks, if that can be told.
    fn admit(&self, headers: &HeaderMap, now_ms: i64) -> Result<&Access, Denied> {
        let shown = bearer(headers);
        if let Some((token, _)) = shown.and_then(|shown| self.find(shown, now_ms)) {
            return Ok(token.access());
        }
        let cookies = || headers.get_all(COOKIE).iter();
        let mut living = self.tokens.iter().filter(|(token, _)| !token.has_ended(now_ms));
        match living.find(|(_, key)| key.is_signed_in(cookies(), now_ms)) {
            Some((token, _)) => Ok(token.access()),
            None if shown.is_some() => Err(Denied::Wrong),
            None => Err(Denied::Unknown),
        }
    }

    /// Lets whoever showed a wrong token wait; says what they are told.
    pub(super) async fn slow_down(&self) -> ApiError {
        let Ok(_waiting) = self.waiting.try_acquire() else { return ApiError::Guesses };
        tokio::time::sleep(WRONG_PAUSE).await;
        ApiError::NoToken
    }
}

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Denied {
    /// Nothing was shown, or a session that has ended.
    Unknown,
    /// A token that is none.
    Wrong,
}

/// Lets those through who may see what is behind, and says who they are.
pub(super) async fn check(
    State(web): State<Arc<Web>>,
    mut request: Request,
    next: Next,
) -> Response {
    let error = match web.gate.admit(request.headers(), web.clock.now_ms()) {
        Ok(access) => {
            let access = access.clone();
            request.extensions_mut().insert(access);
            return next.run(request).await;
        }
        Err(Denied::Wrong) => web.gate.slow_down().await,
        Err(Denied::Unknown) => ApiError::NoToken,
    };
    if error == ApiError::NoToken
        && !request.uri().path().starts_with("/api/")
        && api::is_for_browsers(request.headers())
    {
        let wanted = request.uri().path_and_query().map_or("/", |path| path.as_str());
        return login::denied(wanted, None);
    }
    web.metrics.web.requests.with_label_values(&[error.name()]).inc();
    error.into_response()
}

/// Lets those through whose role is this one or more; stands behind [`check`].
pub(super) async fn require(
    State(role): State<Role>,
    Extension(access): Extension<Access>,
    request: Request,
    next: Next,
) -> Response {
    if access.role >= role {
        return next.run(request).await;
    }
    ApiError::Role { needed: role, own: access.role }.into_response()
}

fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    const SCHEME: &[u8] = b"bearer ";
    let (scheme, token) = headers.get(AUTHORIZATION)?.as_bytes().split_at_checked(SCHEME.len())?;
    scheme.eq_ignore_ascii_case(SCHEME).then_some(token)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use axum::http::header::{FORWARDED, HOST, HeaderName};

    use super::*;

    const TOKEN: &str = "0123456789abcdef";

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        let pairs = pairs.iter().cloned();
        pairs.map(|(name, value)| (name, HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn no_name_of_this_machine_opens_the_gate() {
        let gate = Gate::new(&Tokens::one(TOKEN), "key");
        let forwarded = HeaderName::from_static("x-forwarded-for");
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "127.1.2.3", "[::1]:8080", ""] {
            let said = [(HOST, host), (forwarded.clone(), "127.0.0.1"), (FORWARDED, "for=[::1]")];
            assert_eq!(gate.admit(&headers(&said), 0), Err(Denied::Unknown), "{host}");
        }
        assert_eq!(gate.admit(&HeaderMap::new(), 0), Err(Denied::Unknown));
    }

    #[test]
    fn a_token_is_shown_whole_and_nowhere_printed() {
        let gate = Gate::new(&Tokens::one(TOKEN), "key");
        let admit = |value: &str| {
            let admitted = gate.admit(&headers(&[(AUTHORIZATION, value)]), 0);
            admitted.map(|access| access.role)
        };
        for right in ["Bearer 0123456789abcdef", "bearer 0123456789abcdef"] {
            assert_eq!(admit(right), Ok(Role::Admin), "{right}");
        }
        for wrong in ["Bearer 0123456789abcde", "Bearer ", "Bearer 0123456789abcdef0"] {
            assert_eq!(admit(wrong), Err(Denied::Wrong), "{wrong}");
        }
        for other in ["0123456789abcdef", "Basic eDp5", "", "Bearer"] {
            assert_eq!(admit(other), Err(Denied::Unknown), "{other}");
        }
        assert!(!format!("{gate:?}").contains("0123"));
    }

    #[test]
    fn whoever_signed_in_is_out_when_the_token_ends() {
        let text =
            format!("[[tokens]]\nname = 'a'\ntoken = '{TOKEN}'\nexpires = 1970-01-01T01:00:00Z");
        let gate = Gate::new(&Tokens::parse(&text).unwrap(), "key");
        let (_, key) = gate.find(TOKEN.as_bytes(), 0).unwrap();
        let cookie = headers(&[(COOKIE, &key.cookie(12 * 3600))]);
        assert!(gate.admit(&cookie, 3_599_999).is_ok());
        assert_eq!(gate.admit(&cookie, 3_600_000), Err(Denied::Unknown));
        let shown = headers(&[(AUTHORIZATION, "Bearer 0123456789abcdef")]);
        assert_eq!(gate.admit(&shown, 3_600_000), Err(Denied::Wrong));
    }
}
