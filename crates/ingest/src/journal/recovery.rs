//! Recovery: what the last process left behind becomes sealed segments.
//!
//! Each segment that is not yet in the lake is read once. Torn tails are cut off, damaged bytes
//! are copied to `damaged/` and reported, ids enter the index again, and a record that two
//! segments hold (a write that failed and was sent again) is marked to be left out of one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use super::directory::Directory;
use super::error::JournalError;
use super::ids::{self, IdEntry, KnownIds};
use super::segment::{Piece, SegmentReader};
use super::segment_state::SealedSegment;
use crate::event::{Record, RecordKind};

/// Ids are entered in batches of this many.
const INSERT_RECORDS: usize = 4096;

/// What opening a journal found.
#[derive(Debug, Default)]
pub struct Recovery {
    /// Segments that wait for the lake, oldest first.
    pub sealed: Vec<SealedSegment>,
    /// Records in them.
    pub n_records: u64,
    /// Bytes cut off: written and never acknowledged, or of the segment whose file it was.
    pub torn_bytes: u64,
    /// Files that hold bytes which were acknowledged and can't be read.
    pub damaged: Vec<PathBuf>,
}

/// Enters the ids of all records that wait for the lake into an index that may have lost some.
///
/// `live` are the segments and up to which length they count. One that is in the lake meanwhile
/// is gone, and its ids were synced before.
pub(super) fn reindex(
    directory: &Directory,
    ids: &mut KnownIds,
    live: &BTreeMap<u64, u64>,
    now_ms: i64,
) -> Result<(), JournalError> {
    let oldest = live.keys().next().copied().unwrap_or(u64::MAX);
    for (&sequence, &length) in live {
        let mut reader = match SegmentReader::open(&directory.segment(sequence)) {
            Err(JournalError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
                continue;
            }
            opened => opened?,
        };
        let live = oldest..=u64::MAX;
        let scan = Scan { directory, ids, now_ms, live, sequence };
        let mut entries = vec![];
        // Behind `length` may lie a write that failed and was never acknowledged.
        while reader.offset() < length {
            let Some(piece) = reader.next_piece()? else { break };
            let Piece::Record { record, .. } = piece else { continue };
            let entry = scan.entry(&record);
            if !scan.held_elsewhere(&record, entry)? {
                entries.push((key_of(&record, entry), entry));
            }
        }
        ids.insert(&entries)?;
    }
    Ok(())
}

/// The reading of one segment.
pub(super) struct Scan<'a> {
    pub(super) directory: &'a Directory,
    pub(super) ids: &'a mut KnownIds,
    pub(super) now_ms: i64,
    pub(super) live: std::ops::RangeInclusive<u64>,
    pub(super) sequence: u64,
}

impl Scan<'_> {
    /// Reads the segment; `None` if nothing of it counts.
    pub(super) fn run(
        &mut self,
        recovery: &mut Recovery,
    ) -> Result<Option<SealedSegment>, JournalError> {
        let path = self.directory.segment(self.sequence);
        let mut reader = match SegmentReader::open(&path) {
            Ok(reader) => reader,
            Err(JournalError::Header { reason, .. }) => {
                return self.set_aside_whole(&path, reason, recovery);
            }
            Err(error) => return Err(error),
        };
        let mut skip = BTreeSet::new();
        let mut n_records = 0;
        let mut pending = vec![];
        while let Some(piece) = reader.next_piece()? {
            match piece {
                Piece::Record { record, offset, .. } => {
                    let entry = self.entry(&record);
                    if self.held_elsewhere(&record, entry)? {
                        skip.insert(offset);
                        continue;
                    }
                    n_records += 1;
                    pending.push((key_of(&record, entry), entry));
                    if pending.len() >= INSERT_RECORDS {
                        self.ids.insert(&std::mem::take(&mut pending))?;
                    }
                }
                Piece::Damage { offset, length } => {
                    recovery.damaged.push(self.set_aside(&path, offset, length)?);
                }
            }
        }
        self.ids.insert(&pending)?;
        recovery.torn_bytes += cut_tail(&path, reader.offset())?;
        let header = reader.header();
        Ok((n_records > 0).then_some(SealedSegment {
            sequence: self.sequence,
            uuid: header.uuid,
            path,
            length: reader.offset(),
            n_records,
            skip,
            created_at_ms: header.created_at_ms,
        }))
    }

    fn entry(&self, record: &Record) -> IdEntry {
        IdEntry {
            body_hash: ids::body_hash(&record.body),
            sequence: self.sequence,
            received_at_ms: record.received_at_ms,
        }
    }

    /// Whether another segment, here or in the lake, already holds this very record.
    fn held_elsewhere(&self, record: &Record, entry: IdEntry) -> Result<bool, JournalError> {
        // Of two segments the one that the index names keeps the record. Where it names none yet,
        // the older does, since it is read first.
        let known = self.ids.lookup(&key_of(record, entry), self.now_ms)?;
        Ok(known.is_some_and(|known| {
            known.sequence != self.sequence
                && known.body_hash == entry.body_hash
                && (known.sequence < self.sequence || self.live.contains(&known.sequence))
        }))
    }

    fn set_aside(&self, path: &Path, offset: u64, length: u64) -> Result<PathBuf, JournalError> {
        let file = fs::File::open(path).map_err(JournalError::io(path))?;
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        file.read_exact_at(&mut bytes, offset).map_err(JournalError::io(path))?;
        let kept = self.directory.set_aside(self.sequence, offset, &bytes)?;
        tracing::error!(
            sequence = self.sequence, offset, length, kept = %kept.display(),
            "journal segment is damaged, its unreadable bytes were set aside"
        );
        Ok(kept)
    }

    /// A segment without a header: nothing was ever acknowledged from an unfinished one.
    fn set_aside_whole(
        &self,
        path: &Path,
        reason: &str,
        recovery: &mut Recovery,
    ) -> Result<Option<SealedSegment>, JournalError> {
        let length = fs::metadata(path).map_err(JournalError::io(path))?.len();
        if length > super::segment::HEADER_BYTES {
            tracing::error!(sequence = self.sequence, reason, "journal segment has no header");
            recovery.damaged.push(self.set_aside(path, 0, length)?);
        } else {
            recovery.torn_bytes += length;
        }
        Ok(None)
    }
}

fn key_of(record: &Record, entry: IdEntry) -> Vec<u8> {
    match record.kind {
        RecordKind::Event => record.webhook_id.as_bytes().to_vec(),
        RecordKind::IdConflict => ids::conflict_key(&record.webhook_id, entry.body_hash),
    }
}

/// Cuts off what follows `length` and makes the rest durable: a process that was killed may have
/// written it and not synced it. Returns the number of bytes cut.
fn cut_tail(path: &Path, length: u64) -> Result<u64, JournalError> {
    let file = OpenOptions::new().write(true).open(path).map_err(JournalError::io(path))?;
    let torn = file.metadata().map_err(JournalError::io(path))?.len().saturating_sub(length);
    if torn > 0 {
        file.set_len(length).map_err(JournalError::io(path))?;
    }
    file.sync_all().map_err(JournalError::io(path))?;
    Ok(torn)
}
