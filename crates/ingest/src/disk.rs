//! Files that survive a power cut: the few system calls that make that so, in one place.
//!
//! A file is durable when its bytes were synced and the folder that names it was synced too.
//! New folders need the same of their parents.
//!
//! A journal shares its disk with the lake, and each of its syncs waits for what the disk was
//! given before. So large files are written, and their room is given back, a step at a time.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// Bytes that are written before they are synced.
const WRITTEN_STEP: usize = 1 << 20;
/// Bytes whose room is given back at once.
const FREED_STEP: u64 = 4 << 20;
/// Time for others between two such steps; a busy journal syncs several times meanwhile.
const PAUSE: Duration = Duration::from_millis(2);

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

/// Removes a file as [`remove_file`] does, then gives its room back a step at a time.
///
/// Who has the file open reads no further than it still goes.
///
/// # Errors
/// The error of removing it, of syncing its folder, or of making it shorter.
pub fn remove_large_file(path: &Path) -> io::Result<()> {
    let file = match OpenOptions::new().write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    remove_file(path)?;
    let mut left = file.metadata()?.len();
    while left > FREED_STEP {
        left -= FREED_STEP;
        file.set_len(left)?;
        thread::sleep(PAUSE);
    }
    Ok(())
}

/// Writes pieces one after another from `offset` on, and syncs all but the last step of them.
///
/// Returns how many bytes they have.
///
/// # Errors
/// The first error of writing or syncing.
pub fn write_in_steps<'a>(
    file: &File,
    offset: u64,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> io::Result<u64> {
    let mut at = offset;
    let mut n_unsynced = 0;
    for piece in pieces {
        for step in piece.chunks(WRITTEN_STEP) {
            if n_unsynced + step.len() > WRITTEN_STEP {
                file.sync_data()?;
                n_unsynced = 0;
            }
            file.write_all_at(step, at)?;
            at += step.len() as u64;
            n_unsynced += step.len();
        }
    }
    Ok(at - offset)
}

/// Returns the folder that holds `path`, `.` for a bare name.
#[must_use]
pub fn parent_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}
