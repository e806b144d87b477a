//! [`Folders`]: the folders between the root and its objects, made durable once each.
//!
//! A folder's name is durable when its parent was synced after the folder was made. Whoever finds
//! a folder there cannot tell whether its maker, another thread or a process long dead, came as
//! far as that sync. So everyone syncs the parent, unless this store has seen it done.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::failure::named;

/// How often to make a folder again that somebody keeps taking away.
const ATTEMPTS_MAX: usize = 8;
/// How many folders to remember; beyond that, all are forgotten and synced anew.
const KNOWN_MAX: usize = 16 * 1024;

/// The folders below one root, and which of their names are known to be durable.
#[derive(Debug)]
pub(super) struct Folders {
    root: PathBuf,
    /// A folder is in here only if all folders between it and the root are durable too.
    known: Mutex<HashSet<PathBuf>>,
}

impl Folders {
    /// Knows nothing but that `root`, a canonical path, is durable.
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root, known: Mutex::default() }
    }

    /// Runs `work` once `folder` is there and durable.
    ///
    /// Runs it again when it found the folder gone; so `work` must be safe to repeat.
    pub(super) fn inside<T>(
        &self,
        folder: &Path,
        mut work: impl FnMut() -> io::Result<T>,
    ) -> io::Result<T> {
        let mut outcome = self.ensure(folder).and_then(|()| work());
        for _ in 1..ATTEMPTS_MAX {
            match &outcome {
                Err(error) if error.kind() == ErrorKind::NotFound && !folder.is_dir() => {
                    self.known().clear();
                    outcome = self.ensure(folder).and_then(|()| work());
                }
                _ => break,
            }
        }
        outcome
    }

    /// Makes `folder` and what is missing above it, and syncs the names not known to be durable.
    fn ensure(&self, folder: &Path) -> io::Result<()> {
        for unknown in self.unknown_above(folder).iter().rev() {
            create(unknown)?;
            sync_parent(unknown)?;
            self.remember(unknown);
        }
        Ok(())
    }

    /// `folder` and the folders above it that are not known to be durable, the deepest first.
    fn unknown_above(&self, folder: &Path) -> Vec<PathBuf> {
        let known = self.known();
        folder
            .ancestors()
            .take_while(|ancestor| *ancestor != self.root && !known.contains(*ancestor))
            .map(Path::to_path_buf)
            .collect()
    }

    fn remember(&self, folder: &Path) {
        let mut known = self.known();
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(folder.to_path_buf());
    }

    fn known(&self) -> MutexGuard<'_, HashSet<PathBuf>> {
        // No step under the lock leaves the set half-changed, so a poisoned one is as good.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the root and the folders above it, syncs the names of the new ones, and resolves it.
///
/// The name of a root that was there before is synced too, as far as its parent may be opened:
/// the process that made it may have died before it could.
pub(super) fn create_root(root: &Path) -> io::Result<PathBuf> {
    let root = std::path::absolute(root).map_err(|source| named("resolve", root, &source))?;
    let missing: Vec<&Path> = root.ancestors().take_while(|folder| !folder.is_dir()).collect();
    for folder in missing.iter().rev() {
        create(folder)?;
        sync_parent(folder)?;
    }
    let root = fs::canonicalize(&root).map_err(|source| named("resolve", &root, &source))?;
    if missing.is_empty() {
        match sync_parent(&root) {
            Err(error) if error.kind() != ErrorKind::PermissionDenied => return Err(error),
            _ => {}
        }
    }
    Ok(root)
}

/// Syncs the folder that holds `file`'s name.
pub(super) fn sync_parent(file: &Path) -> io::Result<()> {
    let Some(folder) = file.parent() else { return Ok(()) };
    File::open(folder)
        .and_then(|opened| opened.sync_all())
        .map_err(|source| named("sync folder", folder, &source))
}

/// Makes one folder, unless somebody has made it already.
fn create(folder: &Path) -> io::Result<()> {
    match fs::create_dir(folder) {
        Err(source) if source.kind() == ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(source) if source.kind() == ErrorKind::AlreadyExists => {
            let source = io::Error::new(ErrorKind::NotADirectory, "a file is in the way");
            Err(named("create folder", folder, &source))
        }
        outcome => outcome.map_err(|source| named("create folder", folder, &source)),
    }
}
