//! What other processes ask for, and what is left of released segments.

use std::sync::Arc;
use std::time::Duration;

use super::Worker;
use tributary_ingest::journal::request;

impl Worker {
    /// Answers requests to flush, now that nothing sealed is left, and seals for new ones. Tells
    /// whether there are any.
    pub(super) async fn is_asked(&mut self) -> bool {
        for request in std::mem::take(&mut self.asked) {
            if let Err(error) = request::answer(&request) {
                tracing::warn!(%error, "a request to flush can't be removed and is left alone");
                self.stuck.insert(request);
            }
        }
        // Where they can't be listed, whoever asked says so.
        let listed = request::list(self.journal.directory().root()).unwrap_or_default();
        self.asked = listed.into_iter().filter(|request| !self.stuck.contains(request)).collect();
        let is_asked = !self.asked.is_empty();
        // Who asks may want what the journal's files held to be gone: those that are kept go, the
        // open one is sealed, and until the answer none is kept.
        self.journal.directory().recycled_segments().set_closed(is_asked);
        if !is_asked {
            return false;
        }
        if !self.remove_recycled_segments(Duration::ZERO).await {
            self.asked.clear();
            return false;
        }
        self.journal.seal().await;
        true
    }

    /// Removes files of released segments that were kept for so long; tells whether that is done.
    pub(super) async fn remove_recycled_segments(&self, age_max: Duration) -> bool {
        let journal = Arc::clone(&self.journal);
        match tokio::task::spawn_blocking(move || journal.remove_recycled_segments(age_max)).await {
            Ok(Ok(())) => return true,
            Ok(Err(error)) => tracing::warn!(%error, "a flushed segment's file can't be removed"),
            Err(error) => tracing::error!(%error, "removing flushed segments' files was cut off"),
        }
        false
    }

    /// Answers all requests at the end: everything is in the lake, whoever asked.
    pub(super) async fn answer_all(&self) {
        if !self.remove_recycled_segments(Duration::ZERO).await {
            return;
        }
        for request in request::list(self.journal.directory().root()).unwrap_or_default() {
            // Whoever asked waits in vain then, and says so.
            _ = request::answer(&request);
        }
    }
}
