//! Reading a sealed segment into rows.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use crate::flatten::{BodyAt, Flattened, Flattener};
use crate::journal::segment::{Piece, SegmentReader};
use crate::journal::{JournalError, SealedSegment};

use super::FlushError;

/// Reads and flattens the records of a segment that count.
pub(super) fn flatten(segment: &SealedSegment) -> Result<Flattened, FlushError> {
    let mut reader = SegmentReader::open(&segment.path)?;
    let mut flattener = Flattener::new();
    while reader.offset() < segment.length {
        match reader.next_piece()? {
            None => break,
            Some(Piece::Record { record, offset, length }) => {
                if !segment.skip.contains(&offset) {
                    let body_bytes = record.body.len();
                    let body_at =
                        BodyAt { offset: offset + length - body_bytes as u64, length: body_bytes };
                    flattener.add(&record, body_at);
                }
            }
            Some(Piece::Damage { offset, length }) => {
                let sequence = segment.sequence;
                tracing::error!(sequence, offset, length, "journal segment is damaged");
            }
        }
    }
    Ok(flattener.finish()?)
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
