//! Files that survive a power cut: the few system calls that make that so, in one place.
//!
//! A file is durable when its bytes were synced and the folder that names it was synced too.
//! New folders need the same of their parents.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Syncs a folder, so that the names in it are durable.
///
/// # Errors
/// The error of opening or syncing it.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Creates `path` and its missing parents, private to this user, and makes their names durable.
///
/// # Errors
/// The first error of creating or syncing a folder.
pub fn create_folders(path: &Path) -> io::Result<()> {
    let mut missing = vec![];
    let mut at = path;
    while !at.as_os_str().is_empty() && !at.try_exists()? {
        missing.push(at);
        let Some(parent) = at.parent() else { break };
        at = parent;
    }
    for folder in missing.into_iter().rev() {
        match fs::DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        sync_folder(&parent_of(folder))?;
    }
    Ok(())
}

/// Replaces the file at `path` with `bytes`, whole or not at all, durably.
///
/// # Errors
/// The first error of writing, syncing or renaming.
pub fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    let mut file = create_private(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    sync_folder(&parent_of(path))
}

/// Opens a new or emptied file that only this user can read.
///
/// # Errors
/// The error of opening it.
pub fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// Returns the bytes that this user can still write to the file system of `path`.
///
/// # Errors
/// The system's error.
pub fn free_bytes(path: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(path)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Removes a file and makes that durable; a file that is not there is no error.
///
/// # Errors
/// The error of removing it or of syncing its folder.
pub fn remove_file(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => sync_folder(&parent_of(path)),
    }
}

/// Returns the folder that holds `path`, `.` for a bare name.
#[must_use]
pub fn parent_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}
