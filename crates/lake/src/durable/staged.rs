//! [`Staged`]: an object that has its bytes but not yet its name.
//!
//! The staged file lies beside its target, so that one rename or link publishes it. Its name is
//! `.put#` and digits only: [`LocalFileSystem`](object_store::local::LocalFileSystem) hides names
//! that end in `#` and digits after their first `#`, and refuses keys of that shape.
//!
//! ```text
//! .put#  0000004711  03141592653589793238  00000000000000000042
//!        process id  drawn once a process  counted up
//! ```
//!
//! Whoever stages a file holds a shared lock on it to the end. One that nobody holds is of a
//! process that was killed, and [`super::abandoned`] takes it away.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::UNIX_EPOCH;

use object_store::{CopyMode, PutPayload, PutResult, Result};

use super::ObjectFile;
use super::failure::{already_exists, failed, named, not_found};
use super::folders::{Folders, sync_parent};
use tributary_ingest::disk;

/// What the names of staged files begin with.
const PREFIX: &str = ".put#";

/// A file with the bytes of an object to be; dropping it takes the file away.
#[derive(Debug)]
pub(super) struct Staged {
    file: Arc<File>,
    name: StagedName,
}

/// The path of a file this process staged, removed on drop if it is still there.
#[derive(Debug)]
struct StagedName(PathBuf);

impl Staged {
    /// Stages an empty file beside `target`, whose folder is durable then.
    pub(super) fn new(folders: &Folders, target: &ObjectFile) -> Result<Self> {
        let folder = folder_of(&target.file);
        let staged = folders.inside(folder, || {
            Self::locked(folder, |path| {
                // A lock on a network's file system is had for a file that may be read alone.
                let made = File::options().read(true).write(true).create_new(true).open(path);
                made.map(Some).map_err(|source| named("create", path, &source))
            })
        });
        staged.map_err(|source| failed(&target.key, source))
    }

    /// Stages the object `from` beside `target` under a second name; copies no bytes.
    ///
    /// `NotFound` when `from` has gone meanwhile.
    pub(super) fn linked(
        folders: &Folders,
        from: &ObjectFile,
        target: &ObjectFile,
    ) -> Result<Self> {
        let folder = folder_of(&target.file);
        let staged = folders.inside(folder, || {
            Self::locked(folder, |path| {
                fs::hard_link(&from.file, path).map_err(|source| named("link", path, &source))?;
                match File::open(path) {
                    Ok(file) => Ok(Some(file)),
                    Err(source) if source.kind() == ErrorKind::NotFound => Ok(None),
                    Err(source) => Err(named("open", path, &source)),
                }
            })
        });
        staged.map_err(|source| match source.kind() {
            ErrorKind::NotFound => not_found(&from.key, source),
            _ => failed(&target.key, source),
        })
    }

    /// Makes a file under a new name and locks it.
    ///
    /// Makes another should the name be gone before the lock is had: it was taken for abandoned.
    fn locked(folder: &Path, make: impl Fn(&Path) -> io::Result<Option<File>>) -> io::Result<Self> {
        loop {
            let name = StagedName(next_path(folder));
            let Some(file) = make(&name.0)? else { continue };
            match file.lock_shared() {
                Ok(()) if !fs::exists(&name.0)? => continue,
                // A file system without locks has none for those who look for abandoned files.
                Ok(()) => {}
                Err(error) => tracing::debug!(%error, "a staged file can't be locked"),
            }
            return Ok(Self { file: Arc::new(file), name });
        }
    }

    /// Writes all of `payload` into the empty file.
    pub(super) fn write(self, target: &ObjectFile, payload: &PutPayload) -> Result<Self> {
        disk::write_in_steps(&self.file, 0, payload.iter().map(AsRef::as_ref))
            .map_err(|source| failed(&target.key, named("write", &self.name.0, &source)))?;
        Ok(self)
    }

    /// The file, for those who write to it at places of their own.
    pub(super) fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// Gives the object its name, durably.
    ///
    /// Returns the tag that `head` will give for it. With [`CopyMode::Create`] an object in the
    /// way is `AlreadyExists`; its name is made durable first, as its writer may have died.
    pub(super) fn publish(self, target: &ObjectFile, mode: CopyMode) -> Result<PutResult> {
        let synced = self.file.sync_all().and_then(|()| self.file.metadata());
        let metadata =
            synced.map_err(|source| failed(&target.key, named("sync", &self.name.0, &source)))?;
        let published = match mode {
            CopyMode::Overwrite => fs::rename(&self.name.0, &target.file),
            CopyMode::Create => fs::hard_link(&self.name.0, &target.file),
        };
        // Before the folder is synced, so that the staged name does not outlive a power cut.
        drop(self);
        let in_the_way = match published {
            Ok(()) => None,
            Err(source)
                if mode == CopyMode::Create && source.kind() == ErrorKind::AlreadyExists =>
            {
                Some(source)
            }
            Err(source) => {
                return Err(failed(&target.key, named("publish", &target.file, &source)));
            }
        };
        sync_parent(&target.file).map_err(|source| failed(&target.key, source))?;
        match in_the_way {
            Some(source) => Err(already_exists(&target.key, source)),
            None => Ok(PutResult { e_tag: Some(e_tag(&metadata)), version: None }),
        }
    }
}

impl Drop for StagedName {
    fn drop(&mut self) {
        // Mostly it has become the object and there is nothing to remove. But a rename between
        // two names of one file does nothing and leaves both. An error has nobody to go to, and
        // the leftover would be hidden. Even in an async context this does not wait its turn on
        // another thread: a runtime that is going down might never grant it.
        let _ = fs::remove_file(&self.0);
    }
}

/// A path in `folder` that no object has, nor any file staged before, by whichever process.
fn next_path(folder: &Path) -> PathBuf {
    static DRAWN: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(process::id()));
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let (drawn, count) = (*DRAWN, COUNT.fetch_add(1, Ordering::Relaxed));
    folder.join(format!("{PREFIX}{:010}{drawn:020}{count:020}", process::id()))
}

/// Whether a file of this name is a staged one.
pub(super) fn is_staged(name: &OsStr) -> bool {
    let digits = name.as_encoded_bytes().strip_prefix(PREFIX.as_bytes());
    digits.is_some_and(|digits| digits.len() == 50 && digits.iter().all(u8::is_ascii_digit))
}

fn folder_of(file: &Path) -> &Path {
    file.parent().expect("an object's file lies below the root")
}

/// The tag of a file as `LocalFileSystem` makes it: inode, modification time in µs, and size.
fn e_tag(metadata: &Metadata) -> String {
    let modified_us = metadata
        .modified()
        .map(|time| time.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros())
        .unwrap_or_default();
    format!("{:x}-{modified_us:x}-{:x}", metadata.ino(), metadata.len())
}
