//! An operator that gives the rows of its one input as they come, in their order.
//!
//! What it does with them is [`Work`]: to number them, to aggregate whole partitions, to copy them.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_err};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::execution_plan::CardinalityEffect;
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::stream::{self, StreamExt as _};

/// What is done with rows.
pub(super) trait Work: fmt::Debug + Send + Sync {
    /// Names it for whoever reads a plan.
    fn describe(&self) -> String;

    /// The expressions that it evaluates.
    fn expressions(&self) -> Vec<Arc<dyn PhysicalExpr>>;

    /// Makes rows wait before they are worked on.
    fn paced(&self, rows: SendableRecordBatchStream) -> SendableRecordBatchStream {
        rows
    }

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
pub(super) struct InOrderExec {
    input: Arc<dyn ExecutionPlan>,
    work: Arc<dyn Work>,
    /// Those of the rows that come out.
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl InOrderExec {
    /// Does work on an input; the properties are those of what comes out.
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

impl DisplayAs for InOrderExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InOrderExec: {}", self.work.describe())
    }
}

impl ExecutionPlan for InOrderExec {
    fn name(&self) -> &str {
        "InOrderExec"
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

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let (Some(input), true) = (children.pop(), children.is_empty()) else {
            return internal_err!("InOrderExec has one child");
        };
        Ok(Arc::new(Self {
            input,
            work: Arc::clone(&self.work),
            properties: Arc::clone(&self.properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let input = self.work.paced(self.input.execute(partition, Arc::clone(&context))?);
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let consumer = MemoryConsumer::new(format!("InOrderExec[{partition}]"));
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
