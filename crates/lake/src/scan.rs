//! Reading a data file's rows, batch after batch.
//!
//! Rows come in the shape of the table's definition, whatever wrote the file: columns that an
//! older program did not know are null, times in microseconds become milliseconds.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, RecordBatch, RecordBatchOptions,
    new_null_array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use futures::{Stream, StreamExt as _};
use object_store::ObjectStoreExt as _;
use object_store::path::Path;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowPredicate, ArrowPredicateFn, RowFilter};
use parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use parquet::file::metadata::ParquetMetaData;
use xxhash_rust::xxh3::xxh3_128;

use super::reader::Reader;
use super::{DataFile, Lake, LakeError};
use tributary_ingest::schema::Table;

/// Decoded bytes of a batch, about.
const BATCH_BYTES: u64 = 8 << 20;
/// Rows of a batch at most.
const BATCH_ROWS_MAX: u64 = 8192;

/// Hashes of texts, so that a set of ids takes the same room whatever the ids are.
pub type Keys = HashSet<u128>;

/// Returns the hash of a text.
#[must_use]
pub fn key(text: &str) -> u128 {
    xxh3_128(text.as_bytes())
}

/// Which rows are wanted.
#[derive(Debug, Clone)]
pub struct Filter {
    /// Columns of text and their values; a row with one of any is in the set.
    pub keys: Vec<(&'static str, Arc<Keys>)>,
    /// A column of text and a value that takes a row out of the set.
    pub unless: Option<(&'static str, &'static str)>,
    /// Whether the rows in the set are wanted, or the others.
    pub is_inside: bool,
}

impl Filter {
    /// Wants the rows whose `column` is one of `keys`.
    #[must_use]
    pub fn inside(column: &'static str, keys: Arc<Keys>) -> Self {
        Self { keys: vec![(column, keys)], unless: None, is_inside: true }
    }

    /// Wants the other rows.
    #[must_use]
    pub fn outside(self) -> Self {
        Self { is_inside: false, ..self }
    }

    fn columns(&self) -> impl Iterator<Item = &'static str> {
        let columns = self.keys.iter().map(|(column, _)| *column);
        columns.chain(self.unless.map(|(column, _)| column))
    }

    fn mask(&self, batch: &RecordBatch) -> Result<BooleanArray, ArrowError> {
        let values = self.keys.iter().map(|(column, keys)| Ok((text(batch, column)?, keys)));
        let values = values.collect::<Result<Vec<_>, ArrowError>>()?;
        let unless =
            self.unless.map(|(column, value)| Ok::<_, ArrowError>((text(batch, column)?, value)));
        let unless = unless.transpose()?;
        let is_in = |at: usize| {
            let is_key = values.iter().any(|(column, keys)| {
                let column = column.as_string::<i32>();
                column.is_valid(at) && keys.contains(&key(column.value(at)))
            });
            let is_out = unless.as_ref().is_some_and(|(column, value)| {
                let column = column.as_string::<i32>();
                column.is_valid(at) && column.value(at) == *value
            });
            is_key && !is_out
        };
        Ok((0..batch.num_rows()).map(|at| Some(is_in(at) == self.is_inside)).collect())
    }
}

/// Returns a column of text; null where the file has none.
fn text(batch: &RecordBatch, name: &str) -> Result<ArrayRef, ArrowError> {
    match batch.column_by_name(name) {
        Some(column) => cast(column, &DataType::Utf8),
        None => Ok(new_null_array(&DataType::Utf8, batch.num_rows())),
    }
}

/// Reads those rows of a file that `filter` wants, with the columns of `schema`.
///
/// # Errors
/// [`LakeError::Replaced`] if the file is gone, [`LakeError::Unreadable`], or the store's error;
/// so do the batches.
pub async fn scan(
    lake: &Lake,
    table: &'static Table,
    file: &DataFile,
    schema: SchemaRef,
    filter: Option<Filter>,
) -> Result<impl Stream<Item = Result<RecordBatch, LakeError>> + Send + use<>, LakeError> {
    let key = Path::from(format!("{}/{}", table.name, file.path));
    let reader = Reader::new(Arc::clone(lake.store()), key.clone(), file.size);
    let builder = match ParquetRecordBatchStreamBuilder::new(reader).await {
        Ok(builder) => builder,
        Err(error) => return Err(failed(lake, &key, &error).await),
    };
    let n_rows = batch_rows(builder.metadata());
    let names = schema.fields().iter().map(|field| field.name().as_str());
    let mask = ProjectionMask::columns(builder.parquet_schema(), names);
    let filter = filter.map(|filter| {
        let mask = ProjectionMask::columns(builder.parquet_schema(), filter.columns());
        let predicate = ArrowPredicateFn::new(mask, move |batch| filter.mask(&batch));
        RowFilter::new(vec![Box::new(predicate) as Box<dyn ArrowPredicate>])
    });
    let builder = builder.with_projection(mask).with_batch_size(n_rows);
    let builder = match filter {
        Some(filter) => builder.with_row_filter(filter),
        None => builder,
    };
    let unreadable = |reason: String| LakeError::Unreadable { key: key.to_string(), reason };
    let stream = builder.build().map_err(|error| unreadable(error.to_string()))?;
    let lake = lake.clone();
    Ok(stream.then(move |batch| {
        let (lake, key, schema) = (lake.clone(), key.clone(), Arc::clone(&schema));
        async move {
            match batch {
                Ok(batch) => conform(&batch, &schema).map_err(|error| LakeError::Unreadable {
                    key: key.to_string(),
                    reason: error.to_string(),
                }),
                Err(error) => Err(failed(&lake, &key, &error).await),
            }
        }
    }))
}

/// Returns how many rows of a file make a batch.
fn batch_rows(metadata: &ParquetMetaData) -> usize {
    let groups = metadata.row_groups();
    let n_bytes: i64 = groups.iter().map(|group| group.total_byte_size()).sum();
    let n_rows: i64 = groups.iter().map(|group| group.num_rows()).sum();
    let row_bytes = n_bytes.unsigned_abs() / n_rows.unsigned_abs().max(1) + 1;
    usize::try_from((BATCH_BYTES / row_bytes).clamp(1, BATCH_ROWS_MAX)).unwrap_or(1)
}

/// Tells a file that went away from one that can't be decoded.
async fn failed(lake: &Lake, key: &Path, error: &parquet::errors::ParquetError) -> LakeError {
    match lake.store().head(key).await {
        Ok(_) => LakeError::Unreadable { key: key.to_string(), reason: error.to_string() },
        Err(object_store::Error::NotFound { .. }) => LakeError::Replaced { key: key.to_string() },
        Err(error) => LakeError::store("get", key, error),
    }
}

/// Gives a batch the columns of `schema`, by name.
fn conform(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = schema.fields().iter().map(|field| match batch.column_by_name(field.name()) {
        Some(column) if column.data_type() == field.data_type() => Ok(Arc::clone(column)),
        Some(column) => cast(column, field.data_type()),
        None => Ok(new_null_array(field.data_type(), batch.num_rows())),
    });
    // Without columns nothing else tells how many rows there are.
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let columns = columns.collect::<Result<_, _>>()?;
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
}
