//! What the journal's thread tells the other tasks: what waits, and whether the disk refuses.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Notify;

use super::mutex::lock;
use super::quota::Usage;
use super::segment_state::{OpenState, SealedSegment};
use crate::disk;

/// Facts about the journal that other tasks read.
#[derive(Debug, Default)]
pub struct Shared {
    sealed: Mutex<VecDeque<SealedSegment>>,
    sealed_bytes: AtomicU64,
    unsynced_bytes: AtomicU64,
    failing: AtomicBool,
    open: Mutex<OpenState>,
    /// Wakes the flush worker when a segment is sealed.
    pub sealed_notify: Notify,
}

impl Shared {
    /// Returns the oldest segment that waits for the lake.
    #[must_use]
    pub fn oldest(&self) -> Option<SealedSegment> {
        lock(&self.sealed).front().cloned()
    }

    /// Returns the oldest segment that waits behind this one.
    #[must_use]
    pub fn next_after(&self, sequence: u64) -> Option<SealedSegment> {
        lock(&self.sealed).iter().find(|segment| segment.sequence > sequence).cloned()
    }

    /// Returns how many segments wait.
    #[must_use]
    pub fn n_sealed(&self) -> usize {
        lock(&self.sealed).len()
    }

    /// Returns how many records wait.
    fn n_records(&self) -> u64 {
        let sealed: u64 = lock(&self.sealed).iter().map(|segment| segment.n_records).sum();
        sealed + self.open_state().n_records
    }

    /// Returns the bytes of the segments that wait.
    #[must_use]
    pub fn sealed_bytes(&self) -> u64 {
        self.sealed_bytes.load(Ordering::Acquire)
    }

    /// Returns the bytes of bodies that are not on disk yet.
    #[must_use]
    pub fn unsynced_bytes(&self) -> u64 {
        self.unsynced_bytes.load(Ordering::Acquire)
    }

    /// Returns how full the open segment is.
    #[must_use]
    pub fn open_state(&self) -> OpenState {
        *lock(&self.open)
    }

    /// Returns when the oldest event that waits came, milliseconds since the Unix epoch.
    #[must_use]
    pub fn oldest_at_ms(&self) -> Option<i64> {
        let oldest = lock(&self.sealed).front().map(|segment| segment.created_at_ms);
        oldest.or(self.open_state().first_at_ms)
    }

    /// Returns what waits, and what the disk has left.
    pub(super) fn usage(&self, root: &Path, now_ms: i64) -> Usage {
        Usage {
            bytes: self.sealed_bytes() + self.open_state().bytes,
            n_segments: self.n_sealed(),
            n_records: self.n_records(),
            age_ms: self.oldest_at_ms().map_or(0, |oldest_ms| now_ms - oldest_ms),
            // A file system that does not say is not full.
            free_bytes: disk::free_bytes(root).unwrap_or(u64::MAX),
        }
    }

    pub(super) fn push(&self, segment: SealedSegment) {
        self.sealed_bytes.fetch_add(segment.length, Ordering::AcqRel);
        lock(&self.sealed).push_back(segment);
        self.sealed_notify.notify_one();
    }

    pub(super) fn pop(&self, sequence: u64) {
        let mut sealed = lock(&self.sealed);
        if let Some(segment) = sealed.pop_front_if(|front| front.sequence == sequence) {
            self.sealed_bytes.fetch_sub(segment.length, Ordering::AcqRel);
        }
    }

    pub(super) fn set_open(&self, state: OpenState) {
        *lock(&self.open) = state;
    }

    pub(super) fn set_failing(&self, is_failing: bool) {
        self.failing.store(is_failing, Ordering::Release);
    }

    pub(super) fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Acquire)
    }

    pub(super) fn begin_unsynced(&self, n_bytes: u64) {
        self.unsynced_bytes.fetch_add(n_bytes, Ordering::AcqRel);
    }

    pub(super) fn end_unsynced(&self, n_bytes: u64) {
        self.unsynced_bytes.fetch_sub(n_bytes, Ordering::AcqRel);
    }
}
