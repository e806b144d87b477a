//! What can go wrong while a result is written.
//!
//! An I/O error of the output stays the one it was, so that who made the output knows it again.

use std::io;

use arrow::error::ArrowError;
use parquet::errors::ParquetError;

use super::Format;

/// A result that cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The output does not take the bytes.
    #[error("result can't be written: {0}")]
    Io(#[from] io::Error),
    /// A batch does not fit the schema or holds a type that the format has no form for.
    #[error("result can't be rendered: {0}")]
    Arrow(#[from] ArrowError),
    /// The schema or a batch does not fit a Parquet file.
    #[error("result can't be rendered as parquet: {0}")]
    Parquet(#[source] ParquetError),
}

impl From<ParquetError> for RenderError {
    /// Keeps an I/O error that Parquet's writer has wrapped as the I/O error it is.
    fn from(error: ParquetError) -> Self {
        match error {
            ParquetError::External(cause) => match cause.downcast::<io::Error>() {
                Ok(error) => Self::Io(*error),
                Err(cause) => Self::Parquet(ParquetError::External(cause)),
            },
            error => Self::Parquet(error),
        }
    }
}

/// A name that is no [`Format`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown format {0:?}: expected one of {names}", names = Format::ALL.map(Format::name).join(", "))]
pub struct UnknownFormat(pub String);
