//! Does a table hold what its log says? Every file is there, whole, and has the rows it should.

use std::collections::HashMap;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use object_store::ObjectStoreExt as _;
use object_store::path::Path;

use super::files::footer;
use super::{DataFile, Lake, LakeError};
use crate::schema::Table;

/// Footers that are read at the same time.
const FOOTERS_MAX: usize = 16;
/// Folder of a table's log.
const LOG: &str = "_delta_log";

/// What an audit found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
    /// Files of the current version.
    pub n_files: usize,
    /// Their rows.
    pub n_rows: u64,
    /// Files in the folder that the current version does not name.
    pub n_orphans: usize,
    /// Files that are missing, cut off, unreadable or of another size or number of rows.
    pub problems: Vec<String>,
}

/// Examines a table; `None` if it is not there.
///
/// # Errors
/// Any [`LakeError`] of reading the log or listing the folder.
pub async fn audit(lake: &Lake, table: &'static Table) -> Result<Option<Audit>, LakeError> {
    let Some(opened) = lake.table(table).await? else { return Ok(None) };
    let prefix = Path::from(table.name);
    let failed = |error| LakeError::store("list", &prefix, error);
    let listed: Vec<_> = lake.store().list(Some(&prefix)).try_collect().await.map_err(failed)?;
    // The log is read behind the listing, so that a file committed meanwhile is no orphan.
    let files = opened.files().await?;
    let sizes: HashMap<String, u64> = listed
        .into_iter()
        .map(|object| (object.location.to_string(), object.size))
        .filter(|(name, _)| !name.contains(LOG))
        .collect();
    let mut audit = Audit { n_files: files.len(), ..Audit::default() };
    let checks = stream::iter(&files).map(|file| check(lake, table, file));
    let found: Vec<Result<u64, String>> = checks.buffered(FOOTERS_MAX).collect().await;
    for result in found {
        match result {
            Ok(n_rows) => audit.n_rows += n_rows,
            Err(problem) => audit.problems.push(problem),
        }
    }
    let named = |file: &DataFile| format!("{}/{}", table.name, file.path);
    let n_known = files.iter().filter(|file| sizes.contains_key(&named(file))).count();
    audit.n_orphans = sizes.len() - n_known;
    Ok(Some(audit))
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
