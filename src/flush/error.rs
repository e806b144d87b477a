//! Why a segment could not be flushed.

use crate::journal::JournalError;
use crate::lake::LakeError;

/// An error of flushing a segment; the segment stays and is tried again.
#[derive(Debug, thiserror::Error)]
pub enum FlushError {
    /// The segment could not be read or released.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The lake could not be written.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// Rows could not be put together; a defect.
    #[error("flattening: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
    /// A file could not be encoded; a defect.
    #[error("encoding: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// A task of the flush ended before its time.
    #[error("flush was interrupted: {0}")]
    Interrupted(String),
}

impl FlushError {
    /// Tells whether trying again can help without anyone doing something.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Lake(error) => error.is_transient(),
            Self::Journal(_) | Self::Interrupted(_) => true,
            Self::Arrow(_) | Self::Parquet(_) => false,
        }
    }
}
