//! Window functions over rows that are sorted by partition already, as they come.
//!
//! What is worked out over them is [`Work`]: numbers of rows, or aggregates of whole partitions.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::partition;
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::execution_plan::{
    CardinalityEffect, ChildrenPropertiesMode, ReplaceChildrenOptions,
};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::stream::{self, StreamExt as _};

/// Expressions over the columns of rows.
pub(super) type Keys = Arc<[Arc<dyn PhysicalExpr>]>;

/// What is worked out over sorted rows.
pub(super) trait Work: fmt::Debug + Send + Sync {
    /// Names it for whoever reads a plan.
    fn describe(&self) -> String;

    /// The expressions that it evaluates.
    fn expressions(&self) -> Vec<Arc<dyn PhysicalExpr>>;

    /// Starts at the first row of one stream; rows that it gives have this schema. What it holds
    /// is counted in `memory`.
    fn start(&self, schema: SchemaRef, memory: MemoryReservation) -> Box<dyn Worker>;
}

/// The work on the rows of one stream.
pub(super) trait Worker: Send {
    /// Takes the next rows; returns those that are done.
    fn add(&mut self, batch: RecordBatch) -> Result<Option<RecordBatch>>;

    /// Returns the rows that are left.
    fn finish(&mut self) -> Result<Option<RecordBatch>>;
}

