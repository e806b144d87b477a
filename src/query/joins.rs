//! Joins whose one side may be larger than memory.
//!
//! DataFusion's hash join holds one side whole and ends the query if it does not fit; its
//! sort-merge join fits always, and takes far longer where a hash join would do. Which side is how
//! large is known only when it is there, so it is decided then: the side is gathered as far as a
//! hash join may hold it, and if it goes on, both sides are sorted, on disk if need be.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::compute::SortOptions;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{JoinType, Result, internal_err};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryLimit};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{LexOrdering, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{
    CrossJoinExec, HashJoinExec, NestedLoopJoinExec, PartitionMode, SortMergeJoinExec,
};
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use datafusion::physical_plan::stream::{EmptyRecordBatchStream, RecordBatchStreamAdapter};
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties as _,
    InputDistributionRequirements, PlanProperties,
};
use futures::stream::{self, Stream, StreamExt as _, TryStreamExt as _};

use super::compact::compact;
use super::instead::Instead;

/// A side of no more bytes fits in any case.
const SMALL_BYTES: usize = 4 << 20;
/// Bytes of a value whose length varies, as far as one can know beforehand.
const TEXT_BYTES: usize = 32;
/// The share of the memory that the gathered sides of one join may take. It is small since a hash
/// join copies what it has, which nobody counts, and a query has several.
const SHARE: usize = 8;

/// Takes the place of each hash join whose gathered side may be large.
pub(super) const GROWING_JOINS: Instead = Instead {
    name: "GrowingJoins",
    of: |node| {
        let Some(join) = node.downcast_ref::<HashJoinExec>() else { return Ok(None) };
        if !can_be_sorted(join) || !may_be_large(join.left()) {
            return Ok(None);
        }
        Ok(Some(Arc::new(GrowingJoinExec { join: Arc::new(join.builder().build()?) })))
    },
};

/// Tells whether sorting can take the place of a join: both sides are partitioned by their keys,
/// and nobody relies on the order of its rows.
fn can_be_sorted(join: &HashJoinExec) -> bool {
    *join.partition_mode() == PartitionMode::Partitioned
        && !join.null_aware
        && join.fetch().is_none()
        && join.properties().output_ordering().is_none()
        && !matches!(join.join_type(), JoinType::LeftMark | JoinType::RightMark)
}

fn may_be_large(side: &Arc<dyn ExecutionPlan>) -> bool {
    let n_bytes = rows_at_most(side).saturating_mul(row_bytes(&side.schema()));
    n_bytes > SMALL_BYTES
}

/// Returns about how many rows there are at most. Joins on keys hardly ever give more rows than
/// their larger side has.
fn rows_at_most(plan: &Arc<dyn ExecutionPlan>) -> usize {
    let below = || plan.children().into_iter().map(rows_at_most);
    if plan.children().is_empty() {
        let statistics =
            StatisticsContext::new().compute(plan.as_ref(), &StatisticsArgs::new()).ok();
        return statistics
            .and_then(|statistics| statistics.num_rows.get_value().copied())
            .unwrap_or(usize::MAX);
    }
    if let Some(aggregate) = plan.downcast_ref::<AggregateExec>()
        && aggregate.group_expr().is_empty()
    {
        return plan.output_partitioning().partition_count();
    }
    if plan.is::<CrossJoinExec>() || plan.is::<NestedLoopJoinExec>() {
        return below().fold(1, usize::saturating_mul);
    }
    if plan.is::<HashJoinExec>() || plan.is::<GrowingJoinExec>() {
        return below().max().unwrap_or_default();
    }
    below().fold(0, usize::saturating_add)
}

fn row_bytes(schema: &Schema) -> usize {
    let bytes = |data_type: &DataType| data_type.primitive_width().unwrap_or(TEXT_BYTES);
    schema.fields().iter().map(|field| bytes(field.data_type())).sum()
}

/// The operator.
#[derive(Debug)]
struct GrowingJoinExec {
    /// What it does as long as one side is small.
    join: Arc<HashJoinExec>,
}

impl DisplayAs for GrowingJoinExec {
    fn fmt_as(&self, kind: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GrowingJoinExec: ")?;
        self.join.fmt_as(kind, f)
    }
}

impl ExecutionPlan for GrowingJoinExec {
    fn name(&self) -> &str {
        "GrowingJoinExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.join.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.join.children()
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        self.join.input_distribution_requirements()
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.join.apply_expressions(f)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let builder = self.join.builder().recompute_properties();
        let join = builder.with_new_children(children)?.build()?;
        Ok(Arc::new(Self { join: Arc::new(join) }))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let sides = Sides {
            join: Arc::clone(&self.join),
            left: self.join.left().execute(partition, Arc::clone(&context))?,
            right: self.join.right().execute(partition, Arc::clone(&context))?,
            bytes_max: match context.memory_pool().memory_limit() {
                MemoryLimit::Finite(limit) => {
                    limit / SHARE / self.join.left().output_partitioning().partition_count()
                }
                _ => usize::MAX,
            },
            context,
        };
        let rows = stream::once(sides.join(partition)).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }
}

