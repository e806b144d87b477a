//! What a flush logs and counts of its progress: dead letters and failures.

use std::collections::BTreeMap;

use super::Worker;
use crate::flush::FlushError;

impl Worker {
    /// Counts and logs dead letters by reason, never what is in them.
    pub(super) fn report_dead_letters(
        &self,
        sequence: u64,
        dead_letters: &BTreeMap<&'static str, u64>,
    ) {
        for (reason, n) in dead_letters {
            self.metrics.dead_letters.with_label_values(&[reason]).inc_by(*n);
        }
        if !dead_letters.is_empty() {
            let counts: Vec<String> =
                dead_letters.iter().map(|(reason, n)| format!("{reason}={n}")).collect();
            let (reasons, n_events) = (counts.join(" "), dead_letters.values().sum::<u64>());
            tracing::warn!(sequence, n_events, reasons, "events can't be flattened whole");
        }
    }

    pub(super) fn report(&self, error: &FlushError, n_failures: u32) {
        self.metrics.flush_errors.inc();
        self.note_lost(error);
        if error.is_transient() {
            tracing::warn!(%error, n_failures, "flush failed and is tried again");
        } else {
            tracing::error!(%error, n_failures, "flush failed and needs someone to look at it");
        }
    }
}
