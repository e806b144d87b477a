//! What window functions over sorted rows have in common.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::partition;
use datafusion::common::{Result, ScalarValue};
use datafusion::physical_expr::PhysicalExpr;

/// Expressions over the columns of rows.
pub(super) type Keys = Arc<[Arc<dyn PhysicalExpr>]>;

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
