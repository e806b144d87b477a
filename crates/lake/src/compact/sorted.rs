//! Rows in the order of the table's files, whatever their number: sorted in memory as far as they
//! fit, else in runs on local disk that are merged.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::interleave_record_batch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::row::{OwnedRow, RowConverter, Rows, SortField};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::basic::Compression;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use tributary_ingest::schema::Table;

/// Rows that are put together at a time.
const CHUNK_ROWS: usize = 1024;
/// Runs that are merged at a time: a reader holds a page of each column.
const RUNS_MAX: usize = 16;
/// Bytes of a page of a run.
const PAGE_BYTES: usize = 64 << 10;

/// Collects rows and gives them back in order.
#[derive(Debug)]
pub(super) struct Sorter {
    schema: SchemaRef,
    order: Order,
    held: Vec<RecordBatch>,
    held_bytes: usize,
    /// Bytes held before they go to disk.
    bytes_max: usize,
    runs: Vec<Run>,
}

/// Compares rows by tenant and time.
#[derive(Debug)]
pub(super) struct Order {
    columns: Vec<usize>,
    converter: RowConverter,
}

/// A sorted run on disk.
#[derive(Debug)]
struct Run {
    file: File,
    /// Bytes of a row, about.
    row_bytes: usize,
}

/// Why rows can't be sorted.
#[derive(Debug, thiserror::Error)]
pub(super) enum SortError {
    #[error(transparent)]
    Arrow(#[from] ArrowError),
    #[error("temporary file: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    #[error("temporary file: {0}")]
    Io(#[from] std::io::Error),
}

impl Sorter {
    /// Sorts rows of a table, of which about `bytes_max` bytes are held. The schema begins with
    /// the table's own columns.
    pub(super) fn new(
        table: &Table,
        schema: SchemaRef,
        bytes_max: usize,
    ) -> Result<Self, SortError> {
        let columns: Vec<usize> =
            ["tenant", table.time].iter().filter_map(|name| table.position(name)).collect();
        let fields = columns.iter().map(|at| SortField::new(schema.field(*at).data_type().clone()));
        let converter = RowConverter::new(fields.collect())?;
        let order = Order { columns, converter };
        Ok(Self { schema, order, held: vec![], held_bytes: 0, bytes_max, runs: vec![] })
    }

    /// Takes rows; blocks while a run is written.
    pub(super) fn push(&mut self, rows: RecordBatch) -> Result<(), SortError> {
        self.held_bytes += rows.get_array_memory_size();
        self.held.push(rows);
        if self.held_bytes >= self.bytes_max {
            self.spill()?;
        }
        Ok(())
    }

    /// Returns the rows in order.
    pub(super) fn finish(mut self) -> Result<Sorted, SortError> {
        if self.runs.is_empty() {
            let indices = self.order.sort(&self.held)?;
            return Ok(Sorted::Held { batches: self.held, indices, at: 0 });
        }
        if !self.held.is_empty() {
            self.spill()?;
        }
        while self.runs.len() > RUNS_MAX {
            let runs: Vec<Run> = self.runs.drain(..RUNS_MAX).collect();
            let row_bytes = runs.iter().map(|run| run.row_bytes).max().unwrap_or(1);
            let mut merge = Merge::new(runs, self.bytes_max, &self.order)?;
            let run = self.write_run(row_bytes, || merge.next(&self.order))?;
            self.runs.push(run);
        }
        let merge = Merge::new(self.runs, self.bytes_max, &self.order)?;
        Ok(Sorted::Runs { merge, order: self.order })
    }

    fn spill(&mut self) -> Result<(), SortError> {
        let batches = std::mem::take(&mut self.held);
        let indices = self.order.sort(&batches)?;
        let row_bytes = self.held_bytes / indices.len().max(1) + 1;
        self.held_bytes = 0;
        let mut chunks = indices.chunks(CHUNK_ROWS);
        let run = self.write_run(row_bytes, || {
            Ok(chunks.next().map(|chunk| interleave(&batches, chunk)).transpose()?)
        })?;
        self.runs.push(run);
        Ok(())
    }

    /// Writes rows as they come to a file of its own.
    fn write_run(
        &self,
        row_bytes: usize,
        mut next: impl FnMut() -> Result<Option<RecordBatch>, SortError>,
    ) -> Result<Run, SortError> {
        let file = tempfile::tempfile()?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::UNCOMPRESSED)
            .set_dictionary_enabled(false)
            .set_statistics_enabled(EnabledStatistics::None)
            .set_max_row_group_bytes(Some(self.bytes_max))
            .set_data_page_size_limit(PAGE_BYTES)
            .set_data_page_row_count_limit(CHUNK_ROWS)
            .set_write_batch_size(CHUNK_ROWS / 8)
            .build();
        let schema = Arc::clone(&self.schema);
        let mut writer = ArrowWriter::try_new(file.try_clone()?, schema, Some(properties))?;
        while let Some(rows) = next()? {
            writer.write(&rows)?;
        }
        writer.close()?;
        Ok(Run { file, row_bytes })
    }
}

impl Order {
    fn rows(&self, batch: &RecordBatch) -> Result<Rows, ArrowError> {
        let columns: Vec<_> = self.columns.iter().map(|at| Arc::clone(batch.column(*at))).collect();
        self.converter.convert_columns(&columns)
    }

