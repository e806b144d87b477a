//! One attempt at a query: its jobs, one after the other.

use std::sync::Arc;

use ballista_core::extension::SessionConfigExt as _;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::context::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion_proto::physical_plan::{AsExecutionPlan as _, PhysicalExtensionCodec};
use datafusion_proto::protobuf::PhysicalPlanNode;
use futures::future::BoxFuture;

use super::super::effects::EffectsTable;
use super::super::shared::Shared;
use super::failure::{self, Failure};
use super::job;
use super::part::{self, Output, PartTable};
use super::{QueryError, Scheduler, here, stages};

/// Operators that the cluster puts around a job's plan, and that must nest with it.
const AROUND_JOB: usize = 3;
/// The same for a stage, which may become the input of another one, and so a job's plan.
const AROUND_STAGE: usize = AROUND_JOB + 2;

/// Such an attempt.
pub(super) struct Query<'q> {
    scheduler: &'q Scheduler,
    state: &'q SessionState,
    codec: Arc<dyn PhysicalExtensionCodec>,
    /// What jobs so far have worked out, for later ones.
    parts: Vec<Output>,
}

impl<'q> Query<'q> {
    /// Begins.
    pub(super) fn new(scheduler: &'q Scheduler, state: &'q SessionState) -> Self {
        let codec = state.config().ballista_physical_extension_codec();
        Self { scheduler, state, codec, parts: vec![] }
    }

    /// Runs plans of paths for their tables, and the last plan, whose rows are the answer.
    pub(super) async fn run(
        &mut self,
        plans: &[LogicalPlan],
        tables: &[Option<EffectsTable>],
    ) -> Result<SendableRecordBatchStream, Failure> {
        let mut shared = Shared::find(self.state, plans)?;
        for part in shared.take_parts() {
            let plan = self.plan(&part.plan).await?;
            let output = self.work_out(plan).await?;
            part.table.fill(part.columns, Arc::new(PartTable::new(&output)));
            self.parts.push(output);
        }
        let mut answer = None;
        for (plan, table) in shared.plans.iter().zip(tables) {
            let stream = self.start(plan).await?;
            match table {
                Some(table) => table.fill(stream).await?,
                None => answer = Some(stream),
            }
        }
        job::forget(self.scheduler, self.state, &self.parts).await;
        answer.ok_or_else(|| QueryError::Failed("no statement".to_owned()).into())
    }

    async fn plan(&self, plan: &LogicalPlan) -> Result<Arc<dyn ExecutionPlan>, Failure> {
        Ok(self.state.query_planner().create_physical_plan(plan, self.state).await?)
    }

    /// Runs an optimized plan: there, or here if it asks about the session.
    async fn start(&mut self, plan: &LogicalPlan) -> Result<SendableRecordBatchStream, Failure> {
        let is_for_here = here::stays(plan)?;
        let plan = self.plan(plan).await?;
        if is_for_here {
            return Ok(execute_stream(plan, self.state.task_ctx())?);
        }
        let output = self.work_out(plan).await?;
        Ok(part::fetch(self.scheduler, self.state, output))
    }

    /// Works out a plan on the cluster, in as many jobs as it needs.
    async fn work_out(&mut self, plan: Arc<dyn ExecutionPlan>) -> Result<Output, Failure> {
        let plan = self.settle(plan).await?;
        let Some(bytes) = self.encode(&plan, AROUND_JOB)? else {
            return Err(QueryError::Sql(
                "nests too deep for a cluster; simplify its expressions, or use --engine local"
                    .to_owned(),
            )
            .into());
        };
        job::run(self.scheduler, self.state, &plan, bytes, &self.parts).await
    }

    /// Cuts a plan, whose top is the top of a stage, into what one job can do, and runs the rest.
    fn settle(
        &mut self,
        plan: Arc<dyn ExecutionPlan>,
    ) -> BoxFuture<'_, Result<Arc<dyn ExecutionPlan>, Failure>> {
        Box::pin(async move {
            let mut inputs = vec![];
            for input in stages::inputs(&plan) {
                inputs.push(match stages::below(&input) {
                    Some(below) => {
                        let below = self.settle(below).await?;
                        stages::above(input, below)?
                    }
                    None => self.settle(input).await?,
                });
            }
            let whole = stages::with_inputs(&plan, inputs.clone())?;
            if !stages::reads_parts(&whole) && self.encode(&whole, AROUND_STAGE)?.is_some() {
                return Ok(whole);
            }
            // Where a stage reads parts it reads nothing else of its job: see `stages`.
            let mut readers = vec![];
            for input in inputs {
                let Some(bytes) = self.encode(&input, AROUND_JOB)? else {
                    return Ok(whole);
                };
                let output =
                    job::run(self.scheduler, self.state, &input, bytes, &self.parts).await?;
                readers.push(part::reader(&output)?);
                self.parts.push(output);
            }
            Ok(stages::with_inputs(&plan, readers)?)
        })
    }

    /// Encodes a plan; none if it nests deeper than a scheduler reads with `n` operators around it.
    fn encode(&self, plan: &Arc<dyn ExecutionPlan>, n: usize) -> Result<Option<Vec<u8>>, Failure> {
        let encode = |plan: &Arc<dyn ExecutionPlan>| {
            let node = PhysicalPlanNode::try_from_physical_plan(Arc::clone(plan), &*self.codec)?;
            let mut bytes = vec![];
            node.try_encode(&mut bytes)?;
            Ok::<_, datafusion::error::DataFusionError>(bytes)
        };
        let around = encode(&stages::around(plan, n)).map_err(failure::not_encoded)?;
        match PhysicalPlanNode::try_decode(&around) {
            Ok(_) => Ok(Some(encode(plan).map_err(failure::not_encoded)?)),
            Err(_) => Ok(None),
        }
    }
}
