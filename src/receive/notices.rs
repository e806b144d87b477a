//! Telling that a limit was reached, once in a while and not once a request.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A limit that is reached again and again is told about this often.
const PAUSE: Duration = Duration::from_secs(10);

/// When each limit was last told.
#[derive(Debug, Default)]
pub(super) struct Notices(Mutex<HashMap<&'static str, Duration>>);

impl Notices {
    /// Tells that a limit was reached, at `now` since the process began.
    pub(super) fn tell(&self, limit: &'static str, now: Duration) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = told.get(limit).is_none_or(|last| now.saturating_sub(*last) >= PAUSE);
        if is_due {
            told.insert(limit, now);
            tracing::warn!(limit, "a limit was reached, requests are refused");
        }
    }
}
