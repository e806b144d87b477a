//! Comma-separated values after RFC 4180, save that a record ends with LF alone.
//!
//! The first record is the header. A null is an empty field, and so is an empty string. Timestamps
//! are RFC 3339 in UTC (`2026-02-16T08:30:00Z`), binary values hexadecimal; lists, structs and maps
//! are JSON text.
//!
//! Text that begins with `=`, `+`, `-`, `@`, a tab or a carriage return is a formula to a
//! spreadsheet, and a stranger may have written it. Such text, also a column's name, gets a `'` in
//! front (OWASP, "CSV injection"); numbers and times never do. [`Formulas::Kept`] leaves it as it
//! is, for programs that read the data back.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray as _, LargeStringArray, RecordBatch};
use arrow::compute::cast;
use arrow::csv::WriterBuilder;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;

use super::sink::Sink;
use super::{RenderError, Renderer, cells, columns};

/// What becomes of text that a spreadsheet takes for a formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Formulas {
    /// It gets a `'` in front.
    Quoted,
    /// It is written as it is.
    Kept,
}

/// A renderer of CSV.
pub(super) struct Csv<'a> {
    sink: Sink<'a>,
    schema: SchemaRef,
    names: Vec<String>,
    formulas: Formulas,
    has_header: bool,
}

impl<'a> Csv<'a> {
    /// Returns a renderer of a result with `schema`.
    pub(super) fn new(
        schema: SchemaRef,
        formulas: Formulas,
        out: Box<dyn Write + Send + 'a>,
    ) -> Self {
        let mut names = columns::distinct_names(&schema);
        if formulas == Formulas::Quoted {
            names = names.iter().map(|name| quoted(name)).collect();
        }
        Self { sink: Sink::new(out), schema, names, formulas, has_header: false }
    }
}

impl Renderer for Csv<'_> {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), RenderError> {
        let fields = batch.columns().iter().map(|array| field_column(array, self.formulas));
        let fields = fields.collect::<Result<Vec<_>, ArrowError>>()?;
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
fn field_column(array: &ArrayRef, formulas: Formulas) -> Result<ArrayRef, ArrowError> {
    let array = columns::plain(array)?;
    match array.data_type() {
        DataType::Timestamp(_, _) => cells::text_column(&array),
        data_type if data_type.is_nested() => cells::text_column(&array),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
            if formulas == Formulas::Quoted =>
        {
            quoted_column(&array)
        }
        _ => Ok(array),
    }
}

/// Returns a column of text with each formula quoted, the very array if there is none.
fn quoted_column(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let texts = cast(array, &DataType::LargeUtf8)?;
    let texts = texts.as_string::<i64>();
    if !texts.iter().flatten().any(is_formula) {
        return Ok(Arc::clone(array));
    }
    let texts = texts.iter().map(|text| text.map(quoted));
    Ok(Arc::new(texts.collect::<LargeStringArray>()))
}

fn quoted(text: &str) -> String {
    if is_formula(text) { format!("'{text}") } else { text.to_owned() }
}

fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}