/// The operator.
#[derive(Debug)]
pub(super) struct SortedWindowExec {
    input: Arc<dyn ExecutionPlan>,
    work: Arc<dyn Work>,
    /// Those of the operator that this one stands for.
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl SortedWindowExec {
    /// Does the work that another operator, with these properties, did on its input.
    pub(super) fn new(
        input: &Arc<dyn ExecutionPlan>,
        work: impl Work + 'static,
        properties: &Arc<PlanProperties>,
    ) -> Self {
        Self {
            input: Arc::clone(input),
            work: Arc::new(work),
            properties: Arc::clone(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }
}

impl DisplayAs for SortedWindowExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SortedWindowExec: {}", self.work.describe())
    }
}

impl ExecutionPlan for SortedWindowExec {
    fn name(&self) -> &str {
        "SortedWindowExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn cardinality_effect(&self) -> CardinalityEffect {
        CardinalityEffect::Equal
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        let mut then = TreeNodeRecursion::Continue;
        for expression in self.work.expressions() {
            then = then.visit_sibling(|| f(&expression))?;
        }
        Ok(then)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let (Some(input), true) = (children.pop(), children.is_empty()) else {
            return internal_err!("SortedWindowExec has one child");
        };
        Ok(Arc::new(Self {
            input,
            work: Arc::clone(&self.work),
            properties: Arc::clone(&self.properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }))
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
        self.replace_children(children, options)
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, Arc::clone(&context))?;
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let consumer = MemoryConsumer::new(format!("SortedWindowExec[{partition}]"));
        let memory = consumer.register(context.memory_pool());
        let mut worker = self.work.start(self.schema(), memory);
        // None behind the last batch, when what is left is due.
        let batches = input.map(Some).chain(stream::iter([None]));
        let stream = batches.filter_map(move |batch| {
            let done = match batch {
                Some(Err(error)) => Err(error),
                Some(Ok(batch)) => {
                    let _timer = metrics.elapsed_compute().timer();
                    worker.add(batch)
                }
                None => worker.finish(),
            };
            if let Ok(Some(rows)) = &done {
                metrics.record_output(rows.num_rows());
            }
            std::future::ready(done.transpose())
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), stream)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// Finds the rows whose keys differ from those of the row before.
pub(super) struct Boundaries {
    keys: Keys,
    /// The keys of the last row so far.
    last: Option<Vec<ScalarValue>>,
}

impl Boundaries {
    pub(super) fn new(keys: Keys) -> Self {
        Self { keys, last: None }
    }

    /// Tells of each row whether it differs; the very first does.
    pub(super) fn find(&mut self, batch: &RecordBatch) -> Result<Vec<bool>> {
        let n_rows = batch.num_rows();
        let mut differs = vec![false; n_rows];
        let Some(last_row) = n_rows.checked_sub(1) else { return Ok(differs) };
        let columns = self
            .keys
            .iter()
            .map(|key| key.evaluate(batch)?.into_array(n_rows))
            .collect::<Result<Vec<_>>>()?;
        if !columns.is_empty() {
            for range in partition(&columns)?.ranges() {
                differs[range.start] = true;
            }
        }
        let row = |at: usize| -> Result<Vec<ScalarValue>> {
            columns.iter().map(|column| ScalarValue::try_from_array(column, at)).collect()
        };
        differs[0] = self.last.as_ref() != Some(&row(0)?);
        self.last = Some(row(last_row)?);
        Ok(differs)
    }
}

#[cfg(test)]
pub(super) mod testing {
    use arrow::array::{ArrayRef, Float64Array, Int32Array, StringArray};
    use arrow::util::pretty::pretty_format_batches;
    use datafusion::datasource::MemTable;
    use datafusion::execution::SessionStateBuilder;
    use datafusion::physical_plan::displayable;
    use datafusion::prelude::{SessionConfig, SessionContext};

    use super::super::instead::Instead;
    use super::*;

    /// Batches of a few rows each, of keys with nulls, repeated within and across batches.
    fn rows() -> MemTable {
        let batches: Vec<RecordBatch> = (0..40)
            .map(|n: i32| {
                let rows = (n * 7)..(n * 7 + n % 5);
                let key = |row: i32| (row % 11 != 0).then(|| format!("key {}", row % 3));
                let place = |row: i32| (row % 13 != 0).then_some(row % 4);
                let keys: StringArray = rows.clone().map(key).collect();
                let places: Int32Array = rows.clone().map(place).collect();
                let amounts: Float64Array = rows
                    .clone()
                    .map(|row| (row % 5 != 0).then_some(f64::from(row) / 8.0))
                    .collect();
                RecordBatch::try_from_iter_with_nullable([
                    ("key", Arc::new(keys) as ArrayRef, true),
                    ("place", Arc::new(places), true),
                    ("amount", Arc::new(amounts), true),
                    ("id", Arc::new(Int32Array::from_iter_values(rows)), true),
                ])
                .unwrap()
            })
            .collect();
        MemTable::try_new(batches[0].schema(), vec![batches]).unwrap()
    }

    async fn answer(sql: &str, rule: Option<Instead>) -> (String, String) {
        let config = SessionConfig::new().with_target_partitions(2).with_batch_size(4);
        let mut state = SessionStateBuilder::new().with_config(config).with_default_features();
        if let Some(rule) = rule {
            state = state.with_physical_optimizer_rule(Arc::new(rule));
        }
        let context = SessionContext::new_with_state(state.build());
        context.register_table("rows", Arc::new(rows())).unwrap();
        let plan = context.sql(sql).await.unwrap().create_physical_plan().await.unwrap();
        let plan = displayable(plan.as_ref()).indent(false).to_string();
        let batches = context.sql(sql).await.unwrap().collect().await.unwrap();
        (plan, pretty_format_batches(&batches).unwrap().to_string())
    }

    /// Runs a window function with and without a rule, which leaves such a mark in the plan.
    pub(in super::super) async fn assert_same_rows(function: &str, rule: Instead, mark: &str) {
        let sql = format!("SELECT id, {function} AS value FROM rows ORDER BY id");
        let (plan, expected) = answer(&sql, None).await;
        assert!(!plan.contains(mark), "{plan}");
        let (plan, answer) = answer(&sql, Some(rule)).await;
        assert!(plan.contains(mark), "{plan}");
        assert_eq!(answer, expected, "{function}");
    }
}
