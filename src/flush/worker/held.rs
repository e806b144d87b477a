//! Segments that wait for a table which can't be written as it is.
//!
//! ```text
//! segment   7   8   9   10      sessions is blocked since 7
//! sessions  ·   ·   ·           waits, in order
//! utm       ✓   ✓   ✓           goes on, exactly once: its log names the segment
//! released  –   –   –           once every table that has rows of it names it
//! ```
//!
//! A segment is released only when all its tables have it, and in order; so those behind it stay
//! as well, as far as the journal's limits go. Once the table can be written again, the flush
//! begins anew at the oldest segment: tables that name a segment are left out.
//!
//! `raw_events` goes on too. Whoever finds an event there expects its rows in the other tables;
//! a mark in the lake says that this is not so at the moment ([`tributary_lake::behind`]).

use std::time::Duration;

use futures::future::join_all;

use super::Worker;
use crate::flush::FlushError;
use crate::flush::policy::backoff;
use tributary_lake::{LakeError, LakeTable};

/// How long a table that can't be written is left alone at most before it is looked at again.
const RETRY_MAX: Duration = Duration::from_secs(10);

/// What waits for tables that can't be written.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// The last segment that was passed though it could not be released; 0 if none was.
    pub(super) passed: u64,
    /// When the tables are looked at again, by the clock that never goes backwards.
    next_try: Duration,
    n_tries: u32,
    /// The last segment of which the mark says that not all tables have it.
    pub(super) marked: Option<u64>,
}

/// What became of the rest of a segment's tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rest {
    /// Whether tables that can't be written have rows of it.
    pub(super) is_held: bool,
    /// Whether the mark says so.
    pub(super) is_marked: bool,
}

impl Held {
    /// Knows of a mark that an earlier process left, for segments up to this one.
    pub(super) fn new(marked: Option<u64>) -> Self {
        Self { marked, ..Self::default() }
    }
}

impl Worker {
    /// Looks at tables that can't be written, now and then; begins at the oldest segment again
    /// if one can.
    pub(super) async fn retry_blocked(&mut self) {
        let blocked = self.blocks.names();
        let now = self.clock.elapsed();
        if blocked.is_empty() || now < self.held.next_try {
            return;
        }
        self.held.n_tries += 1;
        self.held.next_try = now + backoff(self.held.n_tries).min(RETRY_MAX);
        let mut is_news = false;
        for table in &self.tables {
            let name = table.definition().name;
            if !blocked.contains(&name) {
                continue;
            }
            match table.ready().await {
                Ok(()) => {
                    self.blocks.remove(name);
                    is_news = true;
                }
                Err(error) if error.is_block() => self.blocks.add(name, error.to_string()),
                Err(error) => tracing::debug!(%error, "a table can't be looked at"),
            }
        }
        if is_news {
            self.ahead = None;
            self.held = Held::new(self.held.marked);
        }
    }

    /// Makes the next look at such tables happen at once.
    pub(super) fn retry_now(&mut self) {
        self.held.next_try = Duration::ZERO;
    }

    /// Tells why segments wait, if some do.
    pub(super) fn check_held(&self) -> Result<(), FlushError> {
        if self.held.passed == 0 {
            return Ok(());
        }
        Err(FlushError::Held(self.blocks.lines().join(". ")))
    }

    /// Notices tables whose log is gone, before files are put.
    pub(super) async fn check_there(&self) -> Result<(), FlushError> {
        let looks = self.writable().map(|table| async move { (table, table.check_there().await) });
        for (table, found) in join_all(looks).await {
            if let Err(error) = found {
                self.note_block(table, error)?;
            }
        }
        Ok(())
    }

    /// Notes that a table can't be written; any other error is returned.
    pub(super) fn note_block(&self, table: &LakeTable, error: LakeError) -> Result<(), FlushError> {
        if !error.is_block() {
            return Err(error.into());
        }
        self.blocks.add(table.definition().name, error.to_string());
        Ok(())
    }

    fn writable(&self) -> impl Iterator<Item = &LakeTable> {
        self.tables.iter().filter(|table| !self.blocks.has(table.definition().name))
    }

    /// Marks that a segment's events are not in all tables.
    pub(super) async fn mark(&self) -> Result<(), FlushError> {
        if self.held.marked.is_none() {
            let ingester = self.journal.directory().ingester();
            self.lake.mark_behind(ingester, &self.blocks.names()).await?;
        }
        Ok(())
    }

    /// Takes the mark away, if all tables have what they are to have up to a segment.
    pub(super) async fn unmark(&mut self, sequence: u64) {
        let is_over = self.held.marked.is_some_and(|marked| marked <= sequence);
        if !is_over || self.held.passed > 0 {
            return;
        }
        match self.lake.unmark_behind(self.journal.directory().ingester()).await {
            Ok(()) => self.held.marked = None,
            // The next segment, or the next look, tries again.
            Err(error) => tracing::debug!(%error, "a mark can't be removed"),
        }
    }
}
