//! What the library's own count says of the same rows.

use std::num::NonZeroUsize;

use arrow::array::{Int64Array, RecordBatch, StringArray, StringViewArray};
use arrow::compute::concat_batches;
use datafusion::datasource::MemTable;
use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use proptest::prelude::*;

use super::*;

/// A session with our rule, and one without.
fn sessions(batches: &[RecordBatch], config: &SessionConfig) -> [SessionContext; 2] {
    [true, false].map(|is_ours| {
        let state = SessionStateBuilder::new().with_default_features();
        let mut state = state.with_config(config.clone());
        if is_ours {
            state = state.with_optimizer_rule(Arc::new(CountTexts::new()));
        }
        let context = SessionContext::new_with_state(state.build());
        let halves = batches.chunks(batches.len().div_ceil(2)).map(<[RecordBatch]>::to_vec);
        let table = MemTable::try_new(batches[0].schema(), halves.collect()).unwrap();
        context.register_table("t", Arc::new(table)).unwrap();
        context
    })
}

fn rows(groups: &[Option<i64>], texts: &[Option<String>]) -> RecordBatch {
    let columns: [(&str, ArrayRef); 3] = [
        ("g", Arc::new(groups.iter().copied().collect::<Int64Array>())),
        ("a", Arc::new(texts.iter().map(Option::as_deref).collect::<StringArray>())),
        ("b", Arc::new(texts.iter().rev().map(Option::as_deref).collect::<StringViewArray>())),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true)))
        .unwrap()
}

async fn answer(context: &SessionContext, sql: &str) -> RecordBatch {
    let batches = context.sql(sql).await.unwrap().collect().await.unwrap();
    concat_batches(&batches[0].schema(), &batches).unwrap()
}

async fn plan_of(context: &SessionContext, sql: &str) -> String {
    let frame = context.sql(sql).await.unwrap();
    format!("{}", frame.into_optimized_plan().unwrap().display_indent())
}

const GROUPED: &str = "SELECT g, count(DISTINCT a) AS n, count(DISTINCT b) FILTER (WHERE g > 2) AS m, \
                       count(DISTINCT a) + 1, count(*) FROM t GROUP BY g ORDER BY g";
const WHOLE: &str = "SELECT count(DISTINCT a), count(DISTINCT b), min(a) FROM t";

fn check(batches: &[RecordBatch], config: &SessionConfig) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let [ours, theirs] = sessions(batches, config);
        for sql in [GROUPED, WHOLE] {
            assert!(plan_of(&ours, sql).await.contains(NAME));
            assert!(!plan_of(&theirs, sql).await.contains(NAME));
            let (ours, theirs) = (answer(&ours, sql).await, answer(&theirs, sql).await);
            assert_eq!(ours, theirs, "{sql}");
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn counts_are_those_of_the_library(
        rows_of in prop::collection::vec(
            (prop::option::of(0_i64..6), prop::option::of("[ab]{0,3}|é|a long text of its own [0-9]")),
            1..200,
        ),
        batch_rows in 1_usize..50,
        partitions in 1_usize..4,
    ) {
        let (groups, texts): (Vec<_>, Vec<_>) = rows_of.into_iter().unzip();
        let all = rows(&groups, &texts);
        let batches: Vec<_> = (0..all.num_rows())
            .step_by(batch_rows)
            .map(|at| all.slice(at, batch_rows.min(all.num_rows() - at)))
            .collect();
        let partitions = NonZeroUsize::new(partitions).unwrap();
        let config = SessionConfig::new().with_target_partitions(partitions.get());
        check(&batches, &config.with_batch_size(16));
    }
}

/// So many groups that the first phase hands its rows on as they are.
#[test]
fn many_groups_are_counted_too() {
    let n_rows = 300_000;
    let groups: Vec<_> = (0..n_rows).map(|row| Some(row - i64::from(row % 10 == 9))).collect();
    let texts: Vec<_> =
        (0..n_rows).map(|row| (row % 7 != 0).then(|| format!("text {}", row % 4))).collect();
    let all = rows(&groups, &texts);
    let batches: Vec<_> = (0..all.num_rows())
        .step_by(8192)
        .map(|at| all.slice(at, 8192.min(all.num_rows() - at)))
        .collect();
    check(&batches, &SessionConfig::new().with_target_partitions(2));
}

#[test]
fn groups_that_are_emitted_first_leave_the_others_as_they_are() {
    let texts: ArrayRef =
        Arc::new(StringArray::from(vec![Some("a"), Some("b"), Some("a"), None, Some("c")]));
    let mut groups = Groups::default();
    groups.update_batch(&[Arc::clone(&texts)], &[0, 1, 2, 2, 2], None, 3).unwrap();
    let state = groups.state(EmitTo::First(1)).unwrap();
    assert_eq!(groups.counts, [1, 2]);
    // What was "a" of the third group is known in its new place, the second.
    groups.update_batch(&[texts], &[1, 0, 1, 1, 1], None, 2).unwrap();
    assert_eq!(groups.evaluate(EmitTo::All).unwrap().as_primitive(), &Int64Array::from(vec![1, 2]));
    groups.merge_batch(&state, &[0], 1).unwrap();
    groups.merge_batch(&state, &[0], 1).unwrap();
    assert_eq!(groups.evaluate(EmitTo::All).unwrap().as_primitive(), &Int64Array::from(vec![1]));
}
