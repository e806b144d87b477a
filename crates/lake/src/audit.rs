//! Does a table hold what its log says? Every file is there, whole, and has the rows it should.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use futures::{StreamExt as _, stream};
use object_store::ObjectStoreExt as _;
use object_store::path::Path;

use super::files::footer;
use super::sweep::{GRACE, SweepOptions};
use super::{DataFile, Lake, LakeError, sweep};
use tributary_ingest::schema::Table;

/// Footers that are read at the same time.
const FOOTERS_MAX: usize = 16;

/// What an audit found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
    /// Files of the current version.
    pub n_files: usize,
    /// Their rows.
    pub n_rows: u64,
    /// Files in the folder that the current version does not name.
    pub n_orphans: usize,
    /// Those of them that no version will name again.
    pub n_leftover: usize,
    /// Those that a compaction replaced and that readers may still be reading.
    pub n_waiting: usize,
    /// Bytes of the files of the current version.
    pub n_bytes: u64,
    /// The partition with the most files, and how many.
    pub fullest: Option<(i32, usize)>,
    /// Entries of the log.
    pub n_entries: usize,
    /// Files that are missing, cut off, unreadable or of another size or number of rows.
    pub problems: Vec<String>,
}

/// Examines a table; `None` if it is not there.
///
/// # Errors
/// Any [`LakeError`] of reading the log or listing the folder.
pub async fn audit(
    lake: &Lake,
    table: &'static Table,
    now_ms: i64,
) -> Result<Option<Audit>, LakeError> {
    let Some(opened) = lake.table(table).await? else { return Ok(None) };
    // The log is read behind the listing, so that a file committed meanwhile is no orphan.
    let listed = sweep::list(lake, &opened).await?;
    let turn = opened.turn().await?;
    let files = opened.files().await?;
    let options = SweepOptions::new(now_ms, GRACE);
    let orphans = sweep::sort_out(&opened, listed, &files, (turn, options)).await?;
    let mut audit = Audit {
        n_files: files.len(),
        n_bytes: files.iter().map(|file| file.size).sum(),
        fullest: fullest(&files),
        n_entries: opened.n_entries().await?,
        ..Audit::default()
    };
    let checks = stream::iter(&files).map(|file| check(lake, table, file));
    let found: Vec<Result<u64, String>> = checks.buffered(FOOTERS_MAX).collect().await;
    for result in found {
        match result {
            Ok(n_rows) => audit.n_rows += n_rows,
            Err(problem) => audit.problems.push(problem),
        }
    }
    audit.n_orphans = orphans.n_files();
    audit.n_leftover = orphans.leftover.len();
    audit.n_waiting = orphans.n_waiting;
    Ok(Some(audit))
}

/// Returns the partition with the most files, the earliest of several, and how many.
fn fullest(files: &[DataFile]) -> Option<(i32, usize)> {
    let mut counts = BTreeMap::new();
    for file in files {
        *counts.entry(file.date).or_insert(0) += 1;
    }
    counts.into_iter().max_by_key(|(date, n_files)| (*n_files, Reverse(*date)))
}

/// Returns a file's rows, or what is wrong with it.
async fn check(lake: &Lake, table: &Table, file: &DataFile) -> Result<u64, String> {
    let path = &file.path;
    let key = Path::from(format!("{}/{path}", table.name));
    let head = lake.store().head(&key).await.map_err(|error| match error {
        object_store::Error::NotFound { .. } => format!("{path} is missing"),
        error => format!("{path}: {error}"),
    })?;
    if head.size != file.size {
        return Err(format!("{path} has {} bytes, its commit says {}", head.size, file.size));
    }
    let metadata = footer(lake.store().as_ref(), &key, head.size).await;
    let metadata = metadata.map_err(|error| format!("{path}: {error}"))?;
    let metadata = metadata.ok_or_else(|| format!("{path} is no whole Parquet file"))?;
    let n_rows = u64::try_from(metadata.file_metadata().num_rows()).unwrap_or(0);
    match file.n_rows {
        Some(said) if said != n_rows => {
            Err(format!("{path} has {n_rows} rows, its commit says {said}"))
        }
        _ => Ok(n_rows),
    }
}
