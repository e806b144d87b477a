//! The journal's folder: its lock, its files, and the two small facts kept beside the segments.
//!
//! ```text
//! JOURNAL/lock                 held while a process uses the journal
//! JOURNAL/ingester             this journal's name, part of every file name in the lake
//! JOURNAL/checkpoint           the highest sequence whose segment is in the lake
//! JOURNAL/segments/N.seg       segments, 20 digits, ascending
//! JOURNAL/spare/N.seg          files of segments in the lake, for a while, to be written over
//! JOURNAL/damaged/N-OFFSET.bin bytes that could not be read, set aside
//! JOURNAL/lake                 the address of the lake that the segments are for
//! JOURNAL/ids/LAKE/            the index of known webhook ids, one a lake's address
//! JOURNAL/ids/LAKE.json        the lake that these ids belong to, see [`super::bond`]
//! JOURNAL/unconfirmed          the highest sequence at opening, until the lake was met
//! JOURNAL/requests/            what other processes ask of the one that has the journal
//! ```
//!
//! A journal serves one lake at a time: with another one it is opened only when no segment
//! waits, and what that lake has seen is then another index. A lake that was moved is the same.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::bond::{self, Bonded, Met, Settled, Target};
use super::error::JournalError;
use super::layout::{list_sequences, load_checkpoint, load_ingester, segment_path};
use super::recycled_segments::{self, RecycledSegments};
use super::request;
use super::segment::{HEADER_BYTES, Header};
use crate::disk;

/// A journal's folder, locked for this process.
#[derive(Debug)]
pub struct Directory {
    root: PathBuf,
    ingester: String,
    bonded: Arc<Bonded>,
    recycled_segments: RecycledSegments,
    _lock: File,
}

impl Directory {
    /// Opens or creates the journal at `root` for a lake, and takes its lock.
    ///
    /// # Errors
    /// [`JournalError::Locked`] if another process has it, [`JournalError::OtherLake`] if it
    /// holds events for another lake, [`JournalError::Io`].
    pub fn open(root: &Path, target: &Target<'_>) -> Result<Self, JournalError> {
        let folders = ["segments", "ids", request::FOLDER, recycled_segments::FOLDER]
            .map(|name| root.join(name));
        for folder in [root.to_owned()].into_iter().chain(folders) {
            disk::create_folders(&folder).map_err(JournalError::io(&folder))?;
        }
        let path = root.join("lock");
        let lock = disk::create_private(&path).map_err(JournalError::io(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(JournalError::Locked(root.to_owned())),
            Err(fs::TryLockError::Error(source)) => return Err(JournalError::Io { path, source }),
        }
        let ingester = ingester_name(root)?;
        let bonded = Bonded::bind(root, target)?;
        let recycled_segments = RecycledSegments::open(root)
            .map_err(JournalError::io(root.join(recycled_segments::FOLDER)))?;
        Ok(Self { root: root.to_owned(), ingester, bonded, recycled_segments, _lock: lock })
    }

    /// Returns the journal's folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns this journal's name, eight hexadecimal digits.
    #[must_use]
    pub fn ingester(&self) -> &str {
        &self.ingester
    }

    /// Returns the folder of the index of ids.
    #[must_use]
    pub fn ids(&self) -> PathBuf {
        self.bonded.ids()
    }

    /// Returns what is remembered of the lake that these ids belong to.
    pub(super) fn bonded(&self) -> &Arc<Bonded> {
        &self.bonded
    }

    /// Whether the journal has brought events to a lake at this address.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn knows_lake(&self) -> Result<bool, JournalError> {
        self.bonded.knows_lake()
    }

    /// Whether a lake of this identity is another one than the journal knows.
    #[must_use]
    pub fn is_another(&self, id: Option<&str>) -> bool {
        self.bonded.is_another(id)
    }

