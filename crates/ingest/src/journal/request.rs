//! Asking the process that has a journal to flush it: a file in `JOURNAL/requests/`.
//!
//! The process looks there about once a second, seals what it has, and removes the requests that
//! it saw once all of that is in the lake.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::JournalError;
use crate::disk;

/// Name of the folder.
pub(super) const FOLDER: &str = "requests";

/// Leaves a request; it is answered when the file is gone.
///
/// # Errors
/// [`JournalError::Io`].
pub fn leave(root: &Path) -> Result<PathBuf, JournalError> {
    let folder = root.join(FOLDER);
    disk::create_folders(&folder).map_err(JournalError::io(&folder))?;
    let path = folder.join(uuid::Uuid::new_v4().simple().to_string());
    disk::create_private(&path).map_err(JournalError::io(&path))?;
    Ok(path)
}

/// Lists the requests; none if nobody ever asked.
///
/// # Errors
/// [`JournalError::Io`].
pub fn list(root: &Path) -> Result<Vec<PathBuf>, JournalError> {
    let folder = root.join(FOLDER);
    match fs::read_dir(&folder) {
        Ok(entries) => {
            entries.map(|entry| Ok(entry.map_err(JournalError::io(&folder))?.path())).collect()
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(vec![]),
        Err(source) => Err(JournalError::Io { path: folder, source }),
    }
}

/// Removes a request that was answered, or whose sender waits no more.
///
/// # Errors
/// [`JournalError::Io`].
pub fn answer(request: &Path) -> Result<(), JournalError> {
    match fs::remove_file(request) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(JournalError::Io { path: request.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}
