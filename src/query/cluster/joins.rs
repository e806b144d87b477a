//! Joins that a cluster must not take apart.
//!
//! A nested loop join that gives rows of its left side that found no partner keeps in memory which
//! did. Executors that each join a part of the right side know of their own partners only, and
//! each would give the rest once more. So the right side becomes one partition, which one executor
//! works on. (Ballista does the same by itself for hash joins.)

use std::sync::Arc;

use datafusion::common::JoinType;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::ExecutionPlanProperties as _;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::joins::NestedLoopJoinExec;

use super::super::instead::Instead;

/// Puts the right side of such joins into one partition.
pub(super) const WHOLE_PROBE: Instead = Instead {
    name: "WholeProbe",
    of: |node| {
        let Some(join) = node.downcast_ref::<NestedLoopJoinExec>() else { return Ok(None) };
        let right = join.right();
        if !gives_left_rows(*join.join_type()) || right.output_partitioning().partition_count() == 1
        {
            return Ok(None);
        }
        let whole = Arc::new(CoalescePartitionsExec::new(Arc::clone(right)));
        let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
        let children: Vec<Arc<dyn ExecutionPlan>> = vec![Arc::clone(join.left()), whole];
        Arc::clone(node).replace_children(children, options).map(Some)
    },
};

/// Tells whether a join gives rows of its left side by whether they had partners.
fn gives_left_rows(kind: JoinType) -> bool {
    match kind {
        JoinType::Left
        | JoinType::Full
        | JoinType::LeftSemi
        | JoinType::LeftAnti
        | JoinType::LeftMark => true,
        JoinType::Inner
        | JoinType::Right
        | JoinType::RightSemi
        | JoinType::RightAnti
        | JoinType::RightMark => false,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::execution::SessionStateBuilder;
    use datafusion::prelude::{SessionConfig, SessionContext};

    use super::*;

    /// Plans a join, with the rule or without, and returns how many partitions its right side has.
    async fn n_right(kind: &str, has_rule: bool) -> usize {
        let mut builder = SessionStateBuilder::new()
            .with_config(SessionConfig::new().with_target_partitions(4))
            .with_default_features();
        if has_rule {
            builder = builder.with_physical_optimizer_rule(Arc::new(WHOLE_PROBE));
        }
        let context = SessionContext::new_with_state(builder.build());
        for name in ["a", "b"] {
            let rows = format!("CREATE TABLE {name} AS SELECT * FROM range(0, 100000)");
            context.sql(&rows).await.unwrap().collect().await.unwrap();
        }
        let sql = format!("SELECT * FROM a {kind} JOIN b ON a.value < b.value + 1");
        let plan = context.sql(&sql).await.unwrap().create_physical_plan().await.unwrap();
        right_of_join(&plan).expect("the plan has a nested loop join")
    }

    fn right_of_join(node: &Arc<dyn ExecutionPlan>) -> Option<usize> {
        match node.downcast_ref::<NestedLoopJoinExec>() {
            Some(join) => Some(join.right().output_partitioning().partition_count()),
            None => node.children().into_iter().find_map(right_of_join),
        }
    }

    #[tokio::test]
    async fn the_right_side_is_whole_where_rows_of_the_left_side_are_given() {
        for kind in ["LEFT", "FULL"] {
            assert!(n_right(kind, false).await > 1, "{kind}");
            assert_eq!(n_right(kind, true).await, 1, "{kind}");
        }
        assert!(n_right("INNER", true).await > 1);
    }
}
