//! No symbolic link below a local lake: it would lead reads and writes out of it.
//!
//! The lake's folder itself may be a link. The folders that decide where files go, a table's, its
//! log's and its partitions', may not.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How the names of a table's own folders begin.
const KEPT: [&str; 2] = ["_delta_log", "date="];

/// Finds a table's folder, log or partition that is a symbolic link.
///
/// # Errors
/// The system's error, if a folder can't be listed.
pub(super) fn first_link(root: &Path) -> io::Result<Option<PathBuf>> {
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_symlink() {
            return Ok(Some(entry.path()));
        }
        if kind.is_dir()
            && let Some(link) = first_link_of_table(&entry.path())?
        {
            return Ok(Some(link));
        }
    }
    Ok(None)
}

fn first_link_of_table(table: &Path) -> io::Result<Option<PathBuf>> {
    for entry in fs::read_dir(table)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_kept = KEPT.iter().any(|kept| name.to_string_lossy().starts_with(kept));
        if is_kept && entry.file_type()?.is_symlink() {
            return Ok(Some(entry.path()));
        }
    }
    Ok(None)
}
