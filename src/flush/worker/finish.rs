//! The last flush: what is left goes to the lake, within a time even if the lake does not answer.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::Worker;
use crate::flush::FlushError;
use crate::flush::policy::backoff;
use tributary_lake::LakeError;

/// Tries of the last flush before the process ends without it; the journal keeps the events.
const LAST_TRIES_MAX: u32 = 5;
/// How long one segment may take once the process is to end, if there is a limit.
const LAST_TRY_MAX: Duration = Duration::from_secs(90);

impl Worker {
    /// Closes the journal and flushes what is left.
    ///
    /// # Errors
    /// The error of the last try.
    pub async fn finish(mut self) -> Result<(), FlushError> {
        self.close_journal().await?;
        self.right_of_way = None;
        self.retry_now();
        let mut n_failures = 0;
        loop {
            match self.flush_in_time().await {
                Ok(true) => n_failures = 0,
                Ok(false) => {
                    self.check_held()?;
                    self.answer_all().await;
                    return Ok(());
                }
                Err(error) if n_failures >= LAST_TRIES_MAX || !error.is_worth_a_last_try() => {
                    return Err(error);
                }
                Err(error) => {
                    n_failures += 1;
                    self.report(&error, n_failures);
                    tokio::time::sleep(backoff(n_failures)).await;
                }
            }
        }
    }

    /// Ends without the last flush: the lake has not answered for too long.
    pub(super) async fn give_up(self) -> Result<(), FlushError> {
        self.close_journal().await?;
        Err(self.no_answer())
    }

    async fn flush_in_time(&mut self) -> Result<bool, FlushError> {
        if self.reach.is_none() {
            return self.flush_oldest().await;
        }
        let flushed = tokio::time::timeout(LAST_TRY_MAX, self.flush_oldest()).await;
        flushed.unwrap_or_else(|_| Err(self.no_answer()))
    }

    async fn close_journal(&self) -> Result<(), FlushError> {
        let journal = Arc::clone(&self.journal);
        let closed = tokio::task::spawn_blocking(move || journal.close()).await;
        closed.map_err(|error| FlushError::Interrupted(error.to_string()))
    }

    fn no_answer(&self) -> FlushError {
        let location = self.lake.location().to_string();
        LakeError::Slow { location, seconds: LAST_TRY_MAX.as_secs() }.into()
    }
}

impl FlushError {
    /// Tells whether it may be gone in a moment; a lake that did not answer had its time.
    fn is_worth_a_last_try(&self) -> bool {
        self.is_transient() && !matches!(self, Self::Lake(LakeError::Slow { .. }))
    }
}

/// Ends when the process has had to end for so long that what is under way is given up; never, if
/// there is no limit.
pub(super) async fn overdue(mut stop: watch::Receiver<bool>, is_bounded: bool) {
    if !is_bounded {
        return std::future::pending().await;
    }
    // Whoever would tell being gone is being told.
    _ = stop.wait_for(|stop| *stop).await;
    tokio::time::sleep(LAST_TRY_MAX).await;
}
