//! Reading a sealed segment into rows, and these into files.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::AsArray as _;
use arrow::datatypes::TimestampMillisecondType;
use tokio::sync::mpsc;

use crate::flatten::channel::Channels;
use crate::flatten::{BodyAt, Flattened, Flattener, raw_events};
use crate::journal::directory::Directory;
use crate::journal::segment::{Piece, SegmentReader};
use crate::journal::{JournalError, SealedSegment};
use crate::schema::Table;

use super::FlushError;
use super::encode::{self, Encoded};

/// A file on its way to the lake.
pub(super) type Outgoing = (&'static Table, Encoded);

/// Returns a segment's identity as files carry it.
pub(super) fn segment_name(segment: &SealedSegment) -> String {
    uuid::Uuid::from_bytes(segment.uuid).simple().to_string()
}

/// What was met while a segment was encoded.
#[derive(Debug, Default)]
pub(super) struct Encodings {
    /// How often each kind of trouble was met.
    pub(super) troubles: BTreeMap<&'static str, u64>,
    /// When each event was received, milliseconds since the Unix epoch.
    pub(super) received_ms: Vec<i64>,
}

/// Flattens and encodes what the tables have not committed yet.
pub(super) fn encode_segment(
    segment: &SealedSegment,
    directory: &Directory,
    committed: &HashMap<&'static str, u64>,
    channels: &Arc<Channels>,
    chunk_bytes: usize,
    sender: &mpsc::Sender<Outgoing>,
) -> Result<Encodings, FlushError> {
    let name = segment_name(segment);
    let bodies = Bodies::open(segment)?;
    let is_due = |table: &Table| committed.get(table.name).is_none_or(|s| *s < segment.sequence);
    let emit = |table: &'static Table| {
        move |encoded: Encoded| {
            let gone = || FlushError::Interrupted("files can't be put".to_owned());
            sender.blocking_send((table, encoded)).map_err(|_| gone())
        }
    };
    let mut encodings = Encodings::default();
    let mut n_chunks = 0;
    flatten(segment, directory, channels, chunk_bytes, |flattened| {
        let place = (name.as_str(), n_chunks);
        n_chunks += 1;
        for (table, batch) in flattened.batches {
            if is_due(table) {
                encode::encode_table(table, &batch, place, emit(table))?;
            }
        }
        let raw = &raw_events::TABLE;
        if is_due(raw) {
            encode::encode_raw(&flattened.raw, (&flattened.bodies, &bodies), place, emit(raw))?;
        }
        for (reason, n) in flattened.troubles {
            *encodings.troubles.entry(reason).or_default() += n;
        }
        if let Some(column) = flattened.raw.column_by_name("received_at") {
            let received = column.as_primitive::<TimestampMillisecondType>();
            encodings.received_ms.extend(received.values());
        }
        Ok(())
    })?;
    Ok(encodings)
}

/// Reads and flattens the records of a segment that count, `chunk_bytes` of bodies and rows at a
/// time.
///
/// Where a chunk ends depends on nothing but the records before, so doing a segment again gives
/// the same chunks. Bytes that were acknowledged and can't be read are set aside and reported.
fn flatten(
    segment: &SealedSegment,
    directory: &Directory,
    channels: &Arc<Channels>,
    chunk_bytes: usize,
    mut emit: impl FnMut(Flattened) -> Result<(), FlushError>,
) -> Result<(), FlushError> {
    let mut reader = SegmentReader::open(&segment.path)?;
    let mut flattener = Flattener::new(Arc::clone(channels));
    let mut n_body_bytes = 0;
    while reader.offset() < segment.length {
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
                    let body_at =
                        BodyAt { offset: offset + length - body_bytes as u64, length: body_bytes };
                    flattener.add(&record, body_at);
                    // A body is fetched again for its file, so it counts beside its rows.
                    n_body_bytes += body_bytes;
                    if flattener.bytes() + n_body_bytes >= chunk_bytes {
                        emit(flattener.finish()?)?;
                        n_body_bytes = 0;
                    }
                }
            }
            Some(Piece::Damage { offset, length }) => {
                set_aside(segment, directory, offset, length)?;
            }
        }
    }
    emit(flattener.finish()?)
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

/// The bodies of a segment, fetched when they are needed.
#[derive(Debug)]
pub(super) struct Bodies {
    path: PathBuf,
    file: File,
}

impl Bodies {
    pub(super) fn open(segment: &SealedSegment) -> Result<Self, JournalError> {
        let path = segment.path.clone();
        let file = File::open(&path).map_err(JournalError::io(&path))?;
        Ok(Self { path, file })
    }

    /// Reads a body into `buffer`.
    pub(super) fn read(&self, at: BodyAt, buffer: &mut Vec<u8>) -> Result<(), JournalError> {
        buffer.resize(at.length, 0);
        self.file.read_exact_at(buffer, at.offset).map_err(JournalError::io(&self.path))
    }
}
