//! The bodies of a sealed segment, where they stand in its file.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use tributary_ingest::flatten::BodyAt;
use tributary_ingest::journal::{JournalError, SealedSegment};

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
