//! JSON, as one array or as an object a line (NDJSON).
//!
//! ```text
//! [                          {"channel":"Direct","revenue":1.5}
//! {"channel":"Direct",…},    {"channel":"Email","revenue":null}
//! {"channel":"Email",…}
//! ]
//! ```
//!
//! Both hold one object a line, so that line tools work on the array too. Keys keep the order of
//! the columns and nulls are written. Numbers stay numbers with every digit: a reader that keeps
//! them as doubles rounds whole numbers beyond 2^53 and long decimals. NaN and the infinities are
//! `null`, timestamps and dates strings after RFC 3339, intervals and binary values strings; lists
//! and structs nest.

use std::io::Write;

use arrow::array::{Array, RecordBatch, StructArray};
use arrow::datatypes::Schema;
use arrow::error::ArrowError;

use super::sink::Sink;
use super::{RenderError, Renderer, columns, nested};

/// A renderer of JSON.
pub(super) struct Json<'a> {
    sink: Sink<'a>,
    names: Vec<String>,
    marks: &'static Marks,
    has_rows: bool,
}

/// What stands around the objects.
struct Marks {
    first: &'static str,
    between: &'static str,
    after: &'static str,
    last: &'static str,
    empty: &'static str,
}

const ARRAY: Marks =
    Marks { first: "[\n", between: ",\n", after: "", last: "\n]\n", empty: "[]\n" };

const LINES: Marks = Marks { first: "", between: "", after: "\n", last: "", empty: "" };

impl<'a> Json<'a> {
    /// Returns a renderer of one array.
    pub(super) fn array(schema: &Schema, out: Box<dyn Write + Send + 'a>) -> Self {
        Self::new(schema, out, &ARRAY)
    }

    /// Returns a renderer of an object a line.
    pub(super) fn lines(schema: &Schema, out: Box<dyn Write + Send + 'a>) -> Self {
        Self::new(schema, out, &LINES)
    }

    fn new(schema: &Schema, out: Box<dyn Write + Send + 'a>, marks: &'static Marks) -> Self {
        let names = columns::distinct_names(schema);
        Self { sink: Sink::new(out), names, marks, has_rows: false }
    }
}

impl Renderer for Json<'_> {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), RenderError> {
        let values =
            batch.columns().iter().map(columns::plain).collect::<Result<Vec<_>, ArrowError>>()?;
        let batch = columns::named_batch(&self.names, values, batch.num_rows())?;
        let rows = StructArray::from(batch);
        let mut encoder = nested::encoder(&rows)?;
        for row_idx in 0..rows.len() {
            self.sink.push(if self.has_rows { self.marks.between } else { self.marks.first });
            self.has_rows = true;
            encoder.encode(row_idx, &mut self.sink.buffer);
            self.sink.push(self.marks.after);
            self.sink.spill()?;
        }
        Ok(self.sink.drain()?)
    }

    fn finish(mut self: Box<Self>) -> Result<(), RenderError> {
        self.sink.push(if self.has_rows { self.marks.last } else { self.marks.empty });
        Ok(self.sink.finish()?)
    }
}
