//! Files of released segments, kept for a while to be written over.
//!
//! A sync of bytes that make a file longer waits for the file system's own journal and for the
//! kernel's threads that keep it; one of bytes that are written over waits for the disk alone.
//! And a file that is used again gives no room back, which takes the disk's time as well.
//!
//! What such a file held is in the lake, and nothing of it passes as the next segment's: each
//! frame's checksum has its segment's uuid in it. That holds for a file of which a sync failed
//! too: whatever of it counts again is written anew before it is synced.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::mutex::lock;
use crate::disk;
use crate::failpoint;

/// Name of their folder.
pub(super) const FOLDER: &str = "spare";
/// Files that are kept at most: a segment is flushed while the next one is written.
const FILES_MAX: usize = 2;
/// Bytes that such a file may have.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// The files that can be written over.
#[derive(Debug)]
pub struct RecycledSegments {
    folder: PathBuf,
    kept: Mutex<VecDeque<RecycledSegment>>,
    /// While it is up, none more is kept.
    is_closed: AtomicBool,
}

#[derive(Debug)]
struct RecycledSegment {
    path: PathBuf,
    /// When it was kept, by the clock that never goes backwards.
    since: Duration,
}

impl RecycledSegments {
    /// Starts with none; those of an earlier process are removed.
    ///
    /// # Errors
    /// The error of listing or removing one.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        let folder = root.join(FOLDER);
        for entry in fs::read_dir(&folder)? {
            disk::remove_large_file(&entry?.path())?;
        }
        Ok(Self { folder, kept: Mutex::default(), is_closed: AtomicBool::new(false) })
    }

    /// Says whether none more is kept; those that are stay.
    pub fn set_closed(&self, is_closed: bool) {
        self.is_closed.store(is_closed, Ordering::Release);
    }

    /// Keeps a segment's file, which loses its name; `false` if none more is kept.
    ///
    /// That is not made durable: a segment in the lake that has its name still is removed at the
    /// next start.
    ///
    /// # Errors
    /// The error of renaming it.
    pub(super) fn keep(&self, segment: &Path, now: Duration) -> io::Result<bool> {
        let mut kept = lock(&self.kept);
        let is_fit = !self.is_closed.load(Ordering::Acquire)
            && kept.len() < FILES_MAX
            && fs::metadata(segment)?.len() <= FILE_BYTES_MAX;
        let Some(name) = segment.file_name().filter(|_| is_fit) else { return Ok(false) };
        let path = self.folder.join(name);
        fs::rename(segment, &path)?;
        kept.push_back(RecycledSegment { path, since: now });
        Ok(true)
    }

    /// Makes a kept file the segment at `path`, durably; `None` if there is none.
    ///
    /// # Errors
    /// The error of writing, syncing or renaming; the file is gone then.
    pub(super) fn take(&self, path: &Path, header: &[u8]) -> io::Result<Option<File>> {
        let Some(recycled) = lock(&self.kept).pop_front() else { return Ok(None) };
        let reuse = || -> io::Result<File> {
            let file = OpenOptions::new().write(true).open(&recycled.path)?;
            file.write_all_at(header, 0)?;
            file.sync_all()?;
            failpoint::pass("journal_before_reuse");
            fs::rename(&recycled.path, path)?;
            disk::sync_folder(&disk::parent_of(path))?;
            disk::sync_folder(&self.folder)?;
            Ok(file)
        };
        reuse().map(Some).inspect_err(|_| _ = fs::remove_file(&recycled.path))
    }

    /// Removes those that were kept for longer than `age_max`.
    ///
    /// # Errors
    /// The first error of removing one, which is tried again the next time.
    pub fn remove_older(&self, now: Duration, age_max: Duration) -> io::Result<()> {
        loop {
            let is_old =
                |recycled: &mut RecycledSegment| now.saturating_sub(recycled.since) >= age_max;
            let Some(recycled) = lock(&self.kept).pop_front_if(is_old) else { return Ok(()) };
            if let Err(error) = disk::remove_large_file(&recycled.path) {
                lock(&self.kept).push_front(recycled);
                return Err(error);
            }
        }
    }
}
