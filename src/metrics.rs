//! Counters and histograms in Prometheus' terms; names and labels never carry a person's data.

use prometheus::{
    Encoder as _, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder, exponential_buckets,
};

use crate::deliveries::Deliveries;
use crate::flatten::REASONS;

/// A label, and those of its values that are known from the start.
type Label = (&'static str, &'static [&'static str]);

const ANSWER: Label = ("answer", &ANSWERS);
const SCHEME: Label = ("scheme", &SCHEMES);
const LIMIT: Label = ("limit", &LIMITS);
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
/// Limits of the journal.
const LIMITS: [&str; 4] = ["journal-bytes", "max-segments", "max-backlog-age", "min-free-disk"];
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
    /// Time of writing and syncing one batch.
    pub journal_append_seconds: Histogram,
    /// Records in a batch.
    pub journal_batch_records: Histogram,
    /// Batches that a limit of the journal refused, by limit.
    pub journal_full: IntCounterVec,
    /// Batches that the disk refused.
    pub journal_errors: IntCounter,
    /// Bytes that wait for the lake.
    pub journal_bytes: IntGauge,
    /// Bytes of bodies that are not on disk yet.
    pub journal_unsynced_bytes: IntGauge,
    /// Bytes that the journal's disk has left.
    pub journal_free_bytes: IntGauge,
    /// Bytes that may wait for the lake.
    pub journal_bytes_max: IntGauge,
    /// Segments that wait for the lake.
    pub journal_segments: IntGauge,
    /// Bytes set aside as unreadable when the journal was opened.
    pub journal_damaged_files: IntGauge,
    /// Age of the oldest event that is not in the lake.
    pub oldest_unflushed_seconds: IntGauge,
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
        let make = Maker { registry: &registry };
        Self {
            webhooks: make.counters("webhooks_total", "Webhook requests by answer", ANSWER),
            signatures: make.counters("signatures_total", "Verified webhooks by scheme", SCHEME),
            webhook_seconds: make.histogram("webhook_seconds", "Time to answer a webhook", 0.0005),
            journal_append_seconds: make.histogram(
                "journal_append_seconds",
                "Time to write and sync one batch",
                0.0005,
            ),
            journal_batch_records: make.histogram("journal_batch_records", "Records a batch", 1.0),
            journal_full: make.counters(
                "journal_full_total",
                "Batches refused because a limit of the journal was reached",
                LIMIT,
            ),
            journal_errors: make.counter("journal_errors_total", "Batches the disk refused"),
            journal_bytes: make.gauge("journal_bytes", "Bytes that wait for the lake"),
            journal_unsynced_bytes: make
                .gauge("journal_unsynced_bytes", "Bytes of bodies that are not on disk yet"),
            journal_free_bytes: make
                .gauge("journal_free_bytes", "Bytes that the journal's disk has left"),
            journal_bytes_max: make.gauge("journal_bytes_max", "Bytes that may wait for the lake"),
            journal_segments: make.gauge("journal_segments", "Sealed segments that wait"),
            journal_damaged_files: make.gauge(
                "journal_damaged_files",
                "Files of unreadable journal bytes set aside at start",
            ),
            oldest_unflushed_seconds: make.gauge(
                "oldest_unflushed_seconds",
                "Age of the oldest event that is not in the lake",
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

/// Makes and registers metrics under the `tributary_` prefix.
struct Maker<'a> {
    registry: &'a Registry,
}

impl Maker<'_> {
    fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.add(IntCounter::with_opts(opts(name, help)).expect(VALID))
    }

    /// Counters by a label, whose known values are there from the start: a rise from nothing is
    /// none to those who watch.
    fn counters(&self, name: &str, help: &str, label: Label) -> IntCounterVec {
        let (label, values) = label;
        let counters = IntCounterVec::new(opts(name, help), &[label]).expect(VALID);
        for value in values {
            counters.with_label_values(&[value]);
        }
        self.add(counters)
    }

    fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.add(IntGauge::with_opts(opts(name, help)).expect(VALID))
    }

    /// Gauges by a label.
    fn gauges(&self, name: &str, help: &str, (label, _): Label) -> IntGaugeVec {
        self.add(IntGaugeVec::new(opts(name, help), &[label]).expect(VALID))
    }

    /// A histogram of 18 buckets, each twice the one before.
    fn histogram(&self, name: &str, help: &str, first_bucket: f64) -> Histogram {
        let buckets = exponential_buckets(first_bucket, 2.0, 18).expect(VALID);
        let options = HistogramOpts::from(opts(name, help)).buckets(buckets);
        self.add(Histogram::with_opts(options).expect(VALID))
    }

    fn add<C: prometheus::core::Collector + Clone + 'static>(&self, collector: C) -> C {
        self.registry.register(Box::new(collector.clone())).expect("each name is used once");
        collector
    }
}

const VALID: &str = "names and buckets are constants of this file";

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(format!("tributary_{name}"), help)
}
