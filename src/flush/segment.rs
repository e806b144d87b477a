//! Reading a sealed segment into rows, and these into files.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::os::unix::fs::FileExt as _;

use arrow::array::{AsArray as _, RecordBatch};
use arrow::datatypes::TimestampMillisecondType;
use rayon::prelude::*;
use tokio::sync::mpsc;

use tributary_ingest::flatten::{BodyAt, Flattened, raw_events};
use tributary_ingest::journal::directory::Directory;
use tributary_ingest::journal::segment::{Piece, SegmentReader};
use tributary_ingest::journal::{JournalError, SealedSegment};
use tributary_ingest::schema::Table;

use super::FlushError;
use super::bodies::Bodies;
use super::encode::{self, Encoded};
use super::flatteners::{Flatteners, Group};
use super::received::Received;

/// Records that one thread flattens at a time, at most.
const GROUP_RECORDS: usize = 1024;
/// Bytes of their bodies.
const GROUP_BYTES: usize = 8 << 20;

/// A file on its way to the lake.
pub(super) type Outgoing = (&'static Table, Encoded);

/// Returns a segment's identity as files carry it.
pub(super) fn segment_name(segment: &SealedSegment) -> String {
    uuid::Uuid::from_bytes(segment.uuid).simple().to_string()
}

/// What was met while a segment was encoded.
#[derive(Debug, Default)]
pub(super) struct Encodings {
    /// How many events could not be flattened whole, by reason.
    pub(super) dead_letters: BTreeMap<&'static str, u64>,
    /// When its events were received.
    pub(super) received: Received,
    /// Tables that can't be written and have rows of it.
    pub(super) held: BTreeSet<&'static str>,
}

/// What a flush needs beside the segment.
pub(super) struct Job<'j> {
    pub(super) directory: &'j Directory,
    /// The last segment that each table names.
    pub(super) committed: &'j HashMap<&'static str, u64>,
    /// The tables that can't be written.
    pub(super) blocked: &'j [&'static str],
    pub(super) flatteners: &'j Flatteners,
    pub(super) chunk_bytes: usize,
    pub(super) sender: &'j mpsc::Sender<Outgoing>,
}

/// Flattens and encodes what the tables have not committed yet, on all threads of the pool that
/// this runs in.
pub(super) fn encode_segment(
    segment: &SealedSegment,
    job: &Job<'_>,
) -> Result<Encodings, FlushError> {
    let name = segment_name(segment);
    let bodies = Bodies::open(segment)?;
    let is_due =
        |table: &Table| job.committed.get(table.name).is_none_or(|s| *s < segment.sequence);
    let is_blocked = |table: &Table| job.blocked.contains(&table.name);
    let mut encodings = Encodings::default();
    let mut n_chunks = 0;
    flatten(segment, job, |rows| {
        for (reason, n) in rows.iter().flat_map(|rows| &rows.parse_failures) {
            *encodings.dead_letters.entry(reason).or_default() += n;
        }
        for column in rows.iter().filter_map(|rows| rows.raw.column_by_name("received_at")) {
            let received = column.as_primitive::<TimestampMillisecondType>();
            encodings.received.extend(received.values());
        }
        let place = (name.as_str(), n_chunks);
        n_chunks += 1;
        let with_rows = tables_of(&rows).filter(|table| is_due(table) && is_blocked(table));
        encodings.held.extend(with_rows.map(|table| table.name));
        let is_written = |table: &Table| is_due(table) && !is_blocked(table);
        encode_chunk(rows, &bodies, place, is_written, job.sender)
    })?;
    Ok(encodings)
}

/// Returns the tables that have rows in a chunk, some several times.
fn tables_of(rows: &[Flattened]) -> impl Iterator<Item = &'static Table> {
    rows.iter().flat_map(|rows| {
        let raw = (&raw_events::TABLE, rows.raw.num_rows());
        let others = rows.batches.iter().map(|(table, batch)| (*table, batch.num_rows()));
        std::iter::once(raw).chain(others).filter(|(_, n_rows)| *n_rows > 0).map(|(it, _)| it)
    })
}

