//! Taking away staged files whose process was killed before it could publish them.
//!
//! They are hidden from every listing, so nothing else would find them, and they may hold rows.

use std::fs::{self, DirEntry, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::SystemTime;

use object_store::Result;
use object_store::path::Path as Key;

use super::failure::{failed, named};
use super::staged::is_staged;

/// Removes the staged files below `folder` that nobody holds and nobody wrote to after `until`;
/// returns how many there were. Blocks.
///
/// # Errors
/// `PermissionDenied` or `Generic`. That a file or folder is not there is no error.
pub fn remove_abandoned(folder: &Path, until: SystemTime) -> Result<usize> {
    remove_below(folder, until).map_err(|source| failed(&Key::default(), source))
}

fn remove_below(folder: &Path, until: SystemTime) -> io::Result<usize> {
    let mut n_removed = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let read = |source: io::Error| named("read folder", &folder, &source);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(source) if is_gone(&source) => continue,
            Err(source) => return Err(read(source)),
        };
        for entry in entries {
            let entry = entry.map_err(read)?;
            let is_folder = match entry.file_type() {
                Ok(kind) => kind.is_dir(),
                Err(source) if is_gone(&source) => continue,
                Err(source) => return Err(read(source)),
            };
            if is_folder {
                folders.push(entry.path());
            } else if is_staged(&entry.file_name()) {
                n_removed += usize::from(remove(&entry, until)?);
            }
        }
    }
    Ok(n_removed)
}

/// Removes a file if nobody holds it; tells whether it did.
fn remove(entry: &DirEntry, until: SystemTime) -> io::Result<bool> {
    let path = entry.path();
    let removed = (|| {
        let file = File::options().read(true).write(true).open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(false),
            // Where there are no locks nobody can tell, so the file stays.
            Err(TryLockError::Error(error)) => {
                tracing::debug!(path = %path.display(), %error, "a staged file can't be locked");
                return Ok(false);
            }
        }
        if file.metadata()?.modified()? > until {
            return Ok(false);
        }
        fs::remove_file(&path).map(|()| true)
    })();
    match removed {
        Err(source) if is_gone(&source) => Ok(false),
        outcome => outcome.map_err(|source| named("remove", &path, &source)),
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}
