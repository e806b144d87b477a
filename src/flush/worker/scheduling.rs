//! Scheduling a flush beside webhooks and queries.

use super::Worker;
use crate::flush::thread::Cores;
use crate::priority::Holder;
use tributary_ingest::journal::SealedSegment;

/// Segments that wait when a flush is behind: one more than commits and is prepared.
const BEHIND_SEGMENTS: usize = 3;

impl Worker {
    /// Returns how many cores work on a segment, and the right of way if that takes it.
    ///
    /// A segment that is not full was sealed for its age: too few events come for it to matter.
    pub(super) fn schedule(&self, segment: &SealedSegment) -> (Cores, Option<Holder>) {
        let is_full =
            segment.length >= self.policy.bytes_max || segment.n_records >= self.policy.rows_max;
        let Some(right_of_way) = self.right_of_way.as_ref().filter(|_| is_full) else {
            return (Cores::All, None);
        };
        let is_behind = self.journal.shared().n_sealed() >= BEHIND_SEGMENTS;
        let cores = if is_behind { Cores::All } else { Cores::AllButOne };
        (cores, Some(right_of_way.take()))
    }
}
