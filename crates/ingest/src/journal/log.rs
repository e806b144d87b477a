//! The journal's single writer: takes batches of records, decides what is new, and syncs them.
//!
//! A batch is one write and one `fdatasync`. If the sync fails, the kernel may have dropped the
//! pages and will not say so again, so that segment is never synced again: it is cut back to the
//! bytes known to be on disk, sealed, and the next batch starts a new one.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use super::directory::Directory;
use super::error::JournalError;
use super::frame;
use super::ids::{self, IdEntry, KnownIds, Persister};
use super::quota::Quota;
use super::recovery;
use super::segment::{HEADER_BYTES, Header};
use super::segment_state::{OpenState, SealedSegment};
use crate::event::{Record, RecordKind};
use crate::failpoint;

/// The journal's limits.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// A segment is sealed when it holds this many bytes.
    pub segment_bytes_max: u64,
    /// A segment is sealed when it holds this many records.
    pub segment_records_max: u64,
    /// What may wait at most.
    pub quota: Quota,
    /// How long an id is remembered, in milliseconds.
    pub dedup_window_ms: i64,
}

/// An id's key and what is remembered of it.
type Known = (Vec<u8>, IdEntry);

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

/// The journal, open for appending.
#[derive(Debug)]
pub struct Log {
    directory: Arc<Directory>,
    options: Options,
    ids: KnownIds,
    /// The index failed: it is opened again, and told of all that waits, before it is used.
    is_index_broken: bool,
    /// Sealed segments that may still wait, and up to which length they count.
    live: BTreeMap<u64, u64>,
    open: Option<OpenSegment>,
    first_at_ms: Option<i64>,
    next_sequence: u64,
    unmet_at: u64,
    buffer: Vec<u8>,
}

impl Log {
    pub(super) fn new(
        directory: Arc<Directory>,
        options: Options,
        ids: KnownIds,
        next_sequence: u64,
        unmet_at: u64,
        live: BTreeMap<u64, u64>,
    ) -> Self {
        Self {
            directory,
            options,
            ids,
            is_index_broken: false,
            live,
            open: None,
            first_at_ms: None,
            next_sequence,
            unmet_at,
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

    /// Returns the highest number that a segment had when the journal was opened first since it
    /// met its lake.
    #[must_use]
    pub fn unmet_at(&self) -> u64 {
        self.unmet_at
    }

    /// Returns what may wait at most.
    #[must_use]
    pub fn quota(&self) -> Quota {
        self.options.quota
    }

    /// Returns how full the open segment is.
    #[must_use]
    pub fn open_state(&self) -> OpenState {
        self.open.as_ref().map_or_else(OpenState::default, |open| OpenState {
            n_records: open.n_records,
            bytes: open.length,
            first_at_ms: self.first_at_ms,
            since: None,
        })
    }

    /// Makes records durable, except those that are known.
    ///
    /// The outcomes are one a record, in order. An error among them means that nothing of the
    /// batch counts. A segment that became full, or had to be given up, is returned beside them.
    pub fn append(
        &mut self,
        records: &mut [Record],
        now_ms: i64,
    ) -> (Result<Vec<Outcome>, JournalError>, Option<SealedSegment>) {
        let result = self.try_append(records, now_ms);
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
        now_ms: i64,
    ) -> Result<Vec<Outcome>, JournalError> {
        self.probe(now_ms)?;
        let sequence = self.open_segment(now_ms)?;
        let (outcomes, entries) = match self.classify(records, sequence, now_ms) {
            Ok(classified) => classified,
            // Without the index a repeat would pass for a new event, so nothing is taken.
            Err(error) => {
                self.is_index_broken = true;
                return Err(error);
            }
        };
        let fresh =
            records.iter().zip(&outcomes).filter(|(_, outcome)| **outcome != Outcome::Duplicate);
        let n_fresh = self.write(fresh.map(|(record, _)| record))?;
        if n_fresh > 0 {
            self.first_at_ms = self.first_at_ms.or(Some(now_ms));
            // Behind the sync, never before it: an id that is known while its record is lost would
            // have each repeat of it turned away.
            self.index(&entries);
            failpoint::pass("journal_after_index");
        }
        Ok(outcomes)
    }

    /// Checks that records could be taken, and mends the index of ids if it failed before.
    ///
    /// # Errors
    /// Why they could not.
    pub fn probe(&mut self, now_ms: i64) -> Result<(), JournalError> {
        if self.is_index_broken {
            self.ids.reopen()?;
            let mut live = self.live.clone();
            // Of the open segment what was acknowledged: behind that may lie a write that failed.
            live.extend(self.open.as_ref().map(|open| (open.header.sequence, open.length)));
            recovery::reindex(&self.directory, &mut self.ids, &live, now_ms)?;
            self.is_index_broken = false;
            tracing::info!("the index of ids works again");
        }
        self.open_segment(now_ms).map(drop)
    }

    /// Seals the open segment if it holds anything.
    pub fn seal(&mut self) -> Option<SealedSegment> {
        // An empty one stays open: a flush would have nothing to do with it.
        let open = self.open.take_if(|open| open.n_records > 0 || open.given_up)?;
        self.first_at_ms = None;
        if open.n_records == 0 {
            if let Err(error) = self.directory.remove_segment(open.header.sequence) {
                tracing::warn!(%error, "removing an empty segment failed");
            }
            return None;
        }
        // If it can't be read, mending the index reads more segments than it has to.
        let checkpoint = self.directory.checkpoint().unwrap_or(0);
        self.live.retain(|sequence, _| *sequence > checkpoint);
        self.live.insert(open.header.sequence, open.length);
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

    /// Forgets ids that are older than the window, and makes room for those of tomorrow.
    ///
    /// # Errors
    /// [`JournalError::Ids`].
    pub fn expire(&mut self, now_ms: i64) -> Result<(), JournalError> {
        self.ids.expire(now_ms)?;
        self.ids.prepare(now_ms)
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
        // Repeats come in one batch too, before the index knows the first of them.
        let mut fresh: HashMap<Vec<u8>, IdEntry> = HashMap::with_capacity(records.len());
        for record in records {
            let body_hash = ids::body_hash(&record.body);
            let entry = IdEntry { body_hash, sequence, received_at_ms: record.received_at_ms };
            let key = record.webhook_id.as_bytes().to_vec();
            let known = |key: &[u8]| -> Result<Option<IdEntry>, JournalError> {
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
                // The first body keeps the id. Another is kept once, under a key with its hash, so
                // that a repeat of it is a duplicate as well.
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
        // One batch of large bodies is not to hold its memory for ever.
        self.buffer.shrink_to(4 << 20);
        Ok(n_records)
    }

    /// Opens a new segment unless one is open and sound; returns its sequence.
    fn open_segment(&mut self, now_ms: i64) -> Result<u64, JournalError> {
        // One that was given up was sealed at the end of its batch.
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

    /// Remembers the ids of durable records; if the index fails, before the next batch.
    fn index(&mut self, entries: &[Known]) {
        if let Err(error) = self.ids.insert(entries) {
            tracing::error!(%error, "remembering ids failed, nothing is accepted until it works");
            self.is_index_broken = true;
        }
    }
}

/// Cuts a segment back to what is known to be on disk, after a failed write or sync.
fn cut_back(open: &mut OpenSegment) {
    open.given_up = true;
    if let Err(error) = open.file.set_len(open.length) {
        tracing::error!(sequence = open.header.sequence, %error, "cutting a segment back failed");
    }
}

#[cfg(test)]
mod tests;
