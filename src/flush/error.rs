//! Why a segment could not be flushed.

use crate::reach::Trouble;
use tributary_ingest::journal::JournalError;
use tributary_lake::LakeError;

/// An error of flushing a segment; the segment stays and is tried again.
#[derive(Debug, thiserror::Error)]
pub enum FlushError {
    /// The segment could not be read or released.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The lake could not be written.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// Events wait for tables that can't be written as they are.
    #[error("{0}")]
    Held(String),
    /// Rows could not be put together; a defect.
    #[error("flattening: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
    /// A file could not be encoded; a defect.
    #[error("encoding: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// The lake holds more of this journal than the journal itself has ever had.
    #[error(
        "the lake has segment {sequence} of journal {}, which is older: was it restored from a \
         backup? remove its file `ingester`, so that it gets a name of its own", root.display()
    )]
    OldJournal {
        /// The journal.
        root: std::path::PathBuf,
        /// The segment.
        sequence: u64,
    },
    /// A task of the flush ended before its time.
    #[error("flush was interrupted: {0}")]
    Interrupted(String),
}

impl FlushError {
    /// Returns what it says about the lake, if it does.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        match self {
            Self::Lake(LakeError::Gone { .. }) => Some(Trouble::Gone),
            Self::Lake(LakeError::Another { .. }) => Some(Trouble::Another),
            Self::Lake(error) if error.is_transient() => Some(Trouble::Away),
            Self::Lake(_) | Self::OldJournal { .. } => Some(Trouble::Unusable),
            Self::Journal(_)
            | Self::Held(_)
            | Self::Arrow(_)
            | Self::Parquet(_)
            | Self::Interrupted(_) => None,
        }
    }

    /// Tells whether trying again can help without anyone doing something.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Lake(error) => error.is_transient(),
            Self::Journal(_) | Self::Interrupted(_) => true,
            Self::Arrow(_) | Self::Parquet(_) | Self::OldJournal { .. } | Self::Held(_) => false,
        }
    }
}