/// Encodes the rows of a chunk, table by table and day by day.
fn encode_chunk(
    rows: Vec<Flattened>,
    bodies: &Bodies,
    place: (&str, usize),
    is_due: impl Fn(&Table) -> bool,
    sender: &mpsc::Sender<Outgoing>,
) -> Result<(), FlushError> {
    let emit = |table: &'static Table| {
        move |encoded: Encoded| {
            let gone = || FlushError::Interrupted("files can't be put".to_owned());
            sender.blocking_send((table, encoded)).map_err(|_| gone())
        }
    };
    let (mut raw, mut bodies_at) = (vec![], vec![]);
    let mut tables: Vec<(&'static Table, Vec<RecordBatch>)> = vec![];
    for flattened in rows {
        raw.push(flattened.raw);
        bodies_at.extend(flattened.bodies);
        for (table, batch) in flattened.batches {
            match tables.iter_mut().find(|(known, _)| known.name == table.name) {
                Some((_, batches)) => batches.push(batch),
                None => tables.push((table, vec![batch])),
            }
        }
    }
    let raw_table = &raw_events::TABLE;
    tables.retain(|(table, _)| is_due(table));
    if !is_due(raw_table) {
        raw.clear();
    }
    let (raw, others) = rayon::join(
        || encode::encode_raw(&raw, (&bodies_at, bodies), place, emit(raw_table)),
        || {
            tables.into_par_iter().with_max_len(1).try_for_each(|(table, batches)| {
                encode::encode_parts(table, &batches, place, emit(table))
            })
        },
    );
    raw.and(others)
}

/// Reads and flattens the records of a segment that count, `chunk_bytes` of bodies and rows at a
/// time.
///
/// Where a chunk ends depends on nothing but the records before, however many threads there are,
/// so doing a segment again gives the same chunks.
fn flatten(
    segment: &SealedSegment,
    job: &Job<'_>,
    mut emit: impl FnMut(Vec<Flattened>) -> Result<(), FlushError>,
) -> Result<(), FlushError> {
    let mut records = Records { segment, reader: SegmentReader::open(&segment.path)? };
    let (mut chunk, mut n_bytes) = (vec![], 0);
    let mut groups = records.next_groups(job.directory)?;
    while !groups.is_empty() {
        let flattened = || -> Vec<_> {
            let groups = std::mem::take(&mut groups).into_par_iter().with_max_len(1);
            groups.map(|group| job.flatteners.flatten(group, job.chunk_bytes)).collect()
        };
        // Nobody waits for the file: what comes next is read meanwhile.
        let (flattened, next) = rayon::join(flattened, || records.next_groups(job.directory));
        for result in flattened {
            let (mut rows, mut rest) = result?;
            loop {
                n_bytes += rows.bytes;
                chunk.push(rows.flattened);
                if n_bytes >= job.chunk_bytes {
                    emit(std::mem::take(&mut chunk))?;
                    n_bytes = 0;
                }
                if rest.is_empty() {
                    break;
                }
                (rows, rest) = job.flatteners.flatten(rest, job.chunk_bytes)?;
            }
        }
        groups = next?;
    }
    emit(chunk)
}

/// The records of a segment that count.
struct Records<'s> {
    segment: &'s SealedSegment,
    reader: SegmentReader,
}

impl Records<'_> {
    /// Reads the next records for all threads; nothing at the end.
    fn next_groups(&mut self, directory: &Directory) -> Result<Vec<Group>, FlushError> {
        let groups = std::iter::from_fn(|| self.next_group(directory).transpose());
        groups.take(rayon::current_num_threads()).collect()
    }

    /// Reads the next records, as many as one thread flattens at a time; `None` at the end.
    ///
    /// Bytes that were acknowledged and can't be read are set aside and reported.
    fn next_group(&mut self, directory: &Directory) -> Result<Option<Group>, FlushError> {
        let (segment, reader) = (self.segment, &mut self.reader);
        let (mut group, mut n_bytes) = (Group::new(), 0);
        while reader.offset() < segment.length
            && group.len() < GROUP_RECORDS
            && n_bytes < GROUP_BYTES
        {
            match reader.next_piece()? {
                // A sealed segment has no torn tail: up to its length everything was acknowledged.
                None => {
                    let offset = reader.offset();
                    set_aside(segment, directory, offset, segment.length - offset)?;
                    break;
                }
                Some(Piece::Record { record, offset, length }) => {
                    if !segment.skip.contains(&offset) {
                        let body_bytes = record.body.len();
                        n_bytes += body_bytes;
                        let offset = offset + length - body_bytes as u64;
                        group.push_back((record, BodyAt { offset, length: body_bytes }));
                    }
                }
                Some(Piece::Damage { offset, length }) => {
                    set_aside(segment, directory, offset, length)?;
                }
            }
        }
        Ok(Some(group).filter(|group| !group.is_empty()))
    }
}

fn set_aside(
    segment: &SealedSegment,
    directory: &Directory,
    offset: u64,
    length: u64,
) -> Result<(), JournalError> {
    let file = File::open(&segment.path).map_err(JournalError::io(&segment.path))?;
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    file.read_exact_at(&mut bytes, offset).map_err(JournalError::io(&segment.path))?;
    let kept = directory.set_aside(segment.sequence, offset, &bytes)?;
    let sequence = segment.sequence;
    let kept = kept.display();
    tracing::error!(sequence, offset, length, %kept, "acknowledged bytes can't be read, set aside");
    Ok(())
}

#[cfg(test)]
mod tests;
