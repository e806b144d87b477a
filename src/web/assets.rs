//! The dashboard's files, built by `make dashboard` and held in the program.

use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{Html, IntoResponse as _, Response};
use rust_embed::{Embed, EmbeddedFile};

use super::api::{self, ApiError};

/// The files; none if the program was built without Node.
#[derive(Embed)]
#[folder = "dashboard/dist"]
#[exclude = ".*"]
#[allow_missing = true]
struct Files;

/// What a program shows that was built without the dashboard.
const MISSING: &str = include_str!("missing.html");
const INDEX: &str = "index.html";
/// Files below have their content's hash in their name.
const HASHED: &str = "assets/";

/// Answers with a file, or with the page that draws all views.
pub(super) async fn page(request: Request) -> Response {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let path = request.uri().path().trim_start_matches('/');
    if let Some(file) = Files::get(path) {
        return answer(path, file);
    }
    let is_for_browsers = api::is_for_browsers(request.headers());
    if path.starts_with(HASHED) || !(path.is_empty() || is_for_browsers) {
        return ApiError::Missing("there is no such page".to_owned()).into_response();
    }
    match Files::get(INDEX) {
        Some(file) => answer(INDEX, file),
        None => Html(MISSING).into_response(),
    }
}

fn answer(path: &str, file: EmbeddedFile) -> Response {
    let mut response = file.data.into_owned().into_response();
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(file.metadata.mimetype()) {
        headers.insert(CONTENT_TYPE, value);
    }
    if path.starts_with(HASHED) {
        let forever = HeaderValue::from_static("private, max-age=31536000, immutable");
        headers.insert(CACHE_CONTROL, forever);
    }
    response
}
