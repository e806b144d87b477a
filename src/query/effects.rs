//! Removal effects as a table: the walks come from SQL as lists of names, the chain is solved in `attribution`.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, Float64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use datafusion::catalog::TableProvider as _;
use datafusion::common::Result;
use datafusion::datasource::MemTable;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::prelude::SessionContext;
use futures::StreamExt as _;

use super::QueryError;
use super::late::LateTable;
use super::macros::EffectsCall;
use crate::attribution::{Effect, Journeys, removal_effects};

/// The table that stands for a call.
#[derive(Debug)]
pub(super) struct EffectsTable {
    rows: Arc<LateTable>,
    order: i64,
}

impl EffectsTable {
    /// Registers the table of a call; if nobody asks for the effects it is empty.
    pub(super) fn register(context: &SessionContext, call: &EffectsCall) -> Result<Self> {
        let empty = table(&[])?;
        let rows = Arc::new(LateTable::new(call.table.clone(), empty.schema()));
        context.register_table(call.table.as_str(), Arc::clone(&rows) as _)?;
        let effects = Self { rows, order: call.order };
        if call.walks.is_none() {
            effects.provide(empty);
        }
        Ok(effects)
    }

    /// Solves the chain of these walks.
    pub(super) async fn fill(
        &self,
        mut walks: SendableRecordBatchStream,
    ) -> std::result::Result<(), QueryError> {
        let mut journeys = Journeys::default();
        while let Some(batch) = walks.next().await {
            add(&mut journeys, &batch?)?;
        }
        let order = usize::try_from(self.order).unwrap_or_default();
        let found = tokio::task::spawn_blocking(move || removal_effects(&journeys, order)).await;
        let effects = found
            .map_err(|error| QueryError::Failed(error.to_string()))?
            .map_err(|error| QueryError::Sql(error.to_string()))?;
        self.provide(table(&effects)?);
        Ok(())
    }

    fn provide(&self, table: MemTable) {
        let n_columns = table.schema().fields().len();
        self.rows.fill((0..n_columns).collect(), Arc::new(table));
    }
}

/// Adds rows of `walk`, `conversions`, `value` and `nulls`.
fn add(journeys: &mut Journeys, batch: &RecordBatch) -> std::result::Result<(), QueryError> {
    let column = |name: &str, kind: &DataType| {
        let column = batch.column_by_name(name);
        let column = column.ok_or_else(|| QueryError::Failed(format!("walks have no {name}")))?;
        cast(column, kind).map_err(|error| QueryError::Failed(error.to_string()))
    };
    let walks = column("walk", &DataType::new_list(DataType::Utf8, true))?;
    let number = |name: &str| column(name, &DataType::Float64);
    let numbers = [number("conversions")?, number("value")?, number("nulls")?];
    for (at, walk) in walks.as_list::<i32>().iter().enumerate() {
        let Some(walk) = walk else { continue };
        let sums = [0, 1, 2].map(|n| numbers[n].as_primitive::<Float64Type>().value(at));
        journeys.add(walk.as_string::<i32>().iter().flatten(), sums);
    }
    Ok(())
}

fn table(effects: &[Effect]) -> Result<MemTable> {
    let names = StringArray::from_iter_values(effects.iter().map(|effect| &effect.channel));
    let number = |get: fn(&Effect) -> f64| {
        Arc::new(Float64Array::from_iter_values(effects.iter().map(get))) as ArrayRef
    };
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("dimension", Arc::new(names) as ArrayRef, true),
        ("effect", number(|effect| effect.conversions), true),
        ("value_effect", number(|effect| effect.value), true),
    ])?;
    MemTable::try_new(batch.schema(), vec![vec![batch]])
}
