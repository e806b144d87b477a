//! Outputs that fail and batches that do not fit.

use std::io;
use std::sync::Arc;

use arrow::array::Int64Array;
use arrow::error::ArrowError;
use parquet::errors::ParquetError;

use super::{ClosingPipe, Format, RenderError, batch, sample, try_render};

#[test]
fn closed_pipe_is_recognised_in_every_format() {
    for format in Format::ALL {
        for n_bytes_left in [0, 1, 10, 100, 400] {
            let error = try_render(format, &[sample(), sample()], ClosingPipe { n_bytes_left })
                .expect_err("the pipe takes less than the result");
            assert!(error.is_closed_pipe(), "{format} after {n_bytes_left} bytes: {error:?}");
            assert!(matches!(error, RenderError::Io(_)), "{format}: {error:?}");
        }
    }
}

#[test]
fn closed_pipe_is_recognised_inside_other_errors() {
    let closed = || io::Error::from(io::ErrorKind::BrokenPipe);
    let arrow = || ArrowError::IoError("write".to_owned(), closed());
    let wrapped: [RenderError; 5] = [
        closed().into(),
        arrow().into(),
        ArrowError::ExternalError(Box::new(arrow())).into(),
        ParquetError::External(Box::new(closed())).into(),
        ParquetError::External(Box::new(arrow())).into(),
    ];
    for error in wrapped {
        assert!(error.is_closed_pipe(), "{error:?}");
    }
}

#[test]
fn other_failures_are_no_closed_pipe() {
    let full = io::Error::from(io::ErrorKind::StorageFull);
    assert!(!RenderError::from(full).is_closed_pipe());
    assert!(!RenderError::from(ArrowError::DivideByZero).is_closed_pipe());
    assert!(!RenderError::from(ParquetError::General("x".to_owned())).is_closed_pipe());
}

#[test]
fn batch_with_other_columns_is_refused() {
    let one: arrow::array::ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let batches = [batch(vec![("a", one.clone()), ("b", one.clone())]), batch(vec![("a", one)])];
    for format in Format::ALL {
        let error = try_render(format, &batches, io::sink()).expect_err("a column is missing");
        assert!(matches!(error, RenderError::Arrow(_)), "{format}: {error:?}");
    }
}
