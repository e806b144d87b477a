//! Comma-separated values after RFC 4180, save that a record ends with LF alone.
//!
//! The first record is the header. A null is an empty field, and so is an empty string. Timestamps
//! are RFC 3339 in UTC (`2026-02-16T08:30:00Z`), binary values hexadecimal; lists, structs and maps
//! are JSON text.
//!
//! Values are left as they are, so that the data can be read back. That includes text which begins
//! with `=`, `+`, `-` or `@`, which a spreadsheet takes for a formula: import such columns as text.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::csv::WriterBuilder;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;

use super::sink::Sink;
use super::{RenderError, Renderer, cells, columns};

/// A renderer of CSV.
pub(super) struct Csv<'a> {
    sink: Sink<'a>,
    schema: SchemaRef,
    names: Vec<String>,
    has_header: bool,
}

impl<'a> Csv<'a> {
    /// Returns a renderer of a result with `schema`.
    pub(super) fn new(schema: SchemaRef, out: Box<dyn Write + Send + 'a>) -> Self {
        let names = columns::distinct_names(&schema);
        Self { sink: Sink::new(out), schema, names, has_header: false }
    }
}

impl Renderer for Csv<'_> {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), RenderError> {
        let fields =
            batch.columns().iter().map(field_column).collect::<Result<Vec<_>, ArrowError>>()?;
        let batch = columns::named_batch(&self.names, fields, batch.num_rows())?;
        if batch.num_columns() == 0 {
            return Ok(());
        }
        let builder = WriterBuilder::new().with_header(!self.has_header);
        builder.build(&mut self.sink.buffer).write(&batch)?;
        self.has_header = true;
        Ok(self.sink.drain()?)
    }

    fn finish(mut self: Box<Self>) -> Result<(), RenderError> {
        if !self.has_header {
            let empty = RecordBatch::new_empty(Arc::clone(&self.schema));
            self.write(&empty)?;
        }
        Ok(self.sink.finish()?)
    }
}

/// Returns a column in a form that Arrow's CSV writer takes and words as promised.
fn field_column(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let array = columns::plain(array)?;
    match array.data_type() {
        DataType::Timestamp(_, _) => cells::text_column(&array),
        data_type if data_type.is_nested() => cells::text_column(&array),
        _ => Ok(array),
    }
}
