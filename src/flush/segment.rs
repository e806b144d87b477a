//! Reading a sealed segment into rows.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use crate::flatten::channel::Channels;
use crate::flatten::{BodyAt, Flattened, Flattener};
use crate::journal::directory::Directory;
use crate::journal::segment::{Piece, SegmentReader};
use crate::journal::{JournalError, SealedSegment};

use super::FlushError;

/// Reads and flattens the records of a segment that count.
///
/// Bytes that were acknowledged and can't be read are set aside and reported.
pub(super) fn flatten(
    segment: &SealedSegment,
    directory: &Directory,
    channels: &Arc<Channels>,
) -> Result<Flattened, FlushError> {
    let mut reader = SegmentReader::open(&segment.path)?;
    let mut flattener = Flattener::new(Arc::clone(channels));
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
                }
            }
            Some(Piece::Damage { offset, length }) => {
                set_aside(segment, directory, offset, length)?;
            }
        }
    }
    Ok(flattener.finish()?)
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
