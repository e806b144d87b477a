//! What a job has worked out: rows that lie on the executors that made them.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use ballista_core::client::BallistaClient;
use ballista_core::config::BallistaConfig;
use ballista_core::execution_plans::ShuffleReaderExec;
use ballista_core::extension::SessionConfigExt as _;
use ballista_core::serde::protobuf::get_job_status_result::FlightProxy;
use ballista_core::serde::scheduler::PartitionLocation;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::context::SessionState;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{ExecutionPlan, Partitioning, PhysicalExpr};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::Scheduler;
use super::failure;

/// The stage that readers of parts name: one that no job of ours has.
const NO_STAGE: usize = u32::MAX as usize;

/// What a job has worked out, and where it lies.
#[derive(Debug, Clone)]
pub(super) struct Output {
    /// The job's id.
    pub(super) job: String,
    /// Columns of the rows.
    pub(super) schema: SchemaRef,
    /// How the rows are told apart by partition.
    pub(super) partitioning: Partitioning,
    /// Where each partition is.
    pub(super) locations: Vec<PartitionLocation>,
    /// Through what they are fetched, if not from their executor.
    pub(super) proxy: Option<FlightProxy>,
}

/// Returns the operator that reads a part.
pub(super) fn reader(output: &Output) -> Result<Arc<dyn ExecutionPlan>> {
    let n_partitions = output.partitioning.partition_count();
    let mut partitions = vec![vec![]; n_partitions];
    for location in &output.locations {
        let at = location.partition_id.partition_id;
        let Some(partition) = partitions.get_mut(at) else {
            return internal_err!("job {} has a partition {at} of {n_partitions}", output.job);
        };
        partition.push(location.clone());
    }
    let schema = Arc::clone(&output.schema);
    let partitioning = output.partitioning.clone();
    Ok(Arc::new(ShuffleReaderExec::try_new(NO_STAGE, partitions, schema, partitioning)?))
}

/// A part as a table.
#[derive(Debug)]
pub(super) struct PartTable(Output);

impl PartTable {
    /// Makes a table of a part.
    pub(super) fn new(output: &Output) -> Self {
        Self(output.clone())
    }
}

#[async_trait]
impl TableProvider for PartTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.0.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let reader = reader(&self.0)?;
        let Some(projection) = projection else { return Ok(reader) };
        let column = |at: &usize| {
            let name = self.0.schema.field(*at).name().clone();
            (Arc::new(Column::new(&name, *at)) as Arc<dyn PhysicalExpr>, name)
        };
        let columns: Vec<_> = projection.iter().map(column).collect();
        Ok(Arc::new(ProjectionExec::try_new(columns, reader)?))
    }
}

/// Streams the rows of a part, partition by partition.
pub(super) fn fetch(
    scheduler: &Scheduler,
    state: &SessionState,
    output: Output,
) -> SendableRecordBatchStream {
    let schema = Arc::clone(&output.schema);
    let (scheduler, settings) = (scheduler.clone(), state.config().ballista_config());
    let locations = stream::iter(output.locations);
    let proxy = output.proxy;
    let batches = locations
        .then(move |location| {
            let (scheduler, settings, proxy) = (scheduler.clone(), settings.clone(), proxy.clone());
            async move {
                let told = scheduler.clone();
                let opened = open(&scheduler, &settings, proxy.as_ref(), &location).await;
                opened
                    .map(|batches| batches.map_err(move |error| lost(&told, &error)))
                    .map_err(|error| lost(&scheduler, &error))
            }
        })
        .try_flatten();
    Box::pin(RecordBatchStreamAdapter::new(schema, batches))
}

fn lost(scheduler: &Scheduler, error: &DataFusionError) -> DataFusionError {
    let error = failure::of(scheduler, &format!("rows of the answer are lost: {error}; try again"));
    DataFusionError::External(error.into())
}

/// Tells whether rows can still be read from where they lie, by reading some.
pub(super) async fn is_there(
    scheduler: &Scheduler,
    settings: &BallistaConfig,
    proxy: Option<&FlightProxy>,
    location: &PartitionLocation,
) -> bool {
    let first: Result<Option<RecordBatch>> =
        async { open(scheduler, settings, proxy, location).await?.next().await.transpose() }.await;
    first.is_ok()
}

/// Opens a partition where it lies, or through the cluster's proxy if it has one.
async fn open(
    scheduler: &Scheduler,
    settings: &BallistaConfig,
    proxy: Option<&FlightProxy>,
    location: &PartitionLocation,
) -> Result<SendableRecordBatchStream> {
    let executor = &location.executor_meta;
    let (host, port) = match proxy {
        Some(FlightProxy::External(address)) => address
            .rsplit_once(':')
            .and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)))
            .ok_or_else(|| DataFusionError::Execution(format!("no HOST:PORT: {address}")))?,
        Some(FlightProxy::Local(true)) => scheduler.parts(),
        Some(FlightProxy::Local(false)) | None => (executor.host.clone(), executor.port),
    };
    let failed = |error: ballista_core::error::BallistaError| {
        DataFusionError::Execution(format!("{host}:{port}: {error}"))
    };
    let message = settings.grpc_client_max_message_size();
    let mut client = BallistaClient::try_new(&host, port, message, false, None, 1, 0, 0, 0)
        .await
        .map_err(failed)?;
    let (id, file, layout) = (&location.partition_id, location.file_id, location.layout());
    client
        .fetch_partition_proxied(
            &executor.id,
            id,
            file,
            layout,
            &executor.host,
            executor.port,
            true,
        )
        .await
        .map_err(failed)
}
