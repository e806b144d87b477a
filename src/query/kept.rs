//! Rows that several parts of a query read: in memory as far as they fit, else in a file.

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::options::ParquetReadOptions;
use datafusion::prelude::SessionContext;
use futures::StreamExt as _;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use tempfile::TempPath;

use super::QueryError;

/// Rows that are gathered before they are written, and read by one part of a query.
const GROUP_ROWS: usize = 64 << 10;

/// Keeps rows.
pub(super) struct Keeper {
    context: SessionContext,
    memory: MemoryReservation,
    memory_bytes_max: usize,
    n_partitions: usize,
}

/// Rows that were kept.
#[derive(Debug)]
pub(super) struct Kept {
    /// Reads them.
    pub(super) table: Arc<dyn TableProvider>,
    /// The memory they take.
    _memory: MemoryReservation,
    /// The file they are in.
    _file: Option<TempPath>,
}

impl Keeper {
    /// What does not fit into so much memory goes to files.
    pub(super) fn new(context: &SessionContext, memory_bytes_max: usize) -> Self {
        let pool = &context.runtime_env().memory_pool;
        Self {
            context: context.clone(),
            memory: MemoryConsumer::new("shared parts").register(pool),
            memory_bytes_max,
            n_partitions: context.copied_config().target_partitions().max(1),
        }
    }

    /// The same for another session, which shares the memory.
    pub(super) fn beside(&self, context: &SessionContext) -> Self {
        Self::new(context, self.memory_bytes_max)
    }

    /// Keeps the rows of a query.
    pub(super) async fn keep(
        &self,
        mut stream: SendableRecordBatchStream,
    ) -> Result<Kept, QueryError> {
        let memory = self.memory.new_empty();
        let mut batches = vec![];
        while let Some(batch) = stream.next().await {
            let batch = batch?;
            let n_bytes = batch.get_array_memory_size();
            batches.push(batch);
            let is_full = memory.size() + n_bytes > self.memory_bytes_max;
            if is_full || memory.try_grow(n_bytes).is_err() {
                let file = write(batches, stream).await?;
                memory.free();
                let address = file.display().to_string();
                let frame = self.context.read_parquet(address, ParquetReadOptions::default());
                let table = frame.await?.into_view();
                return Ok(Kept { table, _memory: memory, _file: Some(file) });
            }
        }
        let table = Arc::new(MemTable::try_new(stream.schema(), self.dealt(batches))?);
        Ok(Kept { table, _memory: memory, _file: None })
    }

    /// Deals batches out to as many partitions as are read at a time.
    fn dealt(&self, batches: Vec<RecordBatch>) -> Vec<Vec<RecordBatch>> {
        let mut partitions = vec![vec![]; self.n_partitions];
        for (at, batch) in batches.into_iter().enumerate() {
            partitions[at % self.n_partitions].push(batch);
        }
        partitions
    }
}

/// Writes batches, and those that follow, to a file that is read once or twice, whole.
async fn write(
    batches: Vec<RecordBatch>,
    mut stream: SendableRecordBatchStream,
) -> Result<TempPath, QueryError> {
    let file = tempfile::Builder::new().prefix("tributary-").suffix(".parquet").tempfile();
    let (file, path) = file.map_err(failed)?.into_parts();
    let properties = WriterProperties::builder()
        .set_compression(Compression::UNCOMPRESSED)
        .set_dictionary_enabled(false)
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::None)
        .build();
    let mut writer =
        ArrowWriter::try_new(file, stream.schema(), Some(properties)).map_err(failed)?;
    for batch in batches {
        writer.write(&batch).map_err(failed)?;
    }
    while let Some(batch) = stream.next().await {
        writer.write(&batch?).map_err(failed)?;
    }
    writer.close().map_err(failed)?;
    Ok(path)
}

fn failed(error: impl std::fmt::Display) -> QueryError {
    QueryError::Failed(format!("temporary file: {error}"))
}
