//! Aggregates of whole partitions of sorted rows, some partitions at a time.
//!
//! DataFusion's operator gathers all its rows, uncounted, copies them, and aggregates each
//! partition by itself. Attribution has a partition for each conversion and a dozen such
//! operators one behind the other. Here rows go on as soon as their partition is whole, and one
//! accumulator takes all partitions of a batch.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::{concat, concat_batches, take};
use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::logical_expr::{EmitTo, WindowFrameBound, WindowFrameUnits};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::window::{PlainAggregateWindowExpr, WindowExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::windows::WindowAggExec;

use super::in_order::{InOrderExec, Work, Worker};
use super::instead::Instead;
use super::windows::{Boundaries, Keys};

/// An expression over the rows of a partition.
#[derive(Debug)]
struct Windowed {
    expression: Arc<dyn WindowExpr>,
    /// Whether one accumulator can take several partitions.
    is_at_once: bool,
}

type Expressions = Arc<[Windowed]>;

/// Takes the place of each window operator that needs whole partitions and has any.
pub(super) const WHOLE_PARTITIONS: Instead = Instead {
    name: "WholePartitions",
    of: |node| {
        let Some(window) = node.downcast_ref::<WindowAggExec>() else { return Ok(None) };
        let partition_by: Keys = match window.window_expr().first() {
            Some(first) if !first.partition_by().is_empty() => first.partition_by().into(),
            _ => return Ok(None),
        };
        let windowed = |expression: &Arc<dyn WindowExpr>| Windowed {
            expression: Arc::clone(expression),
            is_at_once: is_at_once(expression),
        };
        let expressions = window.window_expr().iter().map(windowed).collect();
        let work = WholePartitions { expressions, partition_by };
        let instead = InOrderExec::new(window.input(), work, window.properties());
        Ok(Some(Arc::new(instead) as Arc<dyn ExecutionPlan>))
    },
};

/// What is worked out for each partition.
#[derive(Debug)]
struct WholePartitions {
    expressions: Expressions,
    partition_by: Keys,
}

impl Work for WholePartitions {
    fn describe(&self) -> String {
        let one = |windowed: &Windowed| {
            let how = if windowed.is_at_once { " at once" } else { "" };
            format!("{}{how}", windowed.expression.name())
        };
        self.expressions.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    fn expressions(&self) -> Vec<Arc<dyn PhysicalExpr>> {
        let of_one = |windowed: &Windowed| {
            let all = windowed.expression.all_expressions();
            all.args.into_iter().chain(all.partition_by_exprs).chain(all.order_by_exprs)
        };
        self.expressions.iter().flat_map(of_one).collect()
    }

    fn start(&self, schema: SchemaRef, memory: MemoryReservation) -> Box<dyn Worker> {
        Box::new(Partitions {
            schema,
            expressions: Arc::clone(&self.expressions),
            boundaries: Boundaries::new(Arc::clone(&self.partition_by)),
            pending: vec![],
            begins: vec![],
            memory,
        })
    }
}

/// Gathers the rows of one stream until their partition is whole.
struct Partitions {
    schema: SchemaRef,
    expressions: Expressions,
    boundaries: Boundaries,
    /// Rows of the last partition, and of those before that are whole.
    pending: Vec<RecordBatch>,
    /// Where partitions begin in these rows.
    begins: Vec<usize>,
    memory: MemoryReservation,
}

impl Partitions {
    /// Works out the pending rows, which are whole partitions.
    fn work_out(&mut self) -> Result<Option<RecordBatch>> {
        let pending = std::mem::take(&mut self.pending);
        let begins = std::mem::take(&mut self.begins);
        self.memory.free();
        let Some(first) = pending.first() else { return Ok(None) };
        let rows = match pending.len() {
            1 => first.clone(),
            _ => concat_batches(first.schema_ref(), &pending)?,
        };
        drop(pending);
        let ends = begins.iter().skip(1).copied().chain([rows.num_rows()]);
        let ranges: Vec<Range<usize>> =
            begins.iter().zip(ends).map(|(begin, end)| *begin..end).collect();
        let mut columns = rows.columns().to_vec();
        for Windowed { expression, is_at_once } in self.expressions.iter() {
            columns.push(match plain(expression) {
                Some(aggregate) if *is_at_once => aggregated(aggregate, &rows, &ranges)?,
                _ => one_by_one(expression, &rows, &ranges)?,
            });
        }
        Ok(Some(RecordBatch::try_new(Arc::clone(&self.schema), columns)?))
    }
}

impl Worker for Partitions {
    fn add(&mut self, batch: RecordBatch) -> Result<Option<RecordBatch>> {
        let begins = self.boundaries.find(&batch)?;
        let begins: Vec<usize> = (0..batch.num_rows()).filter(|row| begins[*row]).collect();
        let Some((&last, before)) = begins.split_last() else {
            if batch.num_rows() > 0 {
                self.memory.try_grow(batch.get_array_memory_size())?;
                self.pending.push(batch);
            }
            return Ok(None);
        };
        let n_pending: usize = self.pending.iter().map(RecordBatch::num_rows).sum();
        self.begins.extend(before.iter().map(|row| n_pending + row));
        if last > 0 {
            self.pending.push(batch.slice(0, last));
        }
        let done = self.work_out()?;
        let rest = batch.slice(last, batch.num_rows() - last);
        self.memory.grow(rest.get_array_memory_size());
        self.pending.push(rest);
        self.begins.push(0);
        Ok(done)
    }

    fn finish(&mut self) -> Result<Option<RecordBatch>> {
        self.work_out()
    }
}

fn plain(expression: &Arc<dyn WindowExpr>) -> Option<&PlainAggregateWindowExpr> {
    expression.as_any().downcast_ref()
}

/// Tells whether an expression aggregates all rows of a partition, and one accumulator can take
/// several partitions.
fn is_at_once(expression: &Arc<dyn WindowExpr>) -> bool {
    let Some(plain) = plain(expression) else { return false };
    let frame = plain.get_window_frame();
    let is_open = |bound: &WindowFrameBound| match bound {
        WindowFrameBound::CurrentRow => {
            frame.units == WindowFrameUnits::Range && plain.order_by().is_empty()
        }
        _ => bound.is_unbounded(),
    };
    let is_whole = is_open(&frame.start_bound) && is_open(&frame.end_bound);
    let is_supported = plain.get_aggregate_expr().groups_accumulator_supported();
    // Nothing else tells whether there is a filter; should the text change, partitions are taken
    // one by one.
    is_whole && is_supported && format!("{plain:?}").ends_with("filter: None }")
}

/// Aggregates all partitions with one accumulator.
fn aggregated(
    plain: &PlainAggregateWindowExpr,
    rows: &RecordBatch,
    ranges: &[Range<usize>],
) -> Result<ArrayRef> {
    let aggregate = plain.get_aggregate_expr();
    let arguments = aggregate
        .expressions()
        .iter()
        .map(|argument| argument.evaluate(rows)?.into_array(rows.num_rows()))
        .collect::<Result<Vec<_>>>()?;
    let groups: Vec<usize> = ranges
        .iter()
        .enumerate()
        .flat_map(|(at, range)| std::iter::repeat_n(at, range.len()))
        .collect();
    let mut accumulator = aggregate.create_groups_accumulator()?;
    accumulator.update_batch(&arguments, &groups, None, ranges.len())?;
    let values = accumulator.evaluate(EmitTo::All)?;
    if values.len() == rows.num_rows() {
        return Ok(values); // each row is a partition
    }
    let groups = groups.into_iter().map(|group| u32::try_from(group).unwrap_or(u32::MAX));
    Ok(take(&values, &UInt32Array::from_iter_values(groups), None)?)
}

/// Works out each partition by itself.
fn one_by_one(
    expression: &Arc<dyn WindowExpr>,
    rows: &RecordBatch,
    ranges: &[Range<usize>],
) -> Result<ArrayRef> {
    let values = ranges
        .iter()
        .map(|range| expression.evaluate(&rows.slice(range.start, range.len())))
        .collect::<Result<Vec<_>>>()?;
    Ok(concat(&values.iter().map(AsRef::as_ref).collect::<Vec<_>>())?)
}

#[cfg(test)]
mod tests {
    use super::super::windows::testing::assert_same_rows;
    use super::*;

    /// What the description of an aggregate ends with that takes all partitions at once.
    const AT_ONCE: &str = "at once";
    const ANY: &str = "InOrderExec";

    #[tokio::test]
    async fn aggregates_are_those_of_the_general_operator() {
        for (function, mark) in [
            ("count(*) OVER (PARTITION BY key)", AT_ONCE),
            ("count(amount) OVER (PARTITION BY key)", AT_ONCE),
            ("sum(amount) OVER (PARTITION BY key, place)", AT_ONCE),
            ("min(amount) OVER (PARTITION BY place)", AT_ONCE),
            ("max(key) OVER (PARTITION BY id)", AT_ONCE),
            (
                "max(amount) OVER (PARTITION BY key ORDER BY id \
                 ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)",
                AT_ONCE,
            ),
            ("sum(amount) OVER (PARTITION BY key) / count(*) OVER (PARTITION BY key)", AT_ONCE),
            ("count(*) FILTER (WHERE place > 1) OVER (PARTITION BY key)", ANY),
            ("count(DISTINCT place) OVER (PARTITION BY key)", ANY),
            (
                "sum(amount) OVER (PARTITION BY key ORDER BY id \
                 ROWS BETWEEN 1 PRECEDING AND UNBOUNDED FOLLOWING)",
                ANY,
            ),
            ("ntile(3) OVER (PARTITION BY key ORDER BY id)", ANY),
        ] {
            assert_same_rows(function, WHOLE_PARTITIONS, mark).await;
        }
    }
}
