//! Row numbers and ranks over sorted rows, a batch at a time.
//!
//! Views that keep one row of many number the rows of each session, and nearly every session has
//! one. DataFusion's operator cuts out each partition as a batch of its own, which costs more than
//! the query around it; here the places where keys change are found by comparing whole columns.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt64Array};
use arrow::compute::partition;
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::window::StandardWindowExpr;
use datafusion::physical_plan::InputOrderMode;
use datafusion::physical_plan::execution_plan::{
    CardinalityEffect, ChildrenPropertiesMode, ReplaceChildrenOptions,
};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowUDFExpr};
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::StreamExt as _;

use super::instead::Instead;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Numbering {
    /// `row_number()`
    RowNumber,
    /// `rank()`
    Rank,
}

/// Takes the place of each window operator that only numbers rows sorted already.
pub(super) const NUMBER_ROWS: Instead = Instead {
    name: "NumberRows",
    of: |node| {
        let instead = NumberRowsExec::instead_of(node);
        Ok(instead.map(|instead| Arc::new(instead) as Arc<dyn ExecutionPlan>))
    },
};

/// The operator.
#[derive(Debug)]
struct NumberRowsExec {
    input: Arc<dyn ExecutionPlan>,
    numberings: Arc<[Numbering]>,
    partition_by: Arc<[Arc<dyn PhysicalExpr>]>,
    order_by: Arc<[Arc<dyn PhysicalExpr>]>,
    /// Those of the operator that this one stands for.
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl NumberRowsExec {
    /// Returns the operator that does what a window operator does, if that only numbers rows.
    fn instead_of(node: &Arc<dyn ExecutionPlan>) -> Option<Self> {
        let window = node.downcast_ref::<BoundedWindowAggExec>()?;
        if window.input_order_mode != InputOrderMode::Sorted {
            return None;
        }
        let expressions = window.window_expr();
        let numberings: Option<Vec<Numbering>> =
            expressions.iter().map(|expression| numbering(expression.as_any())).collect();
        let first = expressions.first()?;
        let order_by = first.order_by().iter().map(|by| Arc::clone(&by.expr));
        Some(Self {
            input: Arc::clone(window.input()),
            numberings: numberings?.into(),
            partition_by: first.partition_by().into(),
            order_by: order_by.collect(),
            properties: Arc::clone(window.properties()),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }
}

fn numbering(expression: &dyn std::any::Any) -> Option<Numbering> {
    let function = expression.downcast_ref::<StandardWindowExpr>()?.get_standard_func_expr();
    match function.as_any().downcast_ref::<WindowUDFExpr>()?.fun().name() {
        "row_number" => Some(Numbering::RowNumber),
        "rank" => Some(Numbering::Rank),
        _ => None,
    }
}

impl DisplayAs for NumberRowsExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |by: &[Arc<dyn PhysicalExpr>]| {
            by.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        write!(
            f,
            "NumberRowsExec: {:?}, partition=[{}], order=[{}]",
            self.numberings,
            names(&self.partition_by),
            names(&self.order_by)
        )
    }
}

impl ExecutionPlan for NumberRowsExec {
    fn name(&self) -> &str {
        "NumberRowsExec"
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
        for expression in self.partition_by.iter().chain(self.order_by.iter()) {
            then = then.visit_sibling(|| f(expression))?;
        }
        Ok(then)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let (Some(input), true) = (children.pop(), children.is_empty()) else {
            return internal_err!("NumberRowsExec has one child");
        };
        Ok(Arc::new(Self {
            input,
            numberings: Arc::clone(&self.numberings),
            partition_by: Arc::clone(&self.partition_by),
            order_by: Arc::clone(&self.order_by),
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
        let input = self.input.execute(partition, context)?;
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let mut numberer = Numberer {
            schema: self.schema(),
            numberings: Arc::clone(&self.numberings),
            partition: Boundaries::new(Arc::clone(&self.partition_by)),
            peers: Boundaries::new(Arc::clone(&self.order_by)),
            row_number: 0,
            rank: 0,
        };
        let stream = input.map(move |batch| {
            let batch = batch?;
            let _timer = metrics.elapsed_compute().timer();
            let numbered = numberer.number(&batch)?;
            metrics.record_output(numbered.num_rows());
            Ok(numbered)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), stream)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// Numbers the rows of one sorted stream.
struct Numberer {
    schema: SchemaRef,
    numberings: Arc<[Numbering]>,
    partition: Boundaries,
    peers: Boundaries,
    row_number: u64,
    rank: u64,
}

impl Numberer {
    /// Adds the columns of numbers to the batch that follows those before.
    fn number(&mut self, batch: &RecordBatch) -> Result<RecordBatch> {
        let n_rows = batch.num_rows();
        let begins = self.partition.find(batch)?;
        let differs = match self.numberings.contains(&Numbering::Rank) {
            true => self.peers.find(batch)?,
            false => vec![true; n_rows],
        };
        let mut row_numbers = Vec::with_capacity(n_rows);
        let mut ranks = Vec::with_capacity(n_rows);
        for (begins, differs) in begins.into_iter().zip(differs) {
            self.row_number = if begins { 1 } else { self.row_number + 1 };
            if begins || differs {
                self.rank = self.row_number;
            }
            row_numbers.push(self.row_number);
            ranks.push(self.rank);
        }
        let row_numbers: ArrayRef = Arc::new(UInt64Array::from(row_numbers));
        let ranks: ArrayRef = Arc::new(UInt64Array::from(ranks));
        let numbers = self.numberings.iter().map(|numbering| match numbering {
            Numbering::RowNumber => Arc::clone(&row_numbers),
            Numbering::Rank => Arc::clone(&ranks),
        });
        let columns = batch.columns().iter().map(Arc::clone).chain(numbers).collect();
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }
}

/// Finds the rows whose keys differ from those of the row before.
struct Boundaries {
    keys: Arc<[Arc<dyn PhysicalExpr>]>,
    /// The keys of the last row so far.
    last: Option<Vec<ScalarValue>>,
}

impl Boundaries {
    fn new(keys: Arc<[Arc<dyn PhysicalExpr>]>) -> Self {
        Self { keys, last: None }
    }

    /// Tells of each row whether it differs; the very first does.
    fn find(&mut self, batch: &RecordBatch) -> Result<Vec<bool>> {
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
mod tests {
    use arrow::array::{Int32Array, StringArray};
    use arrow::util::pretty::pretty_format_batches;
    use datafusion::datasource::MemTable;
    use datafusion::execution::SessionStateBuilder;
    use datafusion::prelude::{SessionConfig, SessionContext};

    use super::*;

    /// Batches of a few rows each, of keys with nulls, repeated within and across batches.
    fn rows() -> MemTable {
        let batches: Vec<RecordBatch> = (0..40)
            .map(|n: i32| {
                let rows = (n * 7)..(n * 7 + n % 5);
                let key = |row: i32| (row % 11 != 0).then(|| format!("key {}", row % 3));
                let place = |row: i32| (row % 13 != 0).then_some(row % 4);
                RecordBatch::try_from_iter_with_nullable([
                    (
                        "key",
                        Arc::new(rows.clone().map(key).collect::<StringArray>()) as ArrayRef,
                        true,
                    ),
                    ("place", Arc::new(rows.clone().map(place).collect::<Int32Array>()), true),
                    ("id", Arc::new(Int32Array::from_iter_values(rows)), true),
                ])
                .unwrap()
            })
            .collect();
        MemTable::try_new(batches[0].schema(), vec![batches]).unwrap()
    }

    async fn answer(sql: &str, is_numbering: bool) -> String {
        let config = SessionConfig::new().with_target_partitions(2).with_batch_size(4);
        let mut state = SessionStateBuilder::new().with_config(config).with_default_features();
        if is_numbering {
            state = state.with_physical_optimizer_rule(Arc::new(NUMBER_ROWS));
        }
        let context = SessionContext::new_with_state(state.build());
        context.register_table("rows", Arc::new(rows())).unwrap();
        let plan = context.sql(sql).await.unwrap().create_physical_plan().await.unwrap();
        let plan = datafusion::physical_plan::displayable(plan.as_ref()).indent(false).to_string();
        assert_eq!(plan.contains("NumberRowsExec"), is_numbering, "{plan}");
        let batches = context.sql(sql).await.unwrap().collect().await.unwrap();
        pretty_format_batches(&batches).unwrap().to_string()
    }

    #[tokio::test]
    async fn numbers_are_those_of_the_general_operator() {
        for numbers in [
            "row_number() OVER (PARTITION BY key ORDER BY place DESC NULLS LAST, id)",
            "rank() OVER (PARTITION BY key ORDER BY place)",
            "rank() OVER (PARTITION BY key, place ORDER BY id)",
            "row_number() OVER (ORDER BY id)",
            "rank() OVER (ORDER BY place)",
            "rank() OVER (PARTITION BY key ORDER BY place) + \
             row_number() OVER (PARTITION BY key ORDER BY place, id)",
        ] {
            let sql = format!("SELECT id, {numbers} AS number FROM rows ORDER BY id");
            let expected = answer(&sql, false).await;
            assert_eq!(answer(&sql, true).await, expected, "{numbers}");
        }
    }
}
