//! Counters and histograms in Prometheus' terms; names and labels never carry a person's data.

use prometheus::{
    Encoder as _, Histogram, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Registry,
    TextEncoder,
};

use crate::deliveries::Deliveries;
use tributary_ingest::flatten::REASONS;
use tributary_ingest::journal::JournalMetrics;
use tributary_ingest::metrics::{Label, Maker};

const ANSWER: Label = ("answer", &ANSWERS);
const SCHEME: Label = ("scheme", &SCHEMES);
const HEAD: Label = ("reason", &HEADS);
const REASON: Label = ("reason", &REASONS);
const API_ANSWER: Label = ("answer", &API_ANSWERS);
const TABLE: Label = ("table", &[]);

/// Answers of the webhook endpoint.
pub(crate) const ANSWERS: [&str; 16] = [
    "accepted",
    "duplicate",
    "id_conflict",
    "missing_header",
    "malformed_header",
    "timestamp",
    "bad_signature",
    "not_an_event",
    "too_large",
    "not_json",
    "too_slow",
    "broken",
    "busy",
    "full",
    "storage",
    "stopping",
];
/// Signature schemes and readings of a secret.
const SCHEMES: [&str; 5] =
    ["standard_base64", "standard_utf8", "standard_utf8_prefixed", "legacy", "unsigned"];
/// Why a request's head is refused.
const HEADS: [&str; 3] = ["too_large", "too_slow", "malformed"];
/// Answers of the report API.
pub(crate) const API_ANSWERS: [&str; 15] = [
    "answered",
    "wrong",
    "missing",
    "no_token",
    "too_many_wrong_tokens",
    "forbidden",
    "body_too_large",
    "body_too_slow",
    "body_broken",
    "busy",
    "slow",
    "resources",
    "large",
    "unreachable",
    "failed",
];

/// Everything that is measured.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Answers of the webhook endpoint, by what was answered.
    pub webhooks: IntCounterVec,
    /// Verified webhooks, by the signature scheme that matched.
    pub signatures: IntCounterVec,
    /// Time from the request's head to its answer.
    pub webhook_seconds: Histogram,
    /// What the journal does and holds.
    pub journal: JournalMetrics,
    /// Bytes set aside as unreadable when the journal was opened.
    pub journal_damaged_files: IntGauge,
    /// Open connections.
    pub connections: IntGauge,
    /// Connections that found all places taken.
    pub connections_refused: IntCounter,
    /// Requests whose head was refused, by reason.
    pub heads_refused: IntCounterVec,
    /// Rows committed, by table.
    pub rows: IntCounterVec,
    /// Files committed, by table.
    pub files: IntCounterVec,
    /// Bytes of Parquet committed.
    pub file_bytes: IntCounter,
    /// Events committed.
    pub flushed_events: IntCounter,
    /// Segments flushed.
    pub flushes: IntCounter,
    /// Whether the lake could be reached when it was last tried.
    pub lake_reachable: IntGauge,
    /// Whether a table can't be written as it is, by table.
    pub table_blocked: IntGaugeVec,
    /// Attempts to flush that failed and are repeated.
    pub flush_errors: IntCounter,
    /// Time of one table's commit.
    pub commit_seconds: Histogram,
    /// Time from an event's receipt until all tables have it.
    pub event_to_lake_seconds: Histogram,
    /// Time from reading a segment to its commit in all tables.
    pub flush_seconds: Histogram,
    /// Events that could not be flattened whole, by reason.
    pub dead_letters: IntCounterVec,
    /// Connections of the dashboard's listener.
    pub dashboard: ListenerMetrics,
    /// The last deliveries of webhooks.
    pub deliveries: Deliveries,
    /// What the dashboard and its API do.
    pub web: WebMetrics,
    /// Rounds of upkeep that this process did.
    pub compactions: IntCounter,
    /// Rounds of upkeep that failed.
    pub compaction_errors: IntCounter,
    /// Files that others took the place of.
    pub compacted_files: IntCounter,
    /// Rows that a later one replaced, and copies.
    pub compacted_rows_dropped: IntCounter,
}

/// What is measured of a listener.
#[derive(Debug, Clone)]
pub struct ListenerMetrics {
    /// Open connections.
    pub connections: IntGauge,
    /// Connections that found all places taken.
    pub connections_refused: IntCounter,
    /// Requests whose head was refused, by reason.
    pub heads_refused: IntCounterVec,
}

