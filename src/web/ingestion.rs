//! The state of ingestion now, for a page that watches it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::{Extension, Json};
use chrono::{DateTime, SecondsFormat};
use futures::future::BoxFuture;
use prometheus::core::Collector as _;
use serde::Serialize;

use super::Web;
use super::api::{ApiError, ErrorBody};
use super::tokens::Access;
use crate::deliveries::{self, Delivery};

/// What waits in the journal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Events that are not in the lake yet.
    pub n_events: u64,
    /// Their bytes.
    pub n_bytes: u64,
    /// The age of the oldest, in milliseconds.
    pub age_ms: i64,
    /// Whether the journal takes events.
    pub is_ready: bool,
}

/// Tells what waits, whenever it is asked.
pub type Watch = Box<dyn Fn() -> BoxFuture<'static, Waiting> + Send + Sync>;

/// Counters since the ingester started, and what waits now.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Ingestion {
    /// Webhooks answered as accepted.
    accepted: u64,
    /// Webhooks that had come before.
    duplicates: u64,
    /// Webhooks that were refused, by reason.
    refused: BTreeMap<String, u64>,
    /// What to do about them, by reason.
    remedies: BTreeMap<String, &'static str>,
    /// The last deliveries, 100 at most, the latest first.
    deliveries: Vec<Delivered>,
    /// Events that could not be flattened whole.
    dead_letters: u64,
    /// Events that came to the lake.
    flushed_events: u64,
    /// Events that are durable in the journal and not in the lake yet.
    waiting_events: u64,
    /// Their bytes.
    waiting_bytes: u64,
    /// The age of the oldest event that waits, in seconds.
    lag_seconds: f64,
    /// Commits that failed and are repeated.
    commit_failures: u64,
    /// Open connections.
    connections: i64,
    /// When the ingester started, ISO 8601.
    started_at: String,
    /// Its clock now, ISO 8601.
    now: String,
    /// Whether it takes events.
    ready: bool,
}

/// A delivery and its answer; never its body or its signature.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Delivered {
    /// When it was answered, ISO 8601.
    at: String,
    /// The HTTP status.
    status: u16,
    /// What was answered: accepted, duplicate, or the reason to refuse it.
    answer: &'static str,
    /// Bytes of the body, if they were announced.
    bytes: Option<u64>,
    /// The webhook's id, if it has the form of one.
    id: Option<String>,
}

impl From<Delivery> for Delivered {
    fn from(delivery: Delivery) -> Self {
        Self {
            at: iso(delivery.at_ms),
            status: delivery.status,
            answer: delivery.answer,
            bytes: delivery.n_bytes,
            id: delivery.id,
        }
    }
}

/// Tells how ingestion is doing.
#[utoipa::path(get, path = "/api/ingestion", tag = "lake",
    responses((status = 200, body = Ingestion, description = "counters and what waits"),
              (status = 401, body = ErrorBody, description = "no token"),
              (status = 403, body = ErrorBody,
               description = "the token's role is not admin, or it sees some tenants only")))]
pub(super) async fn ingestion(
    State(web): State<Arc<Web>>,
    Extension(access): Extension<Access>,
) -> Result<Json<Ingestion>, ApiError> {
    if access.tenants.is_some() {
        return Err(ApiError::AllTenants);
    }
    let waiting = (web.waiting)().await;
    let metrics = &web.metrics;
    let mut refused = by_label(&metrics.webhooks);
    let mut take = |name: &str| refused.remove(name).unwrap_or(0);
    // The id of another body is accepted too, and a dead letter.
    let accepted = take("accepted") + take("id_conflict");
    let duplicates = take("duplicate");
    let remedy = |reason: &String| Some((reason.clone(), deliveries::remedy(reason)?));
    Ok(Json(Ingestion {
        accepted,
        duplicates,
        remedies: refused.keys().filter_map(remedy).collect(),
        refused,
        deliveries: metrics.deliveries.latest().into_iter().map(Delivered::from).collect(),
        dead_letters: by_label(&metrics.dead_letters).values().sum(),
        flushed_events: metrics.flushed_events.get(),
        waiting_events: waiting.n_events,
        waiting_bytes: waiting.n_bytes,
        lag_seconds: Duration::from_millis(u64::try_from(waiting.age_ms).unwrap_or(0))
            .as_secs_f64(),
        commit_failures: metrics.flush_errors.get(),
        connections: metrics.connections.get(),
        started_at: iso(web.started_at_ms),
        now: iso(web.clock.now_ms()),
        ready: waiting.is_ready,
    }))
}

fn iso(ms: i64) -> String {
    let time = DateTime::from_timestamp_millis(ms).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Returns a counter's values by its one label.
fn by_label(counter: &prometheus::IntCounterVec) -> BTreeMap<String, u64> {
    let families = counter.collect();
    let metrics = families.iter().flat_map(|family| family.get_metric());
    let values = metrics.filter_map(|metric| {
        let label = metric.get_label().first()?.value().to_owned();
        // Counts are whole numbers far below the 2^53 that a double holds exactly.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "as above")]
        let count = metric.get_counter().get_value() as u64;
        (count > 0).then_some((label, count))
    });
    values.collect()
}
