//! When to flush: pure.

use std::time::Duration;

use tributary_ingest::journal::OpenState;

/// A segment is sealed, and so flushed, when any of these is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Age of its first event.
    pub interval: Duration,
    /// Events in it; the journal checks this one at each append.
    pub rows_max: u64,
    /// Bytes in it; the journal checks this one at each append.
    pub bytes_max: u64,
    /// Bytes of bodies and rows that are flushed at a time; beyond, a table gets more files.
    pub chunk_bytes_max: usize,
}

impl Policy {
    /// Returns how long the open segment may stay open; `None` if it is empty.
    ///
    /// `now` is by the clock that never goes backwards: setting the time delays no flush.
    #[must_use]
    pub fn due_in(&self, open: OpenState, now: Duration) -> Option<Duration> {
        let since = open.since.filter(|_| open.n_records > 0)?;
        Some(self.interval.saturating_sub(now.saturating_sub(since)))
    }
}

/// Returns how long to wait before the try after `n_failures` failed ones: 1 s doubled up to 60 s.
#[must_use]
pub fn backoff(n_failures: u32) -> Duration {
    Duration::from_secs(1 << n_failures.saturating_sub(1).min(6)).min(Duration::from_secs(60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_due_an_interval_after_its_first_event() {
        let policy = Policy {
            interval: Duration::from_secs(60),
            rows_max: 1 << 20,
            bytes_max: 1 << 26,
            chunk_bytes_max: 1 << 25,
        };
        let seconds = Duration::from_secs;
        let open = |since, n_records| OpenState { n_records, bytes: 100, first_at_ms: None, since };
        assert_eq!(policy.due_in(open(None, 0), seconds(0)), None);
        assert_eq!(policy.due_in(open(Some(seconds(1)), 0), seconds(99)), None);
        assert_eq!(policy.due_in(open(Some(seconds(1)), 1), seconds(31)), Some(seconds(30)));
        assert_eq!(policy.due_in(open(Some(seconds(1)), 1), seconds(999)), Some(Duration::ZERO));
    }

    #[test]
    fn waiting_grows_to_a_minute() {
        let seconds: Vec<u64> = (1..=8).map(|n| backoff(n).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
    }
}
