//! Standard output, and the one failure of it that is none: its reader has gone, as `head` does
//! once it has seen enough.
//!
//! A network's connection breaks with the same kind of error. So it is not told by its kind: what
//! writes here marks it, and nothing else does.

use std::error::Error;
use std::io::{self, Write};

/// The reader of standard output has gone.
#[derive(Debug, thiserror::Error)]
#[error("standard output is closed")]
struct ClosedPipe;

/// Standard output, whose failure is known as such wherever it comes up.
#[derive(Debug)]
pub(super) struct Stdout(io::Stdout);

impl Stdout {
    pub(super) fn new() -> Self {
        Self(io::stdout())
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes).map_err(marked)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(marked)
    }
}

/// Marks an error of writing to standard output if its reader has gone.
pub(super) fn marked(error: io::Error) -> io::Error {
    match error.kind() {
        kind @ io::ErrorKind::BrokenPipe => io::Error::new(kind, ClosedPipe),
        _ => error,
    }
}

/// Tells whether a command ended because the reader of standard output has gone: then it ends
/// quietly, as other tools do in a pipeline.
#[must_use]
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(is_mark)
}

/// Looks into I/O errors too, which name what is behind the one that they hold, not that itself.
fn is_mark(error: &(dyn Error + 'static)) -> bool {
    if error.is::<ClosedPipe>() {
        return true;
    }
    let held = error.downcast_ref().and_then(io::Error::get_ref);
    held.is_some_and(|held| is_mark(held) || held.source().is_some_and(is_mark))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use anyhow::Context as _;
    use arrow::array::{ArrayRef, Int64Array, RecordBatch};
    use arrow::error::ArrowError;
    use object_store::path::Path;
    use parquet::errors::ParquetError;

    use super::*;
    use crate::report::render::{Format, RenderError, renderer};
    use tributary_lake::LakeError;

    fn broken() -> io::Error {
        io::ErrorKind::BrokenPipe.into()
    }

    /// A pipe without a reader, marked as standard output's or not.
    struct Closed {
        is_standard: bool,
    }

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(if self.is_standard { marked(broken()) } else { broken() })
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn standard_output_that_is_closed_is_recognised_in_every_format() {
        let column: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        let batch = RecordBatch::try_from_iter([("n", column)]).unwrap();
        for format in Format::ALL {
            for is_standard in [true, false] {
                let write = || -> Result<(), RenderError> {
                    let out = Box::new(Closed { is_standard });
                    let mut renderer = renderer(format, batch.schema(), out)?;
                    renderer.write(&batch)?;
                    renderer.finish()
                };
                let error = anyhow::Error::from(write().unwrap_err()).context("report");
                assert_eq!(is_closed_pipe(&error), is_standard, "{format}: {error:?}");
            }
        }
    }

    #[test]
    fn a_mark_is_found_inside_other_errors() {
        let arrow = || ArrowError::IoError("write".to_owned(), marked(broken()));
        let wrapped: [RenderError; 4] = [
            marked(broken()).into(),
            arrow().into(),
            ArrowError::ExternalError(Box::new(arrow())).into(),
            ParquetError::External(Box::new(arrow())).into(),
        ];
        for error in wrapped {
            assert!(is_closed_pipe(&error.into()));
        }
        let twice = io::Error::other(io::Error::other(marked(broken())));
        assert!(is_closed_pipe(&anyhow::Error::from(twice)));
        assert!(!is_closed_pipe(&anyhow::Error::from(marked(io::ErrorKind::StorageFull.into()))));
    }

    #[test]
    fn a_pipe_that_a_store_broke_is_a_failure() {
        let source = object_store::Error::Generic { store: "S3", source: Box::new(broken()) };
        let error = LakeError::store("put", &Path::from("sessions/_delta_log/0.json"), source);
        let error = Err::<(), _>(error).context("forgetting").unwrap_err();
        assert!(!is_closed_pipe(&error));
        assert!(!is_closed_pipe(&anyhow::Error::from(broken()).context("sending")));
    }
}
