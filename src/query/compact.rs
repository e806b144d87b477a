//! Rows before a sort, without the memory of rows that are not among them.
//!
//! A batch is often a part of a larger one: an aggregate hands out all its groups in slices, and
//! text points into buffers of whole files. A sort counts what a batch holds on to, so that eight
//! thousand rows count as a hundred megabytes, and the query ends for want of memory that nobody
//! uses. Such columns are copied.

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::Result;
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::sorts::sort::SortExec;

use super::in_order::{InOrderExec, Work, Worker};
use super::instead::Instead;

/// Memory that a column may hold on to beside what its rows need.
const SLACK_BYTES: usize = 64 << 10;
/// Bytes of a text's place in a column of views.
const VIEW_BYTES: usize = 16;

/// Puts the operator below each sort.
pub(super) const COMPACT_ROWS: Instead = Instead {
    name: "CompactRows",
    of: |node| {
        let Some(sort) = node.downcast_ref::<SortExec>() else { return Ok(None) };
        let (input, properties) = (sort.input(), sort.input().properties());
        let compact = Arc::new(InOrderExec::new(input, CompactRows, properties));
        let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
        Arc::clone(node).replace_children(vec![compact], options).map(Some)
    },
};

/// The same rows, in columns of their own.
#[derive(Debug)]
struct CompactRows;

impl Work for CompactRows {
    fn describe(&self) -> String {
        "compact".to_owned()
    }

    fn expressions(&self) -> Vec<Arc<dyn PhysicalExpr>> {
        vec![]
    }

    fn start(&self, _: SchemaRef, _: MemoryReservation) -> Box<dyn Worker> {
        Box::new(Self)
    }
}

impl Worker for CompactRows {
    fn add(&mut self, batch: RecordBatch) -> Result<Option<RecordBatch>> {
        compact(&batch).map(Some)
    }

    fn finish(&mut self) -> Result<Option<RecordBatch>> {
        Ok(None)
    }
}

/// Copies the columns that hold on to far more than their rows.
pub(super) fn compact(batch: &RecordBatch) -> Result<RecordBatch> {
    let columns = batch.columns().iter().map(compact_column).collect::<Result<_>>()?;
    Ok(RecordBatch::try_new(batch.schema(), columns)?)
}

fn compact_column(column: &ArrayRef) -> Result<ArrayRef> {
    let held = column.get_buffer_memory_size();
    let is_compact = |needed: usize| held <= 2 * needed + SLACK_BYTES;
    if is_compact(0) {
        return Ok(Arc::clone(column));
    }
    if let DataType::Utf8View = column.data_type() {
        let texts = column.as_string_view();
        let needed = VIEW_BYTES * texts.len() + texts.total_buffer_bytes_used();
        return Ok(if is_compact(needed) { Arc::clone(column) } else { Arc::new(texts.gc()) });
    }
    if is_compact(column.to_data().get_slice_memory_size()?) {
        return Ok(Arc::clone(column));
    }
    let n_rows = u32::try_from(column.len()).unwrap_or(u32::MAX);
    Ok(take(column, &UInt32Array::from_iter_values(0..n_rows), None)?)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, StringArray, StringViewArray};
    use datafusion::datasource::MemTable;
    use datafusion::execution::SessionStateBuilder;
    use datafusion::execution::memory_pool::FairSpillPool;
    use datafusion::execution::runtime_env::RuntimeEnvBuilder;
    use datafusion::prelude::{SessionConfig, SessionContext};

    use super::*;

    const N_ROWS: usize = 200_000;
    const BATCH_ROWS: usize = 1_000;

    /// Slices of one large batch, each of which holds on to all of it.
    fn slices() -> Vec<RecordBatch> {
        let texts = || (0..N_ROWS).map(|row| format!("a text too long to be inline, {row}"));
        let columns: [(&str, ArrayRef); 3] = [
            ("number", Arc::new(Int64Array::from_iter_values(0..N_ROWS as i64))),
            ("text", Arc::new(StringArray::from_iter_values(texts()))),
            ("view", Arc::new(StringViewArray::from_iter_values(texts()))),
        ];
        let whole = RecordBatch::try_from_iter(columns).unwrap();
        (0..N_ROWS).step_by(BATCH_ROWS).map(|at| whole.slice(at, BATCH_ROWS)).collect()
    }

    #[test]
    fn a_slice_lets_go_of_what_it_does_not_need() {
        for slice in slices() {
            let compacted = compact(&slice).unwrap();
            assert_eq!(compacted, slice);
            assert!(slice.get_array_memory_size() > 20 << 20);
            assert!(compacted.get_array_memory_size() < 1 << 20);
            assert_eq!(compact(&compacted).unwrap(), slice);
        }
    }

    async fn sorted(is_compact: bool) -> Result<usize> {
        let config = SessionConfig::new()
            .with_target_partitions(1)
            .set_usize("datafusion.execution.sort_spill_reservation_bytes", 1 << 20);
        let pool = Arc::new(FairSpillPool::new(24 << 20));
        let runtime = RuntimeEnvBuilder::new().with_memory_pool(pool).build_arc()?;
        let mut state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(runtime)
            .with_default_features();
        if is_compact {
            state = state.with_physical_optimizer_rule(Arc::new(COMPACT_ROWS));
        }
        let context = SessionContext::new_with_state(state.build());
        let table = MemTable::try_new(slices()[0].schema(), vec![slices()])?;
        context.register_table("rows", Arc::new(table))?;
        let batches = context.sql("SELECT * FROM rows ORDER BY text").await?.collect().await?;
        Ok(batches.iter().map(RecordBatch::num_rows).sum())
    }

    #[tokio::test]
    async fn a_sort_of_slices_fits_where_their_rows_fit() {
        assert!(sorted(false).await.is_err());
        assert_eq!(sorted(true).await.unwrap(), N_ROWS);
    }
}