impl ListenerMetrics {
    fn of_dashboard(make: &Maker<'_>) -> Self {
        Self {
            connections: make
                .gauge("dashboard_connections", "Open connections of the dashboard's listener"),
            connections_refused: make.counter(
                "dashboard_connections_refused_total",
                "Connections beyond the limit of the dashboard's listener",
            ),
            heads_refused: make.counters(
                "dashboard_heads_refused_total",
                "Requests to the dashboard's listener whose head was too large, too slow or malformed",
                HEAD,
            ),
        }
    }
}

/// What is measured of the dashboard and its API.
#[derive(Debug)]
pub struct WebMetrics {
    /// Requests for reports, by what was answered.
    pub requests: IntCounterVec,
    /// Time of a query.
    pub query_seconds: Histogram,
}

impl WebMetrics {
    fn new(make: &Maker<'_>) -> Self {
        Self {
            requests: make.counters(
                "api_requests_total",
                "Requests for reports over HTTP by answer",
                API_ANSWER,
            ),
            query_seconds: make.histogram(
                "query_seconds",
                "Time of a query of the dashboard or the report API",
                0.005,
            ),
        }
    }
}

impl Metrics {
    /// Makes all metrics, at zero.
    ///
    /// # Panics
    /// Never: the names below are distinct and valid.
    #[must_use]
    pub fn new() -> Self {
        let registry = Registry::new();
        let make = Maker::new(&registry);
        Self {
            webhooks: make.counters("webhooks_total", "Webhook requests by answer", ANSWER),
            signatures: make.counters("signatures_total", "Verified webhooks by scheme", SCHEME),
            webhook_seconds: make.histogram("webhook_seconds", "Time to answer a webhook", 0.0005),
            journal: JournalMetrics::new(&make),
            journal_damaged_files: make.gauge(
                "journal_damaged_files",
                "Files of unreadable journal bytes set aside at start",
            ),
            connections: make.gauge("connections", "Open connections"),
            connections_refused: make
                .counter("connections_refused_total", "Connections beyond the limit"),
            heads_refused: make.counters(
                "heads_refused_total",
                "Requests whose head was too large, too slow or malformed",
                HEAD,
            ),
            rows: make.counters("rows_total", "Rows committed to the lake", TABLE),
            files: make.counters("files_total", "Files committed to the lake", TABLE),
            file_bytes: make.counter("file_bytes_total", "Bytes of Parquet committed to the lake"),
            flushed_events: make.counter("flushed_events_total", "Events committed to the lake"),
            flushes: make.counter("flushes_total", "Journal segments committed to the lake"),
            lake_reachable: make.gauge("lake_reachable", "1 if the lake could be reached, else 0"),
            table_blocked: make.gauges("table_blocked", "1 if a table can't be written", TABLE),
            flush_errors: make.counter("flush_errors_total", "Flush attempts that failed"),
            commit_seconds: make.histogram("commit_seconds", "Time of a table's commit", 0.001),
            event_to_lake_seconds: make.histogram(
                "event_to_lake_seconds",
                "Time from an event's receipt until all tables have it",
                0.1,
            ),
            flush_seconds: make.histogram("flush_seconds", "Time to flush one segment", 0.01),
            dead_letters: make.counters("dead_letters_total", "Events not flattened whole", REASON),
            dashboard: ListenerMetrics::of_dashboard(&make),
            deliveries: Deliveries::default(),
            web: WebMetrics::new(&make),
            compactions: make.counter("compactions_total", "Rounds of upkeep that were done"),
            compaction_errors: make.counter("compaction_errors_total", "Rounds that failed"),
            compacted_files: make
                .counter("compacted_files_total", "Files that a compaction replaced"),
            compacted_rows_dropped: make.counter(
                "compacted_rows_dropped_total",
                "Superseded rows and copies that a compaction dropped",
            ),
            registry,
        }
    }

    /// Returns what is measured of the webhooks' listener.
    #[must_use]
    pub fn of_webhooks(&self) -> ListenerMetrics {
        ListenerMetrics {
            connections: self.connections.clone(),
            connections_refused: self.connections_refused.clone(),
            heads_refused: self.heads_refused.clone(),
        }
    }

    /// Renders all metrics in Prometheus' text format.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = vec![];
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut out) {
            tracing::error!(%error, "rendering the metrics failed");
        }
        String::from_utf8(out).unwrap_or_default()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
