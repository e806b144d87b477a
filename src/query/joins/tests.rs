//! Joins in much and in little memory, compared with a hash join.

use std::sync::LazyLock;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use arrow::util::pretty::pretty_format_batches;
use datafusion::datasource::MemTable;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::physical_plan::displayable;
use datafusion::prelude::{SessionConfig, SessionContext};

use super::*;
use crate::query::memory::SharedPool;

const N_ROWS: i64 = 40_000;
/// Too little for one of the tables, enough to sort it in pieces.
const LITTLE: usize = 8 << 20;
const MUCH: usize = 1 << 30;
const TEXTS: &str = "max(a.source), max(a.medium), min(a.campaign), min(a.term), \
                     max(b.source), max(b.medium), min(b.campaign), min(b.term)";

/// Rows of which some have no partner on the other side, some several, some no key.
static TABLES: LazyLock<[Arc<MemTable>; 2]> = LazyLock::new(|| [table(2), table(4)]);

fn table(divisor: i64) -> Arc<MemTable> {
    let batches: Vec<RecordBatch> = (0..N_ROWS)
        .step_by(5_000)
        .map(|start| {
            let rows = || start..start + 5_000;
            let key = |row: i64| (row % 1_000 != 7).then_some(row * 3 / divisor);
            let text = |name: &str| -> ArrayRef {
                let texts = rows().map(|row| format!("the {name} of the row that is {row}"));
                Arc::new(StringArray::from_iter_values(texts))
            };
            let columns: [(&str, ArrayRef); 6] = [
                ("key", Arc::new(rows().map(key).collect::<Int64Array>())),
                ("id", Arc::new(Int64Array::from_iter_values(rows()))),
                ("source", text("source")),
                ("medium", text("medium")),
                ("campaign", text("campaign")),
                ("term", text("term")),
            ];
            RecordBatch::try_from_iter(columns).unwrap()
        })
        .collect();
    Arc::new(MemTable::try_new(batches[0].schema(), vec![batches]).unwrap())
}

async fn answer(sql: &str, memory: usize, is_growing: bool) -> Result<String> {
    let config = SessionConfig::new()
        .with_target_partitions(2)
        .with_batch_size(1_000)
        .set_usize("datafusion.optimizer.hash_join_single_partition_threshold", 0)
        .set_usize("datafusion.optimizer.hash_join_single_partition_threshold_rows", 0)
        .set_usize("datafusion.execution.sort_spill_reservation_bytes", 1 << 18);
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(SharedPool::new(memory)));
    let mut state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime.build_arc()?)
        .with_default_features();
    if is_growing {
        state = state.with_physical_optimizer_rule(Arc::new(GROWING_JOINS));
    }
    let context = SessionContext::new_with_state(state.build());
    let [a, b] = TABLES.each_ref().map(Arc::clone);
    context.register_table("a", a)?;
    context.register_table("b", b)?;
    let plan = context.sql(sql).await?.create_physical_plan().await?;
    let plan = displayable(plan.as_ref()).indent(false).to_string();
    assert_eq!(plan.contains("GrowingJoinExec"), is_growing, "{plan}");
    let batches = context.sql(sql).await?.collect().await?;
    Ok(pretty_format_batches(&batches)?.to_string())
}

#[tokio::test]
async fn whatever_the_memory_rows_are_those_of_a_hash_join() {
    for join in ["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"] {
        for condition in ["a.key = b.key", "a.key = b.key AND a.id % 7 < b.id % 5"] {
            let sql = format!(
                "SELECT count(*), count(a.id), sum(b.id), sum(a.id * b.id), {TEXTS} \
                 FROM a {join} b ON {condition}"
            );
            let expected = answer(&sql, MUCH, false).await.unwrap();
            assert_eq!(answer(&sql, LITTLE, true).await.unwrap(), expected, "{sql}");
        }
    }
    for exists in ["EXISTS", "NOT EXISTS"] {
        let sql = format!(
            "SELECT count(*), sum(id), max(term) FROM a WHERE {exists} (\
             SELECT * FROM b WHERE b.key = a.key AND b.source <> a.source \
             AND b.medium <> a.medium AND b.campaign <> a.term AND b.term <> a.term)"
        );
        let expected = answer(&sql, MUCH, false).await.unwrap();
        for memory in [LITTLE, MUCH] {
            assert_eq!(answer(&sql, memory, true).await.unwrap(), expected, "{sql}");
        }
    }
}

#[tokio::test]
async fn a_hash_join_alone_does_not_fit() {
    let sql = format!("SELECT {TEXTS} FROM a JOIN b ON a.key = b.key");
    assert!(answer(&sql, LITTLE, false).await.is_err());
}
