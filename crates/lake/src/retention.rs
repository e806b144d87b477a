//! Retention: dropping partitions whose time is over.
//!
//! A day that has not come yet never ends: a browser with a wrong clock dates a session years
//! ahead. Files of such days go by when they were written, which is when their rows were received
//! or later, so none goes before its time.

use std::collections::BTreeSet;

use super::rewrite::Rewrite;
use super::{DataFile, Lake, LakeError, LakeTable, sweep};

/// How often dropping starts over before it is left for the next time.
const TRIES_MAX: usize = 20;

/// Up to where rows are kept no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cutoff {
    /// First day that is kept, as days since the Unix epoch.
    pub before: i32,
    /// The day it is.
    pub today: i32,
    /// Files of later days that were written before this time go, milliseconds since the Unix
    /// epoch.
    pub written_before_ms: i64,
}

impl Cutoff {
    fn is_expired(self, file: &DataFile, written_at_ms: i64) -> bool {
        file.date < self.before
            || (file.date > self.today && written_at_ms < self.written_before_ms)
    }
}

/// Removes the files of a table that are kept no longer; returns the rows they had.
///
/// # Errors
/// Any [`LakeError`].
pub async fn apply(
    lake: &Lake,
    table: &LakeTable,
    cutoff: Cutoff,
    at_ms: i64,
) -> Result<u64, LakeError> {
    for _ in 0..TRIES_MAX {
        // The turn comes first: should a rewrite come in between, ours is refused.
        let turn = table.turn().await?;
        let removed = table.files_written(|file, at_ms| cutoff.is_expired(file, at_ms)).await?;
        if removed.is_empty() {
            return Ok(0);
        }
        let rewrite = Rewrite { removed, added: vec![], data_change: true, at_ms };
        if table.rewrite(turn, &rewrite).await? {
            let paths = rewrite.removed.iter().map(|file| file.path.as_str());
            sweep::delete(lake, table, paths).await?;
            let dates: BTreeSet<i32> = rewrite.removed.iter().map(|file| file.date).collect();
            let n_rows = rewrite.removed.iter().filter_map(|file| file.n_rows).sum();
            let table = table.definition().name;
            tracing::info!(table, n_partitions = dates.len(), n_rows, "retention is over, removed");
            return Ok(n_rows);
        }
    }
    Err(LakeError::Contended { table: table.definition().name })
}
