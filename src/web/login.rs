//! Signing in: the token for a cookie, by a plain form.
//!
//! ```text
//! tributary_session = <when it ends, seconds since 1970>.<HMAC-SHA256 of that under the token, hex>
//! ```
//!
//! Nothing is kept on the server: another token ends every session, another start none.

use std::sync::Arc;
use std::time::Duration;

use axum::Form;
use axum::extract::State;
use axum::http::header::{HeaderName, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse as _, Response};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use sha2::Sha256;

use super::Web;
use super::api::ApiError;
use super::gate::{Gate, is_equal};

const COOKIE_NAME: &str = "tributary_session";
/// How long a session lasts.
const SESSION_SECONDS: i64 = 12 * 3600;
/// How long the answer to a wrong token takes.
const WRONG_PAUSE: Duration = Duration::from_millis(500);
/// What a proxy says of how it was reached.
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Credentials {
    token: String,
    #[serde(default)]
    next: String,
}

/// Gives a cookie for the token, and the page that was wanted.
pub(super) async fn sign_in(
    State(web): State<Arc<Web>>,
    headers: HeaderMap,
    Form(credentials): Form<Credentials>,
) -> Response {
    let next = local_path(&credentials.next);
    let Gate::Token(token) = &web.gate else { return see_other(next, None) };
    if !is_equal(credentials.token.trim().as_bytes(), token.as_bytes()) {
        web.metrics.web.requests.with_label_values(&[ApiError::NoToken.name()]).inc();
        tokio::time::sleep(WRONG_PAUSE).await;
        return form(next, Some("This is not the token."));
    }
    let ends_s = web.clock.now_ms() / 1000 + SESSION_SECONDS;
    let value = format!("{ends_s}.{}", proof(token, ends_s));
    see_other(next, Some(cookie(&value, SESSION_SECONDS, is_secure(&headers))))
}

/// Takes the cookie back.
pub(super) async fn sign_out(headers: HeaderMap) -> Response {
    see_other("/", Some(cookie("", 0, is_secure(&headers))))
}

/// Tells whether one of the cookies is a session that has not ended.
pub(super) fn is_signed_in<'a>(
    cookies: impl Iterator<Item = &'a HeaderValue>,
    token: &str,
    now_ms: i64,
) -> bool {
    let texts = cookies.filter_map(|value| value.to_str().ok());
    let pairs =
        texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut sessions = pairs.filter(|(name, _)| *name == COOKIE_NAME);
    sessions.any(|(_, value)| {
        let Some((ends_s, shown)) = value.split_once('.') else { return false };
        let Ok(ends_s) = ends_s.parse::<i64>() else { return false };
        is_equal(shown.as_bytes(), proof(token, ends_s).as_bytes()) && now_ms / 1000 < ends_s
    })
}

/// Returns the form, under 401: what was wanted was not given.
pub(super) fn form(next: &str, message: Option<&str>) -> Response {
    let message =
        message.map_or(String::new(), |message| format!("<p role=\"alert\">{message}</p>"));
    let page = include_str!("login.html")
        .replace("{message}", &message)
        .replace("{next}", &escape(local_path(next)));
    (StatusCode::UNAUTHORIZED, Html(page)).into_response()
}

fn proof(token: &str, ends_s: i64) -> String {
    let mut mac =
        <Hmac<Sha256>>::new_from_slice(token.as_bytes()).expect("a key of any length is one");
    mac.update(format!("tributary session until {ends_s}").as_bytes());
    let bytes = mac.finalize().into_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn cookie(value: &str, seconds: i64, is_secure: bool) -> String {
    let secure = if is_secure { "; Secure" } else { "" };
    format!("{COOKIE_NAME}={value}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}")
}

/// Tells whether the browser came by TLS, as the proxy in front of us says.
fn is_secure(headers: &HeaderMap) -> bool {
    headers.get(FORWARDED_PROTO).is_some_and(|proto| proto.as_bytes() == b"https")
}

/// Returns a path of this server; for anything else the first page.
fn local_path(text: &str) -> &str {
    let is_local = text.starts_with('/') && !text.starts_with("//") && !text.contains('\\');
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_local && is_plain { text } else { "/" }
}

fn see_other(path: &str, cookie: Option<String>) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(LOCATION, HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/")));
    if let Some(value) = cookie.and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
        headers.insert(SET_COOKIE, value);
    }
    response
}

/// Writes text so that HTML shows it.
fn escape(text: &str) -> String {
    let replaced = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    replaced.replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_the_tokens_and_ends() {
        let value = format!("1000.{}", proof("secret", 1000));
        let is_in = |value: &str, token: &str, now_ms: i64| {
            let header = HeaderValue::from_str(&format!("a=b; {COOKIE_NAME}={value}")).unwrap();
            is_signed_in(std::iter::once(&header), token, now_ms)
        };
        assert!(is_in(&value, "secret", 999_999));
        assert!(!is_in(&value, "secret", 1_000_000), "it has ended");
        assert!(!is_in(&value, "other", 0), "another token");
        assert!(!is_in(&value.replace("1000.", "2000."), "secret", 0), "made longer");
        for wrong in ["", "1000", "1000.", "x.y", ".", &format!("{value}0")] {
            assert!(!is_in(wrong, "secret", 0), "{wrong}");
        }
    }

    #[test]
    fn after_signing_in_only_pages_of_this_server_follow() {
        for path in ["/", "/channels?from=2026-01-01&unit=account"] {
            assert_eq!(local_path(path), path);
        }
        for path in ["", "//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nb: c"]
        {
            assert_eq!(local_path(path), "/", "{path}");
        }
        assert_eq!(escape("/?a=\"><script>'&"), "/?a=&quot;&gt;&lt;script&gt;&#39;&amp;");
    }
}
