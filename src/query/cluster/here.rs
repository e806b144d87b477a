//! What is answered here although there is a cluster: questions about the session and its tables,
//! which the cluster does not know.

use datafusion::catalog::information_schema::INFORMATION_SCHEMA;
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::logical_expr::LogicalPlan;

use super::QueryError;

/// Tells whether a plan is to run here.
///
/// # Errors
/// [`QueryError::Sql`] if a part of it can only run here and another only there.
pub(super) fn stays(plan: &LogicalPlan) -> Result<bool, QueryError> {
    match plan {
        LogicalPlan::Explain(_) | LogicalPlan::DescribeTable(_) => return Ok(true),
        LogicalPlan::Analyze(_) => {
            return Err(QueryError::Sql(
                "EXPLAIN ANALYZE measures on this machine only; use EXPLAIN, or --engine local"
                    .to_owned(),
            ));
        }
        _ => {}
    }
    match count(plan)? {
        (0, _) => Ok(false),
        (_, 0) => Ok(true),
        _ => Err(QueryError::Sql(format!(
            "{INFORMATION_SCHEMA} and tables of the lake can't be read together on a cluster; use \
             --engine local"
        ))),
    }
}

/// Counts the places where a plan reads tables that tell of tables, and others.
fn count(plan: &LogicalPlan) -> Result<(usize, usize)> {
    let (mut n_telling, mut n_others) = (0, 0);
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            match scan.table_name.schema() == Some(INFORMATION_SCHEMA) {
                true => n_telling += 1,
                false => n_others += 1,
            }
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok((n_telling, n_others))
}
