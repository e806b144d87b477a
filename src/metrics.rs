//! Counters and histograms in Prometheus' terms; names and labels never carry a person's data.

use prometheus::{
    Encoder as _, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    TextEncoder, exponential_buckets,
};

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
    /// Batches that the journal refused.
    pub journal_errors: IntCounter,
    /// Bytes that wait for the lake.
    pub journal_bytes: IntGauge,
    /// Segments that wait for the lake.
    pub journal_segments: IntGauge,
    /// Bytes set aside as unreadable when the journal was opened.
    pub journal_damaged_files: IntGauge,
    /// Age of the oldest event that is not in the lake.
    pub oldest_unflushed_seconds: IntGauge,
    /// Open connections.
    pub connections: IntGauge,
    /// Rows committed, by table.
    pub rows: IntCounterVec,
    /// Files committed.
    pub files: IntCounter,
    /// Bytes of Parquet committed.
    pub file_bytes: IntCounter,
    /// Segments flushed.
    pub flushes: IntCounter,
    /// Attempts to flush that failed and are repeated.
    pub flush_errors: IntCounter,
    /// Time from reading a segment to its commit in all tables.
    pub flush_seconds: Histogram,
    /// Events that could not be flattened whole, by reason.
    pub dead_letters: IntCounterVec,
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
            webhooks: make.counters("webhooks_total", "Webhook requests by answer", "answer"),
            signatures: make.counters("signatures_total", "Verified webhooks by scheme", "scheme"),
            webhook_seconds: make.histogram("webhook_seconds", "Time to answer a webhook", 0.0005),
            journal_append_seconds: make.histogram(
                "journal_append_seconds",
                "Time to write and sync one batch",
                0.0005,
            ),
            journal_batch_records: make.histogram("journal_batch_records", "Records a batch", 1.0),
            journal_errors: make.counter("journal_errors_total", "Batches the journal refused"),
            journal_bytes: make.gauge("journal_bytes", "Bytes that wait for the lake"),
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
            rows: make.counters("rows_total", "Rows committed to the lake", "table"),
            files: make.counter("files_total", "Files committed to the lake"),
            file_bytes: make.counter("file_bytes_total", "Bytes of Parquet committed to the lake"),
            flushes: make.counter("flushes_total", "Journal segments committed to the lake"),
            flush_errors: make.counter("flush_errors_total", "Flush attempts that failed"),
            flush_seconds: make.histogram("flush_seconds", "Time to flush one segment", 0.01),
            dead_letters: make.counters(
                "dead_letters_total",
                "Events that could not be flattened whole",
                "reason",
            ),
            registry,
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

    fn counters(&self, name: &str, help: &str, label: &str) -> IntCounterVec {
        self.add(IntCounterVec::new(opts(name, help), &[label]).expect(VALID))
    }

    fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.add(IntGauge::with_opts(opts(name, help)).expect(VALID))
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
