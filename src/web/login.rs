//! Signing in: the token for a cookie, by a plain form or by a link.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, HeaderName, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse as _, Response};
use serde::Deserialize;

use super::Web;
use super::api::ApiError;
use super::session::COOKIE_NAME;

/// How long a session lasts, unless its token ends before.
const SESSION_SECONDS: i64 = 12 * 3600;
/// What a proxy says of how it was reached.
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What the form sends, or a link holds.
#[derive(Deserialize)]
pub(super) struct Credentials {
    token: Option<String>,
    #[serde(default)]
    next: String,
}

/// Gives a cookie for the token, and the page that was wanted.
pub(super) async fn sign_in(
    State(web): State<Arc<Web>>,
    headers: HeaderMap,
    Form(credentials): Form<Credentials>,
) -> Response {
    let token = credentials.token.unwrap_or_default();
    enter(&web, &headers, token.trim(), local_path(&credentials.next)).await
}

/// Does the same for a link that holds the token; without one shows the form.
pub(super) async fn sign_in_by_link(
    State(web): State<Arc<Web>>,
    headers: HeaderMap,
    Query(credentials): Query<Credentials>,
) -> Response {
    let next = local_path(&credentials.next);
    match &credentials.token {
        Some(token) => enter(&web, &headers, token.trim(), next).await,
        None => form(StatusCode::OK, next, None),
    }
}

async fn enter(web: &Web, headers: &HeaderMap, token: &str, next: &str) -> Response {
    let now_ms = web.clock.now_ms();
    let Some((_, key)) = web.gate.find(token.as_bytes(), now_ms) else {
        let error = web.gate.slow_down().await;
        web.metrics.web.requests.with_label_values(&[error.name()]).inc();
        return match error {
            ApiError::NoToken => denied(next, Some("This is not the token.")),
            error => error.into_response(),
        };
    };
    let pair = key.cookie(now_ms / 1000 + SESSION_SECONDS);
    see_other(next, &cookie(&pair, SESSION_SECONDS, is_secure(headers)))
}

/// Takes the cookie back.
pub(super) async fn sign_out(headers: HeaderMap) -> Response {
    see_other("/", &cookie(&format!("{COOKIE_NAME}="), 0, is_secure(&headers)))
}

/// Returns the form, under 401: what was wanted was not given.
pub(super) fn denied(next: &str, message: Option<&str>) -> Response {
    form(StatusCode::UNAUTHORIZED, next, message)
}

fn form(status: StatusCode, next: &str, message: Option<&str>) -> Response {
    let message =
        message.map_or(String::new(), |message| format!("<p role=\"alert\">{message}</p>"));
    let page = include_str!("login.html")
        .replace("{message}", &message)
        .replace("{next}", &escape(local_path(next)));
    (status, Html(page)).into_response()
}

fn cookie(pair: &str, seconds: i64, is_secure: bool) -> String {
    let secure = if is_secure { "; Secure" } else { "" };
    format!("{pair}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}")
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

fn see_other(path: &str, cookie: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(LOCATION, HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/")));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(value) = HeaderValue::from_str(cookie) {
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
