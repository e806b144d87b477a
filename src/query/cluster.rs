//! Running plans on a Ballista cluster of stock schedulers and executors.
//!
//! The client plans: views and macros are expanded and the lake's snapshot is resolved to its
//! Parquet files here, so that what is submitted is a physical plan of operators that stock
//! executors have. They read the files with credentials of their own. The answer's batches are
//! fetched from them one after the other, as they are asked for.
//!
//! A query becomes several jobs. What it repeats is worked out once, as it is without a cluster
//! (see [`super::shared`]), and what remains is cut where it nests deeper than a scheduler reads
//! ([`stages`]). The rows of such a part stay on the executors that made them, and later jobs read
//! them there ([`part`]). If an executor is lost with them, or while a job runs ([`tasks`]), the
//! query begins again ([`query`]).

use std::sync::Arc;
use std::time::Duration;

use ballista_core::BALLISTA_VERSION;
use ballista_core::extension::SessionConfigExt as _;
use ballista_core::optimizer::ballista_default_optimizer_rules;
use ballista_core::version::BALLISTA_VERSION_HEADER;
use datafusion::execution::context::SessionState;
use datafusion::execution::{SendableRecordBatchStream, SessionStateBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionConfig;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::QueryError;
use super::effects::EffectsTable;
use super::provider::Place;
use super::scheduler::Scheduler;
use tributary_lake::{Address, Lake};

mod failure;
mod here;
mod job;
mod joins;
mod part;
mod query;
mod settings;
mod stages;
mod tasks;

use failure::Failure;
use joins::WHOLE_PROBE;
use query::Query;
use settings::StoreSettings;

/// What the scheduler shows as the name of our jobs.
const JOB_NAME: &str = "tributary";
/// How long a scheduler may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// How often a query is begun at most, if executors are lost.
const ATTEMPTS_MAX: usize = 3;
/// How often an executor tries to read rows of another, so that this process sees before it gives
/// up that these rows are lost: a scheduler does not survive that, as they are not of its own job.
const READS_MAX: u16 = 20;

/// A cluster that answers queries over one lake.
#[derive(Debug)]
pub(super) struct Cluster {
    scheduler: Scheduler,
    n_partitions: usize,
    address: Address,
}

impl Cluster {
    /// Takes a cluster that works on so many partitions at a time; nothing is sent yet.
    ///
    /// # Errors
    /// [`QueryError::Lake`] if the lake is where executors can't read it.
    pub(super) fn new(
        lake: &Lake,
        scheduler: &Scheduler,
        n_partitions: usize,
    ) -> Result<Self, QueryError> {
        let address = lake.address()?;
        Ok(Self { scheduler: scheduler.clone(), n_partitions, address })
    }

    /// Returns where executors find the lake.
    pub(super) fn place(&self) -> Result<Place, QueryError> {
        Ok(Place::new(&self.address.store, self.address.root.clone())?)
    }

    /// Returns the settings of a session whose plans the cluster can run.
    pub(super) fn configure(&self, config: SessionConfig) -> SessionConfig {
        let version = (BALLISTA_VERSION_HEADER.to_owned(), BALLISTA_VERSION.to_owned());
        config
            .upgrade_for_ballista()
            .with_ballista_job_name(JOB_NAME)
            .with_ballista_grpc_metadata([version].into())
            .with_target_partitions(self.n_partitions)
            .with_option_extension(StoreSettings::of(&self.address))
            .set_u64("ballista.client.io_retries_times", u64::from(READS_MAX))
    }

    /// Adds the rules by which plans become ones that the cluster can run.
    pub(super) fn add_rules(&self, state: SessionStateBuilder) -> SessionStateBuilder {
        state
            .with_optimizer_rules(ballista_default_optimizer_rules())
            .with_physical_optimizer_rule(Arc::new(WHOLE_PROBE))
    }

    /// Runs plans of paths, each for the table of effects that come from them, and the last plan,
    /// whose rows are the answer.
    pub(super) async fn run(
        &self,
        state: &SessionState,
        plans: &[LogicalPlan],
        tables: &[Option<EffectsTable>],
    ) -> Result<SendableRecordBatchStream, QueryError> {
        let mut n_attempts = 1;
        loop {
            self.connect().await?;
            let mut query = Query::new(&self.scheduler, state);
            let failure = match Box::pin(query.run(plans, tables)).await {
                Ok(stream) => return Ok(stream),
                Err(failure) => failure,
            };
            match failure {
                Failure::Lost(_) if n_attempts < ATTEMPTS_MAX => n_attempts += 1,
                Failure::Lost(reason) => {
                    return Err(failure::of(
                        &self.scheduler,
                        &format!(
                            "{reason}, {n_attempts} times in a row; see the logs of the executors"
                        ),
                    ));
                }
                Failure::Other(error) => return Err(error),
            }
        }
    }

    /// Tries whether the scheduler is there, for the sake of a clear answer if it is not.
    async fn connect(&self) -> Result<(), QueryError> {
        let address = self.scheduler.host_and_port();
        let reason = match timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer in {} s", CONNECT.as_secs()),
        };
        Err(failure::of(
            &self.scheduler,
            &format!("can't be reached: {reason}; check --scheduler, and that it runs"),
        ))
    }
}
