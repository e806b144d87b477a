//! Where a plan can be cut into jobs.
//!
//! A scheduler cuts a plan into stages where rows change places, and reads no plan that nests
//! deeper than a hundred messages of its encoding, which is about forty-five operators. So a deep
//! plan is cut here, at such places, into jobs of which one reads what another has worked out.
//!
//! A stage reads either parts that other jobs worked out, or stages of its own job, never both. If
//! an executor is lost, a scheduler takes back each stage that has read from it and forgets what
//! else that stage was reading; it does so with stages that read stages, not with those that
//! read parts only.

use std::sync::Arc;

use ballista_core::execution_plans::ShuffleReaderExec;
use datafusion::common::Result;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::limit::GlobalLimitExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{ExecutionPlan, Partitioning};

type Plan = Arc<dyn ExecutionPlan>;

/// Returns the places where the stage at the top of a plan reads other stages, left to right.
pub(super) fn inputs(top: &Plan) -> Vec<Plan> {
    let mut found = vec![];
    for child in top.children() {
        match is_input(top, child) {
            true => found.push(Arc::clone(child)),
            false => found.extend(inputs(child)),
        }
    }
    found
}

/// Puts others in the place of what [`inputs`] returned.
pub(super) fn with_inputs(top: &Plan, inputs: Vec<Plan>) -> Result<Plan> {
    put(top, &mut inputs.into_iter())
}

fn put(top: &Plan, inputs: &mut impl Iterator<Item = Plan>) -> Result<Plan> {
    let mut children = vec![];
    for child in top.children() {
        children.push(match is_input(top, child) {
            true => inputs.next().unwrap_or_else(|| Arc::clone(child)),
            false => put(child, inputs)?,
        });
    }
    with_children(top, children)
}

/// Returns the stage below an operator that moves rows; none if it does not.
pub(super) fn below(input: &Plan) -> Option<Plan> {
    moves_rows(input).then(|| input.children().first().map(|child| Arc::clone(child)))?
}

/// Puts another stage below such an operator.
pub(super) fn above(input: Plan, below: Plan) -> Result<Plan> {
    with_children(&input, vec![below])
}

/// Tells whether the stage at the top of a plan reads parts that other jobs worked out.
pub(super) fn reads_parts(top: &Plan) -> bool {
    top.is::<ShuffleReaderExec>()
        || top.children().iter().any(|child| !is_input(top, child) && reads_parts(child))
}

/// Nests a plan deeper by so many operators.
pub(super) fn around(plan: &Plan, n: usize) -> Plan {
    (0..n).fold(Arc::clone(plan), |plan, _| Arc::new(CoalescePartitionsExec::new(plan)))
}

fn with_children(parent: &Plan, children: Vec<Plan>) -> Result<Plan> {
    if children.is_empty() {
        return Ok(Arc::clone(parent));
    }
    let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
    Arc::clone(parent).replace_children(children, options)
}

/// Tells whether an operator's child is where another stage is read. Of a union that is also each
/// branch that can't be left to some of the stage's tasks.
fn is_input(parent: &Plan, child: &Plan) -> bool {
    moves_rows(child) || (parent.is::<UnionExec>() && is_of_one_task(child))
}

/// Tells whether the scheduler makes a stage of what is below an operator.
fn moves_rows(node: &Plan) -> bool {
    if let Some(repartition) = node.downcast_ref::<RepartitionExec>() {
        return matches!(repartition.partitioning(), Partitioning::Hash(..));
    }
    node.is::<CoalescePartitionsExec>() || node.is::<SortPreservingMergeExec>()
}

/// Tells whether a branch gives its rows as one partition, whatever is below it.
fn is_of_one_task(node: &Plan) -> bool {
    let is_whole = node.is::<GlobalLimitExec>()
        || node.downcast_ref::<SortExec>().is_some_and(|sort| !sort.preserve_partitioning());
    let mut children = node.children().into_iter();
    is_whole || children.any(|child| moves_rows(child) || is_of_one_task(child))
}
