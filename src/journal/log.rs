//! The journal's single writer: takes batches of records, decides what is new, and syncs them.
//!
//! A batch is one write and one `fdatasync`. If the sync fails, the kernel may have dropped the
//! pages and will not say so again, so that segment is never synced again: it is cut back to the
//! bytes known to be on disk, sealed, and the next batch starts a new one.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use super::directory::Directory;
use super::error::JournalError;
use super::frame;
use super::ids::{self, Entry, KnownIds, Persister};
use super::segment::{HEADER_BYTES, Header};
use crate::event::{Record, RecordKind};
use crate::failpoint;

/// The journal's limits.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// A segment is sealed when it holds this many bytes.
    pub segment_bytes_max: u64,
    /// A segment is sealed when it holds this many records.
    pub segment_records_max: u64,
    /// Nothing is accepted while all segments together hold this many bytes.
    pub journal_bytes_max: u64,
    /// How long an id is remembered, in milliseconds.
    pub dedup_window_ms: i64,
}

/// An id's key and what is remembered of it.
type Known = (Vec<u8>, Entry);

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is new, and durable.
    Accepted,
    /// Its id and body were known; nothing was stored.
    Duplicate,
    /// Its id was known with another body; it is durable, set aside.
    Conflict,
}

/// A segment that takes no more records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSegment {
    /// Its number.
    pub sequence: u64,
    /// Its random identity.
    pub uuid: [u8; 16],
    /// Its file.
    pub path: PathBuf,
    /// Bytes of it that count; what follows was never acknowledged.
    pub length: u64,
    /// Records in it.
    pub n_records: u64,
    /// Offsets of frames that another segment holds too, to be left out here.
    pub skip: BTreeSet<u64>,
    /// When it was created, milliseconds since the Unix epoch.
    pub created_at_ms: i64,
}

/// The segment that takes records.
#[derive(Debug)]
struct OpenSegment {
    file: File,
    header: Header,
    /// Bytes known to be on disk.
    length: u64,
    n_records: u64,
    /// A write or sync failed: it takes no more.
    given_up: bool,
}

/// How full the open segment is; what a flush policy looks at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpenState {
    /// Records in it.
    pub n_records: u64,
    /// Bytes in it.
    pub bytes: u64,
    /// Time of receipt of its first record, milliseconds since the Unix epoch.
    pub first_at_ms: Option<i64>,
}

/// The journal, open for appending.
#[derive(Debug)]
pub struct Log {
    directory: Arc<Directory>,
    options: Options,
    ids: KnownIds,
    /// Ids of durable records that the index could not take yet.
    unindexed: Vec<(Vec<u8>, Entry)>,
    open: Option<OpenSegment>,
    first_at_ms: Option<i64>,
    next_sequence: u64,
    buffer: Vec<u8>,
}

impl Log {
    pub(super) fn new(
        directory: Arc<Directory>,
        options: Options,
        ids: KnownIds,
        next_sequence: u64,
    ) -> Self {
        Self {
            directory,
            options,
            ids,
            unindexed: vec![],
            open: None,
            first_at_ms: None,
            next_sequence,
            buffer: vec![],
        }
    }

    /// Returns the journal's folder.
    #[must_use]
    pub fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// Returns a handle that makes the index of ids durable.
    #[must_use]
    pub fn persister(&self) -> Persister {
        self.ids.persister()
    }

    /// Returns the highest number that a segment has had.
    #[must_use]
    pub fn last_sequence(&self) -> u64 {
        self.next_sequence - 1
    }

    /// Returns how many bytes the journal may hold.
    #[must_use]
    pub fn bytes_max(&self) -> u64 {
        self.options.journal_bytes_max
    }

    /// Returns how full the open segment is.
    #[must_use]
    pub fn open_state(&self) -> OpenState {
        self.open.as_ref().map_or_else(OpenState::default, |open| OpenState {
            n_records: open.n_records,
            bytes: open.length,
            first_at_ms: self.first_at_ms,
        })
    }

    /// Makes records durable, except those that are known; `sealed_bytes` wait for the lake.
    ///
    /// The outcomes are one a record, in order. An error among them means that nothing of the
    /// batch counts. A segment that became full, or had to be given up, is returned beside them.
    pub fn append(
        &mut self,
        records: &mut [Record],
        sealed_bytes: u64,
        now_ms: i64,
    ) -> (Result<Vec<Outcome>, JournalError>, Option<SealedSegment>) {
        let result = self.try_append(records, sealed_bytes, now_ms);
        let full = self.open.as_ref().is_some_and(|open| {
            open.given_up
                || open.length >= self.options.segment_bytes_max
                || open.n_records >= self.options.segment_records_max
        });
        (result, if full { self.seal() } else { None })
    }

    fn try_append(
        &mut self,
        records: &mut [Record],
        sealed_bytes: u64,
        now_ms: i64,
    ) -> Result<Vec<Outcome>, JournalError> {
        self.drain_unindexed()?;
        let bytes = sealed_bytes + self.open.as_ref().map_or(0, |open| open.length);
        if bytes >= self.options.journal_bytes_max {
            return Err(JournalError::Full { bytes, bytes_max: self.options.journal_bytes_max });
        }
        let sequence = self.open_segment(now_ms)?;
        let (outcomes, entries) = self.classify(records, sequence, now_ms)?;
        let fresh =
            records.iter().zip(&outcomes).filter(|(_, outcome)| **outcome != Outcome::Duplicate);
        let n_fresh = self.write(fresh.map(|(record, _)| record))?;
        if n_fresh > 0 {
            self.first_at_ms = self.first_at_ms.or(Some(now_ms));
            self.index(entries);
            failpoint::pass("journal_after_index");
        }
        Ok(outcomes)
    }

