//! Row numbers and ranks over sorted rows, a batch at a time.
//!
//! Views that keep one row of many number the rows of each session, and nearly every session has
//! one. DataFusion's operator cuts out each partition as a batch of its own, which costs more than
//! the query around it; here the places where keys change are found by comparing whole columns.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt64Array};
use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::window::StandardWindowExpr;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowUDFExpr};
use datafusion::physical_plan::{ExecutionPlan, InputOrderMode};

use super::in_order::{InOrderExec, Work, Worker};
use super::instead::Instead;
use super::windows::{Boundaries, Keys};

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
        let Some(window) = node.downcast_ref::<BoundedWindowAggExec>() else { return Ok(None) };
        let instead = NumberRows::instead_of(window);
        Ok(instead.map(|work| {
            Arc::new(InOrderExec::new(window.input(), work, window.properties()))
                as Arc<dyn ExecutionPlan>
        }))
    },
};

/// The numbers, and what they count.
#[derive(Debug)]
struct NumberRows {
    numberings: Arc<[Numbering]>,
    partition_by: Keys,
    order_by: Keys,
}

impl NumberRows {
    /// Returns what a window operator does, if that is only to number rows.
    fn instead_of(window: &BoundedWindowAggExec) -> Option<Self> {
        if window.input_order_mode != InputOrderMode::Sorted {
            return None;
        }
        let expressions = window.window_expr();
        let numberings: Option<Vec<Numbering>> =
            expressions.iter().map(|expression| numbering(expression.as_any())).collect();
        let first = expressions.first()?;
        let order_by = first.order_by().iter().map(|by| Arc::clone(&by.expr));
        Some(Self {
            numberings: numberings?.into(),
            partition_by: first.partition_by().into(),
            order_by: order_by.collect(),
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

impl Work for NumberRows {
    fn describe(&self) -> String {
        let names = |by: &Keys| by.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let (partition, order) = (names(&self.partition_by), names(&self.order_by));
        format!("{:?}, partition=[{partition}], order=[{order}]", self.numberings)
    }

    fn expressions(&self) -> Vec<Arc<dyn PhysicalExpr>> {
        self.partition_by.iter().chain(self.order_by.iter()).map(Arc::clone).collect()
    }

    fn start(&self, schema: SchemaRef, _: MemoryReservation) -> Box<dyn Worker> {
        Box::new(Numberer {
            schema,
            numberings: Arc::clone(&self.numberings),
            partition: Boundaries::new(Arc::clone(&self.partition_by)),
            peers: Boundaries::new(Arc::clone(&self.order_by)),
            row_number: 0,
            rank: 0,
        })
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

impl Worker for Numberer {
    /// Adds the columns of numbers to the batch that follows those before.
    fn add(&mut self, batch: RecordBatch) -> Result<Option<RecordBatch>> {
        let n_rows = batch.num_rows();
        let begins = self.partition.find(&batch)?;
        let differs = match self.numberings.contains(&Numbering::Rank) {
            true => self.peers.find(&batch)?,
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
        Ok(Some(RecordBatch::try_new(Arc::clone(&self.schema), columns)?))
    }

    fn finish(&mut self) -> Result<Option<RecordBatch>> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::super::windows::testing::assert_same_rows;
    use super::*;

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
            assert_same_rows(numbers, NUMBER_ROWS, "InOrderExec: [").await;
        }
    }
}
