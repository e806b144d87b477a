//! Telling of what comes again and again once in a while, not once a request.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// One thing is told this often.
const PAUSE: Duration = Duration::from_secs(10);

/// When each thing was last told, and how often it came since.
#[derive(Debug, Default)]
pub(super) struct Notices(Mutex<HashMap<&'static str, (Duration, u64)>>);

impl Notices {
    /// Tells whether a thing is to be told at `now`, since the process began; it then is. Returns
    /// how often it came since it was last told, this time included.
    pub(super) fn due(&self, what: &'static str, now: Duration) -> Option<u64> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((last, n_times)) = told.get_mut(what) else {
            told.insert(what, (now, 0));
            return Some(1);
        };
        *n_times += 1;
        if now.saturating_sub(*last) < PAUSE {
            return None;
        }
        *last = now;
        Some(std::mem::take(n_times))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_often_is_told_once_in_a_while_with_its_number() {
        let notices = Notices::default();
        let due = |what, seconds| notices.due(what, Duration::from_secs(seconds));
        assert_eq!(due("timestamp", 1), Some(1));
        assert_eq!([2, 3, 10].map(|seconds| due("timestamp", seconds)), [None; 3]);
        assert_eq!(due("bad_signature", 10), Some(1));
        assert_eq!(due("timestamp", 11), Some(4));
        assert_eq!(due("timestamp", 12), None);
    }
}
