//! Operators of our own in the place of DataFusion's.

use std::fmt;
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult as _, TreeNode as _};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;

/// What stands in the place of an operator, if anything has to.
type Replacement = fn(&Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>>;

/// A rule that looks at each operator of a plan, those below it first.
///
/// Such rules come last: by then rows are sorted and partitioned as operators want them.
pub(super) struct Instead<F = Replacement> {
    pub(super) name: &'static str,
    pub(super) of: F,
}

impl<F> fmt::Debug for Instead<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instead").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<F> PhysicalOptimizerRule for Instead<F>
where
    F: Fn(&Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>>
        + Send
        + Sync
        + 'static,
{
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| {
            Ok(match (self.of)(&node)? {
                Some(instead) => Transformed::yes(instead),
                None => Transformed::no(node),
            })
        })
        .data()
    }

    fn name(&self) -> &str {
        self.name
    }

    fn schema_check(&self) -> bool {
        true
    }
}
