//! What goes first: webhooks before the flush, the flush before queries.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use tributary_ingest::clock::Clock;

/// How long those who give way stand still at a time.
const WAIT_MAX: Duration = Duration::from_secs(1);
/// How long they then go on beside whom they gave way to.
const GO_ON: Duration = Duration::from_millis(250);

/// Puts this thread behind others, by as much as `nice` counts.
pub fn step_back(nice: i32) {
    let this = rustix::thread::gettid();
    if let Err(error) = rustix::process::setpriority_process(Some(this), nice) {
        tracing::debug!(%error, "a thread's priority can't be lowered");
    }
}

/// Work that others give way to: they stand still while it goes on.
///
/// However long that is, they have a fifth of the time.
#[derive(Debug)]
pub struct RightOfWay {
    n_holders: watch::Sender<usize>,
    clock: Arc<dyn Clock>,
    /// Until when nobody has to wait, by [`Clock::elapsed`].
    go_on_until: Mutex<Duration>,
}

/// The right of way, until this is dropped.
#[derive(Debug)]
pub struct Holder(Arc<RightOfWay>);

impl RightOfWay {
    /// Makes one that nobody has.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { n_holders: watch::Sender::new(0), clock, go_on_until: Mutex::default() }
    }

    /// Takes it; several may have it.
    #[must_use]
    pub fn take(self: &Arc<Self>) -> Holder {
        self.n_holders.send_modify(|n| *n += 1);
        Holder(Arc::clone(self))
    }

    /// Waits while somebody has it, if it is not time to go on.
    pub async fn give_way(&self) {
        if *self.n_holders.borrow() == 0 || self.clock.elapsed() < *self.go_on_until() {
            return;
        }
        let mut holders = self.n_holders.subscribe();
        let until_free = holders.wait_for(|n| *n == 0);
        if tokio::time::timeout(WAIT_MAX, until_free).await.is_err() {
            *self.go_on_until() = self.clock.elapsed() + GO_ON;
        }
    }

    fn go_on_until(&self) -> MutexGuard<'_, Duration> {
        // A time stays whole even if a holder of the lock panicked.
        self.go_on_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.0.n_holders.send_modify(|n| *n -= 1);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;
    use tributary_ingest::clock::ManualClock;

    fn idle() -> (Arc<RightOfWay>, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(0));
        (Arc::new(RightOfWay::new(Arc::clone(&clock) as Arc<dyn Clock>)), clock)
    }

    fn is_free(right_of_way: &RightOfWay) -> bool {
        right_of_way.give_way().now_or_never().is_some()
    }

    #[tokio::test]
    async fn one_waits_until_the_last_holder_is_gone() {
        let (right_of_way, _) = idle();
        assert!(is_free(&right_of_way));
        let (first, second) = (right_of_way.take(), right_of_way.take());
        let waiting = Arc::clone(&right_of_way);
        let mut waiting = tokio::spawn(async move { waiting.give_way().await });
        tokio::task::yield_now().await;
        drop(first);
        tokio::task::yield_now().await;
        assert!((&mut waiting).now_or_never().is_none());
        drop(second);
        waiting.await.unwrap();
        assert!(is_free(&right_of_way));
    }

    #[tokio::test]
    async fn whoever_waited_long_enough_goes_on_for_a_while() {
        let (right_of_way, clock) = idle();
        let _holder = right_of_way.take();
        for _ in 0..2 {
            assert!(!is_free(&right_of_way));
            right_of_way.give_way().await;
            clock.advance_ms(249);
            assert!(is_free(&right_of_way));
            clock.advance_ms(1);
        }
    }
}
