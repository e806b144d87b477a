//! Tests of the renderers through their public face: batches in, bytes out.

#![expect(clippy::clone_on_ref_ptr, reason = "tests clone what is at hand")]

use std::io::{self, Write};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, ListBuilder, RecordBatch,
    StringArray, StringBuilder, StringViewArray, TimestampMillisecondArray,
};
use arrow::datatypes::SchemaRef;

use super::{Format, RenderError, raw_csv_renderer, renderer};

mod exact;
mod failure;
mod large;
mod read_back;
mod safety;
mod types;

/// A page title with all that a format has to escape.
const AWKWARD: &str = "a|b \\ \"q\", x\nnext\tcol \u{1b}[31mred \u{202e}";

fn render(format: Format, schema: SchemaRef, batches: &[RecordBatch]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut renderer = renderer(format, schema, Box::new(&mut bytes)).unwrap();
    for batch in batches {
        renderer.write(batch).unwrap();
    }
    renderer.finish().unwrap();
    bytes
}

fn render_text(format: Format, batch: &RecordBatch) -> String {
    let bytes = render(format, batch.schema(), std::slice::from_ref(batch));
    String::from_utf8(bytes).unwrap()
}

/// A batch of nullable columns; a name may come twice.
fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let columns = columns.into_iter().map(|(name, array)| (name, array, true));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

/// Three rows with nulls, wide characters and everything that needs escaping.
fn sample() -> RecordBatch {
    let mut tags = ListBuilder::new(StringBuilder::new());
    tags.append_value([Some("a,b"), None]);
    tags.append_null();
    tags.append_value([Some("\"")]);
    batch(vec![
        ("channel", Arc::new(StringViewArray::from(vec![Some("Paid"), Some("広告🎉"), None]))),
        ("title", Arc::new(StringArray::from(vec![Some(AWKWARD), Some("e\u{301}"), Some("")]))),
        ("revenue", Arc::new(Float64Array::from(vec![Some(1234.50004), None, Some(f64::NAN)]))),
        ("sessions", Arc::new(Int64Array::from(vec![Some(i64::MAX), Some(-1), None]))),
        (
            "at",
            Arc::new(
                TimestampMillisecondArray::from(vec![
                    Some(1_771_200_000_000),
                    Some(1_771_230_600_120),
                    None,
                ])
                .with_timezone("Europe/Berlin"),
            ),
        ),
        ("day", Arc::new(Date32Array::from(vec![Some(20_500), None, Some(0)]))),
        ("won", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]))),
        ("tags", Arc::new(tags.finish())),
    ])
}

/// A reader that goes away after `n_bytes_left` bytes.
struct ClosingPipe {
    n_bytes_left: usize,
}

impl Write for ClosingPipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.n_bytes_left == 0 {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let n_bytes = bytes.len().min(self.n_bytes_left);
        self.n_bytes_left -= n_bytes;
        Ok(n_bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Renders `batches` to `out` and returns what became of it.
fn try_render(
    format: Format,
    batches: &[RecordBatch],
    out: impl Write + Send,
) -> Result<(), RenderError> {
    let mut renderer = renderer(format, batches[0].schema(), Box::new(out))?;
    for batch in batches {
        renderer.write(batch)?;
    }
    renderer.finish()
}