    /// Compares the lake that was reached with the one that is known, and goes on with it. Blocks
    /// on the disk.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn settle(&self, met: &Met<'_>) -> Result<Settled, JournalError> {
        self.bonded.settle(met, &self.ingester)
    }

    /// Takes all ids of segments that are in the lake for unknown, so that repeats are taken.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn forget_ids(&self) -> Result<(), JournalError> {
        self.bonded.forget_ids()
    }

    /// Notes that the lake has nothing of this journal that the journal never had.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn confirm(&self) -> Result<(), JournalError> {
        bond::confirm(&self.root)
    }

    /// Returns the highest sequence at the first opening since the journal met its lake.
    pub(super) fn unmet_at(&self, last: u64) -> Result<u64, JournalError> {
        bond::unmet_at(&self.root, last)
    }

    /// Returns the path of a segment.
    #[must_use]
    pub fn segment(&self, sequence: u64) -> PathBuf {
        segment_path(&self.root, sequence)
    }

    /// Lists the segments' sequences, ascending.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn sequences(&self) -> Result<Vec<u64>, JournalError> {
        list_sequences(&self.root)
    }

    /// Creates an empty segment durably and opens it for appending. If its file is one that was
    /// kept, stale bytes follow, which are no frames of this segment.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn create_segment(
        &self,
        sequence: u64,
        now_ms: i64,
    ) -> Result<(File, Header), JournalError> {
        let path = self.segment(sequence);
        let uuid = uuid::Uuid::new_v4().into_bytes();
        let header = Header { uuid, sequence, created_at_ms: now_ms };
        match self.recycled_segments.take(&path, &header.encode()) {
            Ok(Some(file)) => return Ok((file, header)),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "a segment's file can't be used again"),
        }
        let write = || -> io::Result<File> {
            use std::io::Write as _;
            let mut file = disk::create_private(&path)?;
            file.write_all(&header.encode())?;
            file.sync_all()?;
            disk::sync_folder(&disk::parent_of(&path))?;
            Ok(file)
        };
        let file = write().map_err(JournalError::io(&path))?;
        debug_assert_eq!(file.metadata().map_or(0, |m| m.len()), HEADER_BYTES);
        Ok((file, header))
    }

    /// Removes a segment durably, and so that a journal in use hardly waits for it.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn remove_segment(&self, sequence: u64) -> Result<(), JournalError> {
        let path = self.segment(sequence);
        disk::remove_large_file(&path).map_err(JournalError::io(path))
    }

    /// Takes away the name of a segment that is in the lake; its file is kept, or removed durably.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn release_segment(&self, sequence: u64, now: Duration) -> Result<(), JournalError> {
        let kept = self.recycled_segments.keep(&self.segment(sequence), now);
        let is_kept = kept.unwrap_or_else(|error| {
            tracing::warn!(%error, "a segment's file can't be kept and is removed");
            false
        });
        if is_kept { Ok(()) } else { self.remove_segment(sequence) }
    }

    /// Returns the files that are kept to be written over.
    #[must_use]
    pub fn recycled_segments(&self) -> &RecycledSegments {
        &self.recycled_segments
    }

    /// Reads the highest sequence that is in the lake, 0 at first.
    ///
    /// # Errors
    /// [`JournalError::Io`], also if the file holds no number.
    pub fn checkpoint(&self) -> Result<u64, JournalError> {
        load_checkpoint(&self.root)
    }

    /// Stores the highest sequence that is in the lake, durably.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn store_checkpoint(&self, sequence: u64) -> Result<(), JournalError> {
        let path = self.root.join("checkpoint");
        disk::replace_file(&path, format!("{sequence}\n").as_bytes())
            .map_err(JournalError::io(path))
    }

    /// Sets bytes aside that could not be read as records.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn set_aside(
        &self,
        sequence: u64,
        offset: u64,
        bytes: &[u8],
    ) -> Result<PathBuf, JournalError> {
        let folder = self.root.join("damaged");
        disk::create_folders(&folder).map_err(JournalError::io(&folder))?;
        let path = folder.join(format!("{sequence:020}-{offset}.bin"));
        disk::replace_file(&path, bytes).map_err(JournalError::io(&path))?;
        Ok(path)
    }
}

/// Reads the journal's name, or gives it one.
fn ingester_name(root: &Path) -> Result<String, JournalError> {
    if let Some(name) = load_ingester(root)? {
        return Ok(name);
    }
    let path = root.join("ingester");
    let name = uuid::Uuid::new_v4().simple().to_string()[..8].to_owned();
    disk::replace_file(&path, name.as_bytes()).map_err(JournalError::io(path))?;
    Ok(name)
}
