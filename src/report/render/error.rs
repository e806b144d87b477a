//! What can go wrong while a result is written, and the one failure that is no failure: the reader
//! has closed the pipe, as `head` does once it has seen enough.

use std::error::Error;
use std::io;

use arrow::error::ArrowError;
use parquet::errors::ParquetError;

use super::Format;

/// A result that cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The output does not take the bytes; see [`RenderError::is_closed_pipe`].
    #[error("result can't be written: {0}")]
    Io(#[from] io::Error),
    /// A batch does not fit the schema or holds a type that the format has no form for.
    #[error("result can't be rendered: {0}")]
    Arrow(#[from] ArrowError),
    /// The schema or a batch does not fit a Parquet file.
    #[error("result can't be rendered as parquet: {0}")]
    Parquet(#[source] ParquetError),
}

impl RenderError {
    /// Returns whether the reader of the output has gone, however deep the cause is wrapped.
    ///
    /// A command ends quietly then, as other tools do in a pipeline.
    pub fn is_closed_pipe(&self) -> bool {
        let mut cause: Option<&(dyn Error + 'static)> = Some(self);
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<io::Error>()
                && error.kind() == io::ErrorKind::BrokenPipe
            {
                return true;
            }
            cause = error.source();
        }
        false
    }
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
