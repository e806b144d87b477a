//! Limits of every request: what is sent along is small and arrives in time, and an answer comes.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::Web;
use super::api::ApiError;

/// Time beyond a query's own and that of waiting for its turn, in which an answer must come:
/// a store that hangs while the lake is opened holds no connection for good.
const ANSWER_GRACE: Duration = Duration::from_secs(30);

/// Reads a request's body whole, before anything looks at it, and bounds the time of the answer.
pub(super) async fn bound(State(web): State<Arc<Web>>, request: Request, next: Next) -> Response {
    match bounded(&web, request, next).await {
        Ok(response) => response,
        Err(error) => {
            web.metrics.web.requests.with_label_values(&[error.name()]).inc();
            error.into_response()
        }
    }
}

async fn bounded(web: &Web, request: Request, next: Next) -> Result<Response, ApiError> {
    let (head, body) = request.into_parts();
    let body = match head.method {
        // Nobody reads what these send along; the connection is closed over it.
        Method::GET | Method::HEAD => Body::empty(),
        _ => read(body, web.limits.body_bytes_max, web.limits.body_time).await?,
    };
    let limits = &web.limits;
    let time = limits.time.saturating_add(limits.turn_wait).saturating_add(ANSWER_GRACE);
    let answer = tokio::time::timeout(time, next.run(Request::from_parts(head, body))).await;
    answer.map_err(|_| ApiError::Slow(time.as_secs()))
}

async fn read(body: Body, bytes_max: usize, time: Duration) -> Result<Body, ApiError> {
    let read = tokio::time::timeout(time, Limited::new(body, bytes_max).collect()).await;
    match read {
        Ok(Ok(whole)) => Ok(Body::from(whole.to_bytes())),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(ApiError::BodyLarge(bytes_max)),
        Ok(Err(_)) => Err(ApiError::BodyBroken),
        Err(_) => Err(ApiError::BodySlow),
    }
}
