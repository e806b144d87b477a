//! Columns as the formats want them: each with a name of its own and a type without encodings.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use arrow::error::ArrowError;

/// Returns the names of `schema`'s columns with no name twice.
///
/// A join gives two columns the name `id`. A program that reads objects or columns by name would
/// lose one, so the second becomes `id_1`, the third `id_2`, as in `DuckDB`; a number that would make
/// the name of another column is skipped.
pub(super) fn distinct_names(schema: &Schema) -> Vec<String> {
    let originals: HashSet<&str> =
        schema.fields().iter().map(|field| field.name().as_str()).collect();
    let mut taken: HashSet<String> = HashSet::new();
    let mut names = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let mut name = field.name().clone();
        let mut n_repeats = 0;
        while taken.contains(&name) || (n_repeats > 0 && originals.contains(name.as_str())) {
            n_repeats += 1;
            name = format!("{}_{n_repeats}", field.name());
        }
        taken.insert(name.clone());
        names.push(name);
    }
    names
}

/// Returns `columns` under `names` as a batch in which every column may hold nulls.
///
/// Fails if there are more or fewer columns than names.
pub(super) fn named_batch(
    names: &[String],
    columns: Vec<ArrayRef>,
    n_rows: usize,
) -> Result<RecordBatch, ArrowError> {
    check_count(names.len(), columns.len())?;
    let fields: Vec<Field> = names
        .iter()
        .zip(&columns)
        .map(|(name, column)| Field::new(name, column.data_type().clone(), true))
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
}

/// Fails if a batch has other columns in number than its schema promised.
pub(super) fn check_count(n_expected: usize, n_columns: usize) -> Result<(), ArrowError> {
    if n_expected == n_columns {
        return Ok(());
    }
    let reason = format!("batch has {n_columns} columns, the schema {n_expected}");
    Err(ArrowError::SchemaError(reason))
}

/// Returns `array` without dictionaries and runs, at any depth of lists and structs.
pub(super) fn plain(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let data_type = plain_type(array.data_type());
    if data_type == *array.data_type() {
        return Ok(Arc::clone(array));
    }
    cast(array, &data_type)
}

/// Returns the type of [`plain`]'s result for an array of `data_type`.
pub(super) fn plain_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Dictionary(_, value_type) => plain_type(value_type),
        DataType::RunEndEncoded(_, values) => plain_type(values.data_type()),
        DataType::List(item) => DataType::List(plain_field(item)),
        DataType::LargeList(item) => DataType::LargeList(plain_field(item)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(plain_field).collect()),
        other => other.clone(),
    }
}

fn plain_field(field: &FieldRef) -> FieldRef {
    Arc::new(field.as_ref().clone().with_data_type(plain_type(field.data_type())))
}
