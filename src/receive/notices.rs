//! Telling of what comes again and again once in a while, not once a request.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// One thing is told this often.
const PAUSE: Duration = Duration::from_secs(10);

/// When each thing was last told.
#[derive(Debug, Default)]
pub(super) struct Notices(Mutex<HashMap<&'static str, Duration>>);

impl Notices {
    /// Tells whether a thing is to be told at `now`, since the process began; it then is.
    pub(super) fn is_due(&self, what: &'static str, now: Duration) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = told.get(what).is_none_or(|last| now.saturating_sub(*last) >= PAUSE);
        if is_due {
            told.insert(what, now);
        }
        is_due
    }
}
