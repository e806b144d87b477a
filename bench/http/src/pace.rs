//! When webhooks are sent: as soon as a connection is free, or at times fixed beforehand.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How soon a sender that pauses looks again.
const PAUSE: Duration = Duration::from_millis(2);

/// Hands out the times at which webhooks are due.
#[derive(Debug)]
pub struct Pace {
    started: Instant,
    length: Duration,
    n_max: u64,
    /// Webhooks a second; `None` for as many as are answered.
    rate: Option<f64>,
    /// Up while nothing should be sent.
    pause: Arc<AtomicBool>,
    n_taken: u64,
}

impl Pace {
    /// Starts now, for a time and a number of webhooks.
    #[must_use]
    pub fn start(length: Duration, n_max: u64, rate: Option<f64>, pause: Arc<AtomicBool>) -> Self {
        Self { started: Instant::now(), length, n_max, rate, pause, n_taken: 0 }
    }

    /// Returns when it started.
    #[must_use]
    pub fn started(&self) -> Instant {
        self.started
    }

    /// Takes a webhook that is due; returns when it was due, from which its latency counts.
    ///
    /// At a fixed rate that may be long ago: a server that stalls delays what would have been
    /// sent meanwhile, and that delay is its own.
    pub fn take(&mut self, now: Instant) -> Option<Instant> {
        let due = self.next_due(now)?;
        (due <= now).then(|| {
            self.n_taken += 1;
            due
        })
    }

    /// Returns when the next webhook is due; `None` if there is none any more.
    #[must_use]
    pub fn next_due(&self, now: Instant) -> Option<Instant> {
        let at_once = if self.pause.load(Ordering::Relaxed) { now + PAUSE } else { now };
        let due = self.rate.map_or(at_once, |rate| {
            self.started + Duration::from_secs_f64(self.n_taken as f64 / rate)
        });
        (self.n_taken < self.n_max && due < self.started + self.length).then_some(due)
    }
}
