//! A job: a plan is submitted and followed to its end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ballista_core::extension::{BallistaGrpcMetadataInterceptor, SessionConfigExt as _};
use ballista_core::serde::protobuf::execute_query_params::Query as Submitted;
use ballista_core::serde::protobuf::get_job_status_result::FlightProxy;
use ballista_core::serde::protobuf::job_status::Status;
use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
use ballista_core::serde::protobuf::{
    CancelJobParams, CleanJobDataParams, ExecuteQueryParams, GetJobStatusResult, KeyValuePair,
    SuccessfulJob,
};
use ballista_core::serde::scheduler::PartitionLocation;
use ballista_core::utils::{GrpcClientConfig, create_grpc_client_endpoint};
use datafusion::execution::context::SessionState;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties as _, Partitioning};
use futures::future;
use tokio::time::timeout;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;

use super::failure::{self, Failure};
use super::part::{self, Output};
use super::{CONNECT, Scheduler, tasks};

/// How often it is checked that the rows a job reads are still there.
const WATCH: Duration = Duration::from_secs(5);

type Client = SchedulerGrpcClient<InterceptedService<Channel, BallistaGrpcMetadataInterceptor>>;

/// Runs a job to its end; `parts` is what it may read of jobs before it.
pub(super) async fn run(
    scheduler: &Scheduler,
    state: &SessionState,
    plan: &Arc<dyn ExecutionPlan>,
    bytes: Vec<u8>,
    parts: &[Output],
) -> Result<Output, Failure> {
    let mut client = connect(scheduler, state).await?;
    let entries = state.config().options().entries();
    let settings =
        entries.into_iter().map(|entry| KeyValuePair { key: entry.key, value: entry.value });
    let query = ExecuteQueryParams {
        session_id: state.session_id().to_owned(),
        settings: settings.collect(),
        operation_id: uuid::Uuid::new_v4().to_string(),
        query: Some(Submitted::PhysicalPlan(bytes)),
    };
    let refused = |status: tonic::Status| failure::of(scheduler, status.message());
    let mut followed = client.execute_query_push(query).await.map_err(refused)?.into_inner();
    let mut job = String::new();
    loop {
        let Ok(told) = timeout(WATCH, followed.message()).await else {
            if let Err(lost) = check(scheduler, state, parts).await {
                // Nobody waits for it any more; if it can't be told, nothing is lost.
                _ = client.cancel_job(CancelJobParams { job_id: job }).await;
                return Err(lost);
            }
            continue;
        };
        let told = told.map_err(|status| {
            failure::of(scheduler, &format!("was lost: {}; try again", status.message()))
        })?;
        let Some(GetJobStatusResult { status: Some(status), flight_proxy }) = told else {
            return Err(failure::of(scheduler, "broke off; see its log").into());
        };
        job = status.job_id;
        match status.status {
            Some(Status::Successful(done)) => {
                tasks::check(scheduler, &job).await?;
                return output(job, done, plan, flight_proxy);
            }
            Some(Status::Failed(failed)) => {
                check(scheduler, state, parts).await?;
                return Err(failure::of_job(scheduler, &failed.error).into());
            }
            Some(Status::Queued(_) | Status::Running(_)) | None => {}
        }
    }
}

/// Lets executors throw away what jobs have worked out.
pub(super) async fn forget(scheduler: &Scheduler, state: &SessionState, parts: &[Output]) {
    if parts.is_empty() {
        return;
    }
    // What can't be thrown away now the cluster does by itself, later.
    if let Ok(mut client) = connect(scheduler, state).await {
        for part in parts {
            let all = CleanJobDataParams { job_id: part.job.clone(), remove_stage_ids: vec![] };
            _ = client.clean_job_data(all).await;
        }
    }
}

async fn connect(scheduler: &Scheduler, state: &SessionState) -> Result<Client, Failure> {
    let settings = state.config().ballista_config();
    let size = settings.grpc_client_max_message_size();
    let address = format!("http://{}", scheduler.host_and_port());
    let refused = |error: &dyn std::fmt::Display| {
        failure::of(scheduler, &format!("can't be reached: {error}; check that it runs"))
    };
    let endpoint = create_grpc_client_endpoint(address, Some(&GrpcClientConfig::from(&settings)))
        .map_err(|error| refused(&error))?;
    let channel = endpoint.connect().await.map_err(|error| refused(&error))?;
    let interceptor = state.config().ballista_grpc_interceptor().as_ref().clone();
    Ok(SchedulerGrpcClient::with_interceptor(channel, interceptor)
        .max_encoding_message_size(size)
        .max_decoding_message_size(size))
}

fn output(
    job: String,
    done: SuccessfulJob,
    plan: &Arc<dyn ExecutionPlan>,
    proxy: Option<FlightProxy>,
) -> Result<Output, Failure> {
    let locations = done.partition_location.into_iter().map(TryInto::try_into);
    let locations: Result<Vec<PartitionLocation>, _> = locations.collect();
    let locations = locations.map_err(|error| failure::not_understood(&error))?;
    let partitioning = match plan.output_partitioning() {
        by @ Partitioning::Hash(..) => by.clone(),
        by => Partitioning::UnknownPartitioning(by.partition_count()),
    };
    Ok(Output { job, schema: plan.schema(), partitioning, locations, proxy })
}

/// Reads some of the rows of parts from each executor that holds any.
async fn check(
    scheduler: &Scheduler,
    state: &SessionState,
    parts: &[Output],
) -> Result<(), Failure> {
    let settings = state.config().ballista_config();
    let mut held = BTreeMap::new();
    for part in parts {
        for location in &part.locations {
            held.entry((&part.job, &location.executor_meta.id)).or_insert((part, location));
        }
    }
    let checks = held.values().map(|(part, location)| {
        let (settings, proxy) = (&settings, part.proxy.as_ref());
        async move {
            let read = part::is_there(scheduler, settings, proxy, location);
            timeout(CONNECT, read).await.unwrap_or(false)
        }
    });
    let checks: Vec<bool> = future::join_all(checks).await;
    match held.values().zip(checks).find(|(_, is_there)| !is_there) {
        None => Ok(()),
        Some(((_, location), _)) => {
            let executor = &location.executor_meta;
            Err(Failure::Lost(format!("executor {}:{} was lost", executor.host, executor.port)))
        }
    }
}