    /// Returns the indices of all rows in order; equal ones stay as they stand.
    fn sort(&self, batches: &[RecordBatch]) -> Result<Vec<(usize, usize)>, ArrowError> {
        let keys = batches.iter().map(|batch| self.rows(batch)).collect::<Result<Vec<_>, _>>()?;
        let all = batches.iter().enumerate();
        let mut indices: Vec<(usize, usize)> =
            all.flat_map(|(of, batch)| (0..batch.num_rows()).map(move |at| (of, at))).collect();
        indices.sort_by(|left, right| keys[left.0].row(left.1).cmp(&keys[right.0].row(right.1)));
        Ok(indices)
    }
}

fn interleave(
    batches: &[RecordBatch],
    indices: &[(usize, usize)],
) -> Result<RecordBatch, ArrowError> {
    let batches: Vec<&RecordBatch> = batches.iter().collect();
    interleave_record_batch(&batches, indices)
}

/// Rows in order, batch by batch.
#[derive(Debug)]
pub(super) enum Sorted {
    /// All are in memory.
    Held { batches: Vec<RecordBatch>, indices: Vec<(usize, usize)>, at: usize },
    /// They are merged from disk.
    Runs { merge: Merge, order: Order },
}

impl Sorted {
    /// Returns the next rows; `None` behind the last.
    pub(super) fn next(&mut self) -> Result<Option<RecordBatch>, SortError> {
        match self {
            Self::Held { batches, indices, at } => {
                let chunk = &indices[*at..indices.len().min(*at + CHUNK_ROWS)];
                if chunk.is_empty() {
                    return Ok(None);
                }
                *at += chunk.len();
                Ok(Some(interleave(batches, chunk)?))
            }
            Self::Runs { merge, order } => merge.next(order),
        }
    }
}

/// Merges sorted runs.
#[derive(Debug)]
pub(super) struct Merge {
    readers: Vec<ParquetRecordBatchReader>,
    /// Each run's rows at hand, and their keys; none behind its last.
    heads: Vec<Option<(RecordBatch, Rows)>>,
    /// The first row of each run that was not taken.
    next: BinaryHeap<Reverse<(OwnedRow, usize, usize)>>,
}

impl Merge {
    fn new(runs: Vec<Run>, bytes_max: usize, order: &Order) -> Result<Self, SortError> {
        let run_bytes = bytes_max / runs.len().max(1);
        let mut readers = vec![];
        for run in runs {
            let n_rows = (run_bytes / run.row_bytes).clamp(1, CHUNK_ROWS);
            let builder = ParquetRecordBatchReaderBuilder::try_new(run.file)?;
            readers.push(builder.with_batch_size(n_rows).build()?);
        }
        let mut heads = vec![];
        heads.resize_with(readers.len(), || None);
        let mut merge = Self { readers, heads, next: BinaryHeap::new() };
        for run_idx in 0..merge.readers.len() {
            merge.advance(run_idx, order)?;
        }
        Ok(merge)
    }

    /// Reads the next rows of a run.
    fn advance(&mut self, run_idx: usize, order: &Order) -> Result<(), SortError> {
        self.heads[run_idx] = None;
        if let Some(batch) = self.readers[run_idx].next().transpose()? {
            let keys = order.rows(&batch)?;
            self.next.push(Reverse((keys.row(0).owned(), run_idx, 0)));
            self.heads[run_idx] = Some((batch, keys));
        }
        Ok(())
    }

    /// Takes rows until one run has to be read on.
    fn next(&mut self, order: &Order) -> Result<Option<RecordBatch>, SortError> {
        let mut indices = vec![];
        let mut empty = None;
        while indices.len() < CHUNK_ROWS
            && empty.is_none()
            && let Some(Reverse((_, run_idx, at))) = self.next.pop()
        {
            indices.push((run_idx, at));
            match &self.heads[run_idx] {
                Some((batch, keys)) if at + 1 < batch.num_rows() => {
                    self.next.push(Reverse((keys.row(at + 1).owned(), run_idx, at + 1)));
                }
                _ => empty = Some(run_idx),
            }
        }
        if indices.is_empty() {
            return Ok(None);
        }
        let mut batches = vec![];
        let mut positions = vec![usize::MAX; self.heads.len()];
        for (run_idx, head) in self.heads.iter().enumerate() {
            if let Some((batch, _)) = head {
                positions[run_idx] = batches.len();
                batches.push(batch);
            }
        }
        indices.iter_mut().for_each(|index| index.0 = positions[index.0]);
        let rows = interleave_record_batch(&batches, &indices)?;
        if let Some(run_idx) = empty {
            self.advance(run_idx, order)?;
        }
        Ok(Some(rows))
    }
}
