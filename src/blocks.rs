//! Tables of the lake that can't be written as they are: found out by the task that flushes, told
//! to whoever asks whether all is well.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::metrics::Metrics;

/// The tables that events wait for, or would, until somebody does something.
#[derive(Debug)]
pub struct Blocks {
    tables: Mutex<BTreeMap<&'static str, String>>,
    metrics: Arc<Metrics>,
    /// Whether whoever flushes ends with them, and says so then.
    ends: bool,
}

impl Blocks {
    /// Knows of none.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { tables: Mutex::default(), metrics, ends: false }
    }

    /// Knows of none, for a command: that ends with an error that names them, and the log need not
    /// do so before.
    #[must_use]
    pub fn of_command(metrics: Arc<Metrics>) -> Self {
        Self { ends: true, ..Self::new(metrics) }
    }

    /// Notes that a table can't be written, and why; tells it if that is news.
    pub fn add(&self, table: &'static str, why: String) {
        self.metrics.table_blocked.with_label_values(&[table]).set(1);
        let before = self.tables().insert(table, why.clone());
        if self.ends {
            tracing::debug!(table, why, "a table can't be written");
        } else if before.as_ref() != Some(&why) {
            tracing::error!(
                table,
                why,
                "a table can't be written; its events stay in the journal, other tables go on"
            );
        }
    }

    /// Notes that a table can be written.
    pub fn remove(&self, table: &'static str) {
        self.metrics.table_blocked.with_label_values(&[table]).set(0);
        if self.tables().remove(table).is_some() {
            tracing::info!(table, "a table can be written again");
        }
    }

    /// Tells whether a table can't be written.
    #[must_use]
    pub fn has(&self, table: &str) -> bool {
        self.tables().contains_key(table)
    }

    /// Returns the tables that can't be written.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.tables().keys().copied().collect()
    }

    /// Returns a line for each table that can't be written: its name, why, and what to do.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.tables().values().cloned().collect()
    }

    fn tables(&self) -> MutexGuard<'_, BTreeMap<&'static str, String>> {
        // What it holds stays whole even if a holder panicked.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
