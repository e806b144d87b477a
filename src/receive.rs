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

use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

use crate::blocks::Blocks;
use crate::metrics::Metrics;
use crate::reach::Reach;
use error::Refusal;
use notices::Notices;
use tributary_ingest::clock::Clock;
use tributary_ingest::journal::{Danger, Journal};
use tributary_ingest::verify::Verifier;

pub use server::{Server, Terms};

/// A head may have at least this many bytes; the HTTP library needs them.
pub const HEAD_BYTES_MIN: usize = 8 << 10;

/// Words of a path that a log line shows.
const PATH_WORDS_SHOWN: usize = 8;

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
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    limits: Limits,
    in_flight: Arc<Semaphore>,
    notices: Notices,
    /// Tables that what is taken has to wait for.
    blocks: Option<Arc<Blocks>>,
    stopping: AtomicBool,
    lake: Option<Arc<Reach>>,
}

impl Receiver {
    /// Makes a receiver; without a verifier it takes unsigned webhooks.
    #[must_use]
    pub fn new(
        journal: Arc<Journal>,
        verifier: Option<Verifier>,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        limits: Limits,
    ) -> Self {
        let in_flight = Arc::new(Semaphore::new(body::units(limits.in_flight_bytes_max)));
        let stopping = AtomicBool::new(false);
        let notices = Notices::default();
        Self {
            journal,
            verifier,
            clock,
            metrics,
            limits,
            in_flight,
            notices,
            blocks: None,
            stopping,
            lake: None,
        }
    }

    /// Makes it say at `/readyz` what is wrong with the lake.
    #[must_use]
    pub fn beside_lake(self, lake: Arc<Reach>) -> Self {
        Self { lake: Some(lake), ..self }
    }

    /// Makes it say at `/readyz` which tables can't be written.
    #[must_use]
    pub fn telling(self, blocks: Arc<Blocks>) -> Self {
        Self { blocks: Some(blocks), ..self }
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

    /// Tells of a request that leads nowhere: a sender's address with a mistake in it costs every
    /// event, and looks like silence.
    fn tell_of_wrong_address(&self, method: &Method, path: &str) {
        // What sends webhooks posts; others look around.
        let is_sender = *method == Method::POST;
        let what = if is_sender { "wrong address" } else { "no such page" };
        let Some(n_requests) = self.notices.due(what, self.clock.elapsed()) else { return };
        if is_sender {
            tracing::warn!(
                path = known_words(path),
                n_requests,
                remedy = "give the sender an address that ends in /webhooks/midbound",
                "nothing takes webhooks at this address"
            );
        } else {
            tracing::info!(%method, n_requests, "nothing is at this address");
        }
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}

/// Returns a path with its words that are none of a webhook's address left out: what strangers
/// write stands in no log.
fn known_words(path: &str) -> String {
    let word = |word: &str| match word {
        "" | "webhook" | "webhooks" | "midbound" | "api" | "hook" | "hooks" => word.to_owned(),
        _ => "…".to_owned(),
    };
    path.split('/').take(PATH_WORDS_SHOWN).map(word).collect::<Vec<_>>().join("/")
}

/// Where webhooks are sent to.
const WEBHOOKS: &str = "/webhooks/midbound";
/// The same, as some write it.
const WEBHOOKS_SLASH: &str = "/webhooks/midbound/";

/// What a listener serves.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// Who takes webhooks, where they are served.
    receiver: Option<Arc<Receiver>>,
    router: Router,
}

impl Endpoints {
    /// Makes the endpoints of webhooks: those, health, and nothing else.
    #[must_use]
    pub fn of_webhooks(receiver: Arc<Receiver>) -> Self {
        let router = Router::new()
            // For its answer to other methods.
            .route(WEBHOOKS, post(webhook::receive))
            .route(WEBHOOKS_SLASH, post(webhook::receive))
            .route("/healthz", get(healthz))
            .route("/readyz", get(readyz))
            .fallback(nothing_here)
            .with_state(Arc::clone(&receiver));
        Self { receiver: Some(receiver), router }
    }

    /// Makes the endpoint of metrics, which name nobody.
    #[must_use]
    pub fn of_metrics(receiver: Arc<Receiver>) -> Self {
        let router = Router::new().route("/metrics", get(metrics)).with_state(receiver);
        Self { receiver: None, router }
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
        let Self { receiver, router } = self;
        if let Some(receiver) = &receiver
            && request.method() == Method::POST
            && request.uri().path() == WEBHOOKS
        {
            return webhook::receive(State(Arc::clone(receiver)), request).await;
        }
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let answered = router.oneshot(request).await;
        let answered = answered.unwrap_or_else(|never| match never {});
        if let Some(receiver) = receiver
            && matches!(answered.status(), StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED)
        {
            receiver.tell_of_wrong_address(&method, &path);
        }
        answered
    }
}

async fn healthz() -> &'static str {
    "ok\n"
}

/// Ready while the journal takes events; a disk that failed is tried again. A lake that can't be
/// reached is named and no reason to send webhooks elsewhere: they wait in the journal. A line each
/// tells of tables for which events wait.
async fn readyz(State(receiver): State<Arc<Receiver>>) -> Response {
    if let Some(refusal) = receiver.refusal().await {
        return refusal.into_response();
    }
    let lines = receiver.blocks.iter().flat_map(|blocks| blocks.lines());
    let lines: String = lines.map(|line| format!("{line}\n")).collect();
    match receiver.lake.as_ref().and_then(|lake| lake.trouble()) {
        Some(trouble) => format!("ready; {}\n{lines}", trouble.words()).into_response(),
        None => format!("ready\n{lines}").into_response(),
    }
}

async fn nothing_here() -> Response {
    let error = "there is nothing here; webhooks go to POST /webhooks/midbound";
    (StatusCode::NOT_FOUND, Json(json!({ "error": error }))).into_response()
}

async fn metrics(State(receiver): State<Arc<Receiver>>) -> Response {
    receiver.journal.observe(&receiver.metrics.journal);
    let content_type = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (content_type, receiver.metrics.render()).into_response()
}
