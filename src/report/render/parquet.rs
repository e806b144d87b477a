//! A Parquet file with the result's own Arrow schema, compressed with zstd.
//!
//! Two changes are made to the schema where a file could not be written or read otherwise: a name
//! that comes twice gets a number, and a column of a type without a place in Parquet (intervals of
//! months, days and nanoseconds; unions; structs without fields) is written as text.
//!
//! A row group is held until it is complete, at most 64 MiB of it.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, IntervalUnit, Schema, SchemaRef};
use arrow::error::ArrowError;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::{RenderError, Renderer, cells, columns};

/// Bytes of encoded rows held before they are written as a row group.
const ROW_GROUP_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A renderer of a Parquet file.
pub(super) struct Parquet<'a> {
    writer: ArrowWriter<Box<dyn Write + Send + 'a>>,
    schema: SchemaRef,
}

impl<'a> Parquet<'a> {
    /// Returns a renderer of a result with `schema`; fails if Parquet has no form for it.
    pub(super) fn try_new(
        schema: &Schema,
        out: Box<dyn Write + Send + 'a>,
    ) -> Result<Self, RenderError> {
        let schema = file_schema(schema);
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_bytes(Some(ROW_GROUP_BYTES_MAX))
            .build();
        let writer = ArrowWriter::try_new(out, Arc::clone(&schema), Some(properties))?;
        Ok(Self { writer, schema })
    }
}

impl Renderer for Parquet<'_> {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), RenderError> {
        let columns =
            batch.columns().iter().map(file_column).collect::<Result<Vec<_>, ArrowError>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let schema = Arc::clone(&self.schema);
        let batch = RecordBatch::try_new_with_options(schema, columns, &options)?;
        Ok(self.writer.write(&batch)?)
    }

    fn finish(self: Box<Self>) -> Result<(), RenderError> {
        // `close` flushes the output; `into_inner` would turn an I/O error into text.
        self.writer.close()?;
        Ok(())
    }
}

fn file_schema(schema: &Schema) -> SchemaRef {
    let names = columns::distinct_names(schema);
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .zip(names)
        .map(|(field, name)| {
            let field = field.as_ref().clone().with_name(name);
            if is_storable(field.data_type()) {
                field
            } else {
                field.with_data_type(DataType::LargeUtf8)
            }
        })
        .collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

fn file_column(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    if is_storable(array.data_type()) { Ok(Arc::clone(array)) } else { cells::text_column(array) }
}

/// Returns whether Parquet's writer has a place for `data_type`.
fn is_storable(data_type: &DataType) -> bool {
    match data_type {
        DataType::Interval(IntervalUnit::MonthDayNano) | DataType::Union(_, _) => false,
        DataType::Dictionary(_, value_type) => is_storable(value_type),
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _)
        | DataType::RunEndEncoded(_, field) => is_storable(field.data_type()),
        DataType::Struct(fields) => {
            !fields.is_empty() && fields.iter().all(|field| is_storable(field.data_type()))
        }
        _ => true,
    }
}
