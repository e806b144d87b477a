//! Dropping partitions whose time is over.

use std::collections::BTreeSet;

use super::rewrite::Rewrite;
use super::{Lake, LakeError, LakeTable, sweep};

/// How often dropping starts over before it is left for the next time.
const TRIES_MAX: usize = 20;

/// Removes the partitions of a table before a day, and their files; returns the rows they had.
///
/// # Errors
/// Any [`LakeError`].
pub async fn expire(
    lake: &Lake,
    table: &LakeTable,
    before: i32,
    at_ms: i64,
) -> Result<u64, LakeError> {
    for _ in 0..TRIES_MAX {
        let turn = table.turn().await?;
        let removed = table.files_where(None, |file| file.date < before).await?;
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
