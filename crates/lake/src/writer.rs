//! Writing a data file as its rows come, without holding them.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use futures::TryStreamExt as _;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use parquet::arrow::AsyncArrowWriter;

use super::properties::{ZSTD_LEVEL, options, writer_properties};
use super::scan::{Filter, scan};
use super::statistics::stats;
use super::{DataFile, Lake, LakeError, LakeTable, NewFile};
use tributary_ingest::schema::Table;

/// A file that is being written; it appears under its name when it is whole.
pub struct FileWriter {
    table: &'static Table,
    path: String,
    date: i32,
    writer: AsyncArrowWriter<BufWriter>,
}

impl fmt::Debug for FileWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileWriter").field("path", &self.path).finish_non_exhaustive()
    }
}

impl FileWriter {
    /// Begins a file of at most `n_rows_max` rows, sorted as the table's files are, of which
    /// `rows` will be the first.
    ///
    /// # Errors
    /// [`LakeError::Unreadable`]; it would be a defect.
    pub fn create(
        lake: &Lake,
        table: &'static Table,
        (path, date): (String, i32),
        (rows, n_rows_max): (&RecordBatch, usize),
        source: &str,
    ) -> Result<Self, LakeError> {
        let key = Path::from(format!("{}/{path}", table.name));
        let properties = writer_properties(table, rows, n_rows_max, source, ZSTD_LEVEL);
        let sink = BufWriter::new(Arc::clone(lake.store()), key);
        let writer =
            AsyncArrowWriter::try_new_with_options(sink, rows.schema(), options(properties));
        Ok(Self { table, date, writer: writer.map_err(|error| failed(&path, &error))?, path })
    }

    /// Appends rows.
    ///
    /// # Errors
    /// [`LakeError::Unreadable`] if they can't be encoded or stored.
    pub async fn write(&mut self, rows: &RecordBatch) -> Result<(), LakeError> {
        self.writer.write(rows).await.map_err(|error| failed(&self.path, &error))
    }

    /// Returns how many bytes the file has so far, without the row group that is being made.
    #[must_use]
    pub fn n_bytes(&self) -> u64 {
        self.writer.bytes_written() as u64
    }

    /// Ends the file; it can be committed then.
    ///
    /// # Errors
    /// [`LakeError::Unreadable`] if it can't be stored.
    pub async fn finish(mut self, written_at_ms: i64) -> Result<NewFile, LakeError> {
        let finished = self.writer.finish().await;
        let metadata = finished.map_err(|error| failed(&self.path, &error))?;
        let size = self.writer.bytes_written() as u64;
        let n_rows = u64::try_from(metadata.file_metadata().num_rows()).ok();
        let stats = stats(self.table, metadata.row_groups());
        let file = DataFile { path: self.path, date: self.date, size, n_rows };
        Ok(NewFile { file, stats, written_at_ms })
    }
}

/// Puts those rows of a file that `filter` wants into a file of its own, named `path`, with all
/// columns that the table has; `None` if there are none.
///
/// # Errors
/// Those of [`scan`] and of the writer.
pub async fn copy(
    lake: &Lake,
    table: &LakeTable,
    file: &DataFile,
    filter: Filter,
    (path, source): (String, &str),
    at_ms: i64,
) -> Result<Option<NewFile>, LakeError> {
    let (table, schema) = (table.definition(), table.schema());
    let rows = scan(lake, table, file, schema, Some(filter)).await?;
    let mut rows = std::pin::pin!(rows);
    let Some(first) = rows.try_next().await? else { return Ok(None) };
    let n_rows_max = usize::try_from(file.n_rows.unwrap_or(0)).unwrap_or(usize::MAX);
    let mut writer =
        FileWriter::create(lake, table, (path, file.date), (&first, n_rows_max), source)?;
    writer.write(&first).await?;
    while let Some(batch) = rows.try_next().await? {
        writer.write(&batch).await?;
    }
    writer.finish(at_ms).await.map(Some)
}

fn failed(path: &str, error: &parquet::errors::ParquetError) -> LakeError {
    LakeError::Unreadable { key: path.to_owned(), reason: format!("can't be written: {error}") }
}
