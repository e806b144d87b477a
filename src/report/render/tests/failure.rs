//! Outputs that fail and batches that do not fit.

use std::io;
use std::sync::Arc;

use arrow::array::Int64Array;

use super::{ClosingPipe, Format, RenderError, batch, sample, try_render};

#[test]
fn an_output_that_fails_is_told_by_its_own_error_in_every_format() {
    for format in Format::ALL {
        for n_bytes_left in [0, 1, 10, 100, 400] {
            let error = try_render(format, &[sample(), sample()], ClosingPipe { n_bytes_left })
                .expect_err("the pipe takes less than the result");
            let RenderError::Io(error) = error else { panic!("{format}: {error:?}") };
            let kind = io::ErrorKind::BrokenPipe;
            assert_eq!(error.kind(), kind, "{format} after {n_bytes_left} bytes");
        }
    }
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