    /// Seals the open segment if it holds anything.
    pub fn seal(&mut self) -> Option<SealedSegment> {
        let open = self.open.take_if(|open| open.n_records > 0 || open.given_up)?;
        self.first_at_ms = None;
        if open.n_records == 0 {
            if let Err(error) = self.directory.remove_segment(open.header.sequence) {
                tracing::warn!(%error, "removing an empty segment failed");
            }
            return None;
        }
        Some(SealedSegment {
            sequence: open.header.sequence,
            uuid: open.header.uuid,
            path: self.directory.segment(open.header.sequence),
            length: open.length,
            n_records: open.n_records,
            skip: BTreeSet::new(),
            created_at_ms: open.header.created_at_ms,
        })
    }

    /// Forgets ids that are older than the window.
    ///
    /// # Errors
    /// [`JournalError::Ids`].
    pub fn expire(&mut self, now_ms: i64) -> Result<(), JournalError> {
        self.ids.expire(now_ms)
    }

    /// Removes the open segment's file if it is empty; the last act before closing.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn close(mut self) -> Result<(), JournalError> {
        if let Some(open) = self.open.take().filter(|open| open.n_records == 0) {
            self.directory.remove_segment(open.header.sequence)?;
        }
        self.ids.persister().persist()
    }

    /// Decides what is new, marks conflicts in the records, and lists what to remember.
    fn classify(
        &self,
        records: &mut [Record],
        sequence: u64,
        now_ms: i64,
    ) -> Result<(Vec<Outcome>, Vec<Known>), JournalError> {
        let mut outcomes = Vec::with_capacity(records.len());
        let mut fresh: HashMap<Vec<u8>, Entry> = HashMap::with_capacity(records.len());
        for record in records {
            let body_hash = ids::body_hash(&record.body);
            let entry = Entry { body_hash, sequence, received_at_ms: record.received_at_ms };
            let key = record.webhook_id.as_bytes().to_vec();
            let known = |key: &[u8]| -> Result<Option<Entry>, JournalError> {
                match fresh.get(key) {
                    Some(entry) => Ok(Some(*entry)),
                    None => self.ids.lookup(key, now_ms),
                }
            };
            match known(&key)? {
                None => {
                    fresh.insert(key, entry);
                    outcomes.push(Outcome::Accepted);
                }
                Some(first) if first.body_hash == body_hash => outcomes.push(Outcome::Duplicate),
                Some(_) => {
                    let key = ids::conflict_key(&record.webhook_id, body_hash);
                    if known(&key)?.is_some() {
                        outcomes.push(Outcome::Duplicate);
                    } else {
                        fresh.insert(key, entry);
                        record.kind = RecordKind::IdConflict;
                        outcomes.push(Outcome::Conflict);
                    }
                }
            }
        }
        Ok((outcomes, fresh.into_iter().collect()))
    }

    /// Writes and syncs frames; on failure nothing of them counts.
    fn write<'a>(
        &mut self,
        records: impl Iterator<Item = &'a Record>,
    ) -> Result<u64, JournalError> {
        let open = self.open.as_mut().expect("a segment was opened before writing");
        self.buffer.clear();
        let mut n_records = 0;
        for record in records {
            frame::encode(record, &open.header.uuid, open.length, &mut self.buffer);
            n_records += 1;
        }
        if n_records == 0 {
            return Ok(0);
        }
        failpoint::pass("journal_before_write");
        let written = open.file.write_all_at(&self.buffer, open.length);
        failpoint::pass("journal_after_write");
        if let Err(source) = written.and_then(|()| open.file.sync_data()) {
            let path = self.directory.segment(open.header.sequence);
            cut_back(open);
            return Err(JournalError::Io { path, source });
        }
        failpoint::pass("journal_after_sync");
        open.length += self.buffer.len() as u64;
        open.n_records += n_records;
        self.buffer.shrink_to(4 << 20);
        Ok(n_records)
    }

    /// Opens a new segment unless one is open and sound; returns its sequence.
    fn open_segment(&mut self, now_ms: i64) -> Result<u64, JournalError> {
        if let Some(open) = &self.open {
            return Ok(open.header.sequence);
        }
        let sequence = self.next_sequence;
        let (file, header) = self.directory.create_segment(sequence, now_ms)?;
        self.next_sequence = sequence + 1;
        self.open =
            Some(OpenSegment { file, header, length: HEADER_BYTES, n_records: 0, given_up: false });
        Ok(sequence)
    }

    /// Remembers the ids of durable records, now or, if the index fails, before the next batch.
    fn index(&mut self, entries: Vec<(Vec<u8>, Entry)>) {
        if let Err(error) = self.ids.insert(&entries) {
            tracing::error!(%error, "remembering ids failed, nothing is accepted until it works");
            self.unindexed.extend(entries);
        }
    }

    fn drain_unindexed(&mut self) -> Result<(), JournalError> {
        if self.unindexed.is_empty() {
            return Ok(());
        }
        self.ids.insert(&self.unindexed)?;
        self.unindexed.clear();
        Ok(())
    }
}

/// Cuts a segment back to what is known to be on disk, after a failed write or sync.
fn cut_back(open: &mut OpenSegment) {
    open.given_up = true;
    if let Err(error) = open.file.set_len(open.length) {
        tracing::error!(sequence = open.header.sequence, %error, "cutting a segment back failed");
    }
}
