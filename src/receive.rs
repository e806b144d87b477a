//! Receiving: HTTP in. A bounded body is verified, made durable in the journal, and answered.
//!
//! ```text
//! accept (limit of connections, header timeout) ─▶ head (type, length) ─▶ body (limit, timeout,
//! bytes in flight) ─▶ verify ─▶ journal ─▶ 200
//! ```
//!
//! Promises: nothing is answered 2xx before it is durable; what is refused leaves nothing
//! behind; memory is bounded by the connections and the bytes in flight, not by who connects;
//! answers name what is wrong with a request and nothing about the inside.

pub mod body;
pub mod error;
mod notices;
pub mod server;
pub mod webhook;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

use crate::clock::Clock;
use crate::journal::{Danger, Journal};
use crate::metrics::Metrics;
use crate::verify::Verifier;
use error::Refusal;
use notices::Notices;

pub use server::Server;

/// A head may have at least this many bytes; the HTTP library needs them.
pub const HEAD_BYTES_MIN: usize = 8 << 10;

/// Limits of receiving.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of a body.
    pub body_bytes_max: usize,
    /// Bytes of all bodies that are being read or made durable.
    pub in_flight_bytes_max: usize,
    /// Open connections.
    pub connections_max: usize,
    /// Bytes of a request's head; at least [`HEAD_BYTES_MIN`].
    pub head_bytes_max: usize,
    /// Headers of a request.
    pub headers_max: usize,
    /// Time for a request's head.
    pub head_timeout: Duration,
    /// Time for a request's body.
    pub body_timeout: Duration,
    /// Time in which a client must take some bytes of an answer.
    pub write_timeout: Duration,
    /// Time that connections have to finish when the server stops.
    pub stop_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 8 << 20,
            in_flight_bytes_max: 32 << 20,
            connections_max: 1024,
            head_bytes_max: 16 << 10,
            headers_max: 64,
            head_timeout: Duration::from_secs(5),
            body_timeout: Duration::from_secs(15),
            write_timeout: Duration::from_secs(15),
            stop_timeout: Duration::from_secs(20),
        }
    }
}

/// What the endpoints share.
#[derive(Debug)]
pub struct Receiver {
    journal: Arc<Journal>,
    /// `None` lets unsigned webhooks in.
    verifier: Option<Verifier>,
    token: Option<String>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    limits: Limits,
    in_flight: Arc<Semaphore>,
    notices: Notices,
    stopping: AtomicBool,
}

impl Receiver {
    /// Makes a receiver; without a verifier it takes unsigned webhooks.
    ///
    /// `token` is what a reader of the metrics must show, if there is one.
    #[must_use]
    pub fn new(
        journal: Arc<Journal>,
        verifier: Option<Verifier>,
        token: Option<String>,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        limits: Limits,
    ) -> Self {
        let in_flight = Arc::new(Semaphore::new(body::units(limits.in_flight_bytes_max)));
        let stopping = AtomicBool::new(false);
        let notices = Notices::default();
        Self { journal, verifier, token, clock, metrics, limits, in_flight, notices, stopping }
    }

    /// Refuses webhooks from now on; what is being read is still answered.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Tells why nothing would be taken now, if nothing would; tries a failing disk again.
    pub async fn refusal(&self) -> Option<Refusal> {
        if self.is_stopping() {
            return Some(Refusal::Stopping);
        }
        self.journal.danger().await.map(|danger| match danger {
            Danger::Full(limit) => Refusal::Full(limit),
            Danger::Failing => Refusal::Storage,
        })
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}

/// Where webhooks are sent to.
const WEBHOOKS: &str = "/webhooks/midbound";

/// What is served.
#[derive(Debug, Clone)]
pub struct Endpoints {
    receiver: Arc<Receiver>,
    router: Router,
}

impl Endpoints {
    /// Makes the endpoints of a receiver.
    #[must_use]
    pub fn new(receiver: Arc<Receiver>) -> Self {
        let router = router(Arc::clone(&receiver));
        Self { receiver, router }
    }

    /// Adds routes of others.
    #[must_use]
    pub fn with(mut self, router: Router) -> Self {
        self.router = self.router.merge(router);
        self
    }

    /// Answers a request.
    async fn answer(self, request: Request) -> Response {
        // The path that nearly all requests take needs no table of routes.
        if request.method() == Method::POST && request.uri().path() == WEBHOOKS {
            return webhook::receive(State(self.receiver), request).await;
        }
        let answered = self.router.oneshot(request).await;
        answered.unwrap_or_else(|never| match never {})
    }
}

fn router(receiver: Arc<Receiver>) -> Router {
    Router::new()
        // For its answer to other methods.
        .route(WEBHOOKS, post(webhook::receive))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(receiver)
}

async fn healthz() -> &'static str {
    "ok\n"
}

/// Ready while the journal takes events; a disk that failed is tried again.
async fn readyz(State(receiver): State<Arc<Receiver>>) -> Response {
    match receiver.refusal().await {
        Some(refusal) => refusal.into_response(),
        None => "ready\n".into_response(),
    }
}

async fn metrics(State(receiver): State<Arc<Receiver>>, headers: HeaderMap) -> Response {
    if !is_allowed(receiver.token.as_deref(), &headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    receiver.journal.observe(&receiver.metrics);
    let content_type = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (content_type, receiver.metrics.render()).into_response()
}

/// Checks the token in constant time; without one everybody may read.
fn is_allowed(token: Option<&str>, headers: &HeaderMap) -> bool {
    let Some(token) = token else { return true };
    let given = headers.get(AUTHORIZATION).map(axum::http::HeaderValue::as_bytes);
    let given = given.and_then(|value| value.strip_prefix(b"Bearer ")).unwrap_or_default();
    given.ct_eq(token.as_bytes()).into()
}