/// The two sides of a join in one partition.
struct Sides {
    join: Arc<HashJoinExec>,
    left: SendableRecordBatchStream,
    right: SendableRecordBatchStream,
    /// Bytes of the left side that may be held.
    bytes_max: usize,
    context: Arc<TaskContext>,
}

impl Sides {
    /// Gathers the left side as far as it may be held, and joins.
    async fn join(mut self, partition: usize) -> Result<SendableRecordBatchStream> {
        let consumer = MemoryConsumer::new(format!("GrowingJoinExec[{partition}]"));
        let memory = consumer.register(self.context.memory_pool());
        let mut gathered = vec![];
        let mut is_small = true;
        while is_small && let Some(batch) = self.left.next().await {
            let batch = compact(&batch?)?;
            let n_bytes = batch.get_array_memory_size();
            gathered.push(batch);
            is_small =
                memory.size() + n_bytes <= self.bytes_max && memory.try_grow(n_bytes).is_ok();
        }
        // From here on they are counted by whoever joins or sorts them.
        memory.free();
        let gathered = stream::iter(gathered.into_iter().map(Ok));
        let left = self.join.left().schema();
        let left: SendableRecordBatchStream =
            Box::pin(RecordBatchStreamAdapter::new(left, gathered.chain(self.left)));
        let sides = [left, self.right];
        match is_small {
            true => hashed(&self.join, sides, self.context),
            false => sorted(&self.join, sides, self.context),
        }
    }
}

/// Joins with a table of the left side's rows.
fn hashed(
    join: &HashJoinExec,
    sides: [SendableRecordBatchStream; 2],
    context: Arc<TaskContext>,
) -> Result<SendableRecordBatchStream> {
    let sides = sides.map(|side| once(side.schema(), side));
    let builder = join.builder().reset_state().recompute_properties();
    let children = sides.into_iter().collect::<Result<_>>()?;
    builder.with_new_children(children)?.build()?.execute(0, context)
}

/// Sorts both sides, and merges them.
///
/// The merge puts nulls into rows without a partner before it looks at its filter, also where a
/// column says that it has none; so all columns may have some.
fn sorted(
    join: &HashJoinExec,
    [left, right]: [SendableRecordBatchStream; 2],
    context: Arc<TaskContext>,
) -> Result<SendableRecordBatchStream> {
    let (left_keys, right_keys): (Vec<_>, Vec<_>) = join.on().iter().cloned().unzip();
    let filter = join.filter().map(|filter| {
        let (expression, columns) = (filter.expression(), filter.column_indices());
        JoinFilter::new(Arc::clone(expression), columns.to_vec(), nullable(filter.schema()))
    });
    let merge = SortMergeJoinExec::try_new(
        sort(left, left_keys)?,
        sort(right, right_keys)?,
        join.on().to_vec(),
        filter,
        *join.join_type(),
        vec![SortOptions::default(); join.on().len()],
        join.null_equality(),
    )?;
    let (schema, projection) = (join.schema(), join.projection.clone());
    let rows = merge.execute(0, context)?.map(move |batch| match &projection {
        Some(columns) => Ok(batch?.project(columns)?),
        None => batch,
    });
    Ok(under(schema, rows))
}

/// Returns a schema whose columns may all have nulls.
fn nullable(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
    let fields: Vec<Field> = fields.collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

fn sort(
    side: SendableRecordBatchStream,
    keys: Vec<Arc<dyn PhysicalExpr>>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let rows = once(nullable(&side.schema()), side.map(|batch| compact(&batch?)))?;
    match LexOrdering::new(keys.into_iter().map(PhysicalSortExpr::new_default)) {
        Some(order) => Ok(Arc::new(SortExec::new(order, rows))),
        None => internal_err!("a join has keys"),
    }
}

/// Returns rows under another schema of the same types.
fn under(
    schema: SchemaRef,
    rows: impl Stream<Item = Result<RecordBatch>> + Send + 'static,
) -> SendableRecordBatchStream {
    let own = Arc::clone(&schema);
    let rows = rows.map(move |batch| {
        let batch = batch?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let columns = batch.columns().to_vec();
        Ok(RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options)?)
    });
    Box::pin(RecordBatchStreamAdapter::new(own, rows))
}

/// Returns a plan of these rows, under a schema, which can run once.
fn once(
    schema: SchemaRef,
    rows: impl Stream<Item = Result<RecordBatch>> + Send + 'static,
) -> Result<Arc<dyn ExecutionPlan>> {
    let rows = under(Arc::clone(&schema), rows);
    let once = Once { schema: Arc::clone(&schema), rows: Mutex::new(Some(rows)) };
    let plan = StreamingTableExec::try_new(schema, vec![Arc::new(once)], None, [], false, None)?;
    Ok(Arc::new(plan))
}

/// Rows that can be taken once.
struct Once {
    schema: SchemaRef,
    rows: Mutex<Option<SendableRecordBatchStream>>,
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").finish_non_exhaustive()
    }
}

impl PartitionStream for Once {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner).take();
        rows.unwrap_or_else(|| Box::pin(EmptyRecordBatchStream::new(Arc::clone(&self.schema))))
    }
}

#[cfg(test)]
mod tests;
