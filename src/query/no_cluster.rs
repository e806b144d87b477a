//! Stands for a cluster where the program was built without any: there is never one.

use datafusion::execution::context::SessionState;
use datafusion::execution::{SendableRecordBatchStream, SessionStateBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionConfig;

use super::QueryError;
use super::effects::EffectsTable;
use super::provider::Place;
use super::scheduler::Scheduler;
use tributary_lake::Lake;

/// No cluster.
#[derive(Debug)]
pub(super) enum Cluster {}

impl Cluster {
    /// Refuses.
    ///
    /// # Errors
    /// Always.
    pub(super) fn new(_: &Lake, _: &Scheduler, _: usize) -> Result<Self, QueryError> {
        Err(QueryError::Cluster("this program was built without clusters".to_owned()))
    }

    pub(super) fn place(&self) -> Result<Place, QueryError> {
        match *self {}
    }

    pub(super) fn configure(&self, _: SessionConfig) -> SessionConfig {
        match *self {}
    }

    pub(super) fn add_rules(&self, _: SessionStateBuilder) -> SessionStateBuilder {
        match *self {}
    }

    pub(super) async fn run(
        &self,
        _: &SessionState,
        _: &[LogicalPlan],
        _: &[Option<EffectsTable>],
    ) -> Result<SendableRecordBatchStream, QueryError> {
        match *self {}
    }
}
