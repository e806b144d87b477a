//! What is measured of a journal.

use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge};

use crate::metrics::{Label, Maker};

const LIMIT: Label =
    ("limit", &["journal-bytes", "max-segments", "max-backlog-age", "min-free-disk"]);

/// What a journal does and holds; clones count together.
#[derive(Debug, Clone)]
pub struct JournalMetrics {
    /// Time of writing and syncing one batch.
    pub append_seconds: Histogram,
    /// Records in a batch.
    pub batch_records: Histogram,
    /// Batches that a limit of the journal refused, by limit.
    pub full: IntCounterVec,
    /// Batches that the disk refused.
    pub errors: IntCounter,
    /// Bytes that wait for the lake.
    pub bytes: IntGauge,
    /// Bytes of bodies that are not on disk yet.
    pub unsynced_bytes: IntGauge,
    /// Bytes that the journal's disk has left.
    pub free_bytes: IntGauge,
    /// Bytes that may wait for the lake.
    pub bytes_max: IntGauge,
    /// Segments that wait for the lake.
    pub segments: IntGauge,
    /// Age of the oldest event that is not in the lake.
    pub oldest_unflushed_seconds: IntGauge,
}

impl JournalMetrics {
    /// Makes them, at zero.
    #[must_use]
    pub fn new(make: &Maker<'_>) -> Self {
        Self {
            append_seconds: make.histogram(
                "journal_append_seconds",
                "Time to write and sync one batch",
                0.0005,
            ),
            batch_records: make.histogram("journal_batch_records", "Records a batch", 1.0),
            full: make.counters(
                "journal_full_total",
                "Batches refused because a limit of the journal was reached",
                LIMIT,
            ),
            errors: make.counter("journal_errors_total", "Batches the disk refused"),
            bytes: make.gauge("journal_bytes", "Bytes that wait for the lake"),
            unsynced_bytes: make
                .gauge("journal_unsynced_bytes", "Bytes of bodies that are not on disk yet"),
            free_bytes: make.gauge("journal_free_bytes", "Bytes that the journal's disk has left"),
            bytes_max: make.gauge("journal_bytes_max", "Bytes that may wait for the lake"),
            segments: make.gauge("journal_segments", "Sealed segments that wait"),
            oldest_unflushed_seconds: make.gauge(
                "oldest_unflushed_seconds",
                "Age of the oldest event that is not in the lake",
            ),
        }
    }
}
