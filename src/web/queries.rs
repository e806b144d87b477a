//! Running queries beside the ingester: on threads of their own that stand behind the others,
//! over one version of the lake until there is another, and with answers kept by that version.

use std::fmt;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{FutureExt as _, StreamExt as _};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::runtime::Runtime;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;
use tracing::Instrument as _;

use super::api::ApiError;
use super::lake::LateLake;
use super::snapshot::{Snapshot, View};
use super::tokens::Access;
use super::version;
use crate::goal::Goal;
use crate::metrics::Metrics;
use crate::priority::{self, RightOfWay};
use crate::query::{self, Engine, MaskKey, Rows, Scope, Value};
use crate::report::render::{Format, RenderError, renderer};
use crate::telemetry::traces;
use tributary_ingest::clock::Clock;
use tributary_ingest::schema::Table;

/// By how much the threads stand behind those that answer webhooks, as `nice` counts.
const NICE: i32 = 15;
/// Threads that wait for disks; more than the tables that are opened at the same time.
const BLOCKING_THREADS_MAX: usize = 8;
/// Stack of a thread: plans are trees, walked by functions that call themselves.
const STACK_BYTES: usize = 16 << 20;
/// How long the lake's version counts as known.
const VERSION_FRESH: Duration = Duration::from_secs(1);
/// How long one engine is used at most, whatever the lake says.
const ENGINE_AGE_MAX: Duration = Duration::from_secs(3600);
/// Answers kept, about; only their bytes are bounded strictly.
const KEPT_ANSWERS: usize = 256;

/// Limits of queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Memory and disk of all queries together.
    pub query: query::Limits,
    /// Queries at the same time; others wait.
    pub at_once: usize,
    /// How long a query waits for its turn.
    pub turn_wait: Duration,
    /// Time of a query.
    pub time: Duration,
    /// Rows of an answer.
    pub rows_max: usize,
    /// Bytes of an answer.
    pub bytes_max: usize,
    /// Bytes of the answers that are kept.
    pub kept_bytes_max: u64,
    /// Bytes of a request's body.
    pub body_bytes_max: usize,
    /// Time for a request's body.
    pub body_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            query: query::Limits {
                memory_bytes_max: 512 << 20,
                spill_bytes_max: 8 << 30,
                partitions: Some(cores_for_queries()),
            },
            at_once: 2,
            turn_wait: Duration::from_secs(10),
            time: Duration::from_secs(30),
            rows_max: 100_000,
            bytes_max: 32 << 20,
            kept_bytes_max: 16 << 20,
            body_bytes_max: 8 << 10,
            body_time: Duration::from_secs(15),
        }
    }
}

/// Returns how many cores work on queries: half of them, at least one; webhooks have the others.
fn cores_for_queries() -> NonZeroUsize {
    let n_cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    NonZeroUsize::new(n_cores / 2).unwrap_or(NonZeroUsize::MIN)
}

/// The snapshot in use, and when it was found to be the last one.
struct Current {
    snapshot: Arc<Snapshot>,
    opened: Duration,
    checked: Duration,
}

/// What runs queries.
pub(super) struct Queries {
    lake: LateLake,
    tables: &'static [&'static Table],
    goals: Vec<Goal>,
    /// Names how the lake is read.
    reading: String,
    /// The key of pseudonyms for as long as this process runs.
    mask: MaskKey,
    limits: Limits,
    right_of_way: Arc<RightOfWay>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    current: Mutex<Option<Current>>,
    turns: Semaphore,
    kept: Cache<String, Bytes, ByBytes>,
    runtime: Option<Runtime>,
}

/// Weighs a kept answer by its bytes.
#[derive(Clone)]
struct ByBytes;

impl Weighter<String, Bytes> for ByBytes {
    fn weight(&self, name: &String, answer: &Bytes) -> u64 {
        (name.len() + answer.len()) as u64
    }
}

impl fmt::Debug for Queries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queries").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Queries {
    /// Starts the threads.
    pub(super) fn start(
        lake: LateLake,
        tables: &'static [&'static Table],
        goals: Vec<Goal>,
        limits: Limits,
        right_of_way: Arc<RightOfWay>,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> io::Result<Self> {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        if let Some(partitions) = limits.query.partitions {
            builder.worker_threads(partitions.get());
        }
        let runtime = builder
            .max_blocking_threads(BLOCKING_THREADS_MAX)
            .thread_stack_size(STACK_BYTES)
            .thread_name("query")
            .on_thread_start(|| priority::step_back(NICE))
            .enable_all()
            .build()?;
        let turns = Semaphore::new(limits.at_once);
        let kept = Cache::with_weighter(KEPT_ANSWERS, limits.kept_bytes_max, ByBytes);
        let current = Mutex::default();
        let runtime = Some(runtime);
        Ok(Self {
            lake,
            tables,
            reading: version::of_reading(&goals),
            goals,
            mask: MaskKey::random(),
            limits,
            right_of_way,
            clock,
            metrics,
            current,
            turns,
            kept,
            runtime,
        })
    }

    /// Returns the lake's last version, as far as it may be seen with some access.
    pub(super) async fn view(self: &Arc<Self>, access: &Access) -> Result<Arc<View>, ApiError> {
        let scope = Scope {
            tenants: access.tenants.as_ref().map(|tenants| tenants.iter().cloned().collect()),
            mask: access.masked.then(|| self.mask.clone()),
        };
        let this = Arc::clone(self);
        self.on_own_threads(async move { Ok(this.look().await?.view(&scope).await?) }).await
    }

    /// Returns the answer of this name, from what is kept or by running the query.
    pub(super) async fn answer(
        self: &Arc<Self>,
        name: String,
        query: impl Future<Output = Result<Bytes, ApiError>> + Send + 'static,
    ) -> Result<Bytes, ApiError> {
        let query = query.boxed();
        if let Some(answer) = self.kept.get(&name) {
            return Ok(answer);
        }
        let this = Arc::clone(self);
        self.on_own_threads(async move {
            // Others that ask for the same meanwhile wait for this one.
            this.kept.get_or_insert_async(&name, this.in_turn(query)).await
        })
        .await
    }

    /// Runs a report and writes its rows.
    pub(super) async fn run(
        &self,
        view: &View,
        sql: &str,
        values: &[(&str, Value)],
        format: Format,
    ) -> Result<Bytes, ApiError> {
        let rows = view.engine.run(sql, values).await?;
        self.write(rows, format).await
    }

    /// Waits for its turn and for the query, both within their time.
    async fn in_turn(
        &self,
        query: impl Future<Output = Result<Bytes, ApiError>>,
    ) -> Result<Bytes, ApiError> {
        let turn = tokio::time::timeout(self.limits.turn_wait, self.turns.acquire()).await;
        let Ok(Ok(_turn)) = turn else { return Err(ApiError::Busy) };
        let started = self.clock.elapsed();
        let span = tracing::info_span!(target: traces::PART, "query");
        let query = async {
            self.right_of_way.give_way().await;
            query.await
        };
        let answer = tokio::time::timeout(self.limits.time, query).instrument(span).await;
        let took = self.clock.elapsed() - started;
        self.metrics.web.query_seconds.observe(took.as_secs_f64());
        match answer {
            Ok(answer) if took < self.limits.time => answer,
            // The timer is looked at only when the query pauses; a late answer is none either.
            _ => Err(ApiError::Slow(self.limits.time.as_secs())),
        }
    }

    async fn look(&self) -> Result<Arc<Snapshot>, ApiError> {
        let lake = self.lake.get()?;
        let mut current = self.current.lock().await;
        let now = self.clock.elapsed();
        if let Some(current) = current.as_mut()
            && now - current.opened < ENGINE_AGE_MAX
        {
            if now - current.checked >= VERSION_FRESH {
                if !current.snapshot.is_current(lake).await? {
                    return self.open(current).await;
                }
                current.checked = now;
            }
            return Ok(Arc::clone(&current.snapshot));
        }
        let opened = self.opened().await?;
        Ok(Arc::clone(&current.insert(opened).snapshot))
    }

    async fn open(&self, current: &mut Current) -> Result<Arc<Snapshot>, ApiError> {
        *current = self.opened().await?;
        Ok(Arc::clone(&current.snapshot))
    }

    async fn opened(&self) -> Result<Current, ApiError> {
        let now = self.clock.elapsed();
        self.right_of_way.give_way().await;
        let engine = Engine::open_beside(
            &self.right_of_way,
            self.lake.get()?,
            self.tables,
            &self.goals,
            self.limits.query,
        )
        .await?;
        let snapshot = Arc::new(Snapshot::new(engine, &self.reading));
        Ok(Current { snapshot, opened: now, checked: now })
    }

    /// Runs something on the threads of queries; it ends when nobody waits for it any more.
    async fn on_own_threads<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, ApiError>> + Send + 'static,
    ) -> Result<T, ApiError> {
        let Some(runtime) = &self.runtime else { return Err(ApiError::Failed) };
        let mut task = JoinSet::new();
        task.spawn_on(work.in_current_span(), runtime.handle());
        match task.join_next().await {
            Some(Ok(done)) => done,
            Some(Err(error)) => {
                tracing::error!(%error, "a query's task ended early");
                Err(ApiError::Failed)
            }
            None => Err(ApiError::Failed),
        }
    }

    async fn write(&self, mut rows: Rows, format: Format) -> Result<Bytes, ApiError> {
        let mut bytes = vec![];
        let out = Bounded { bytes: &mut bytes, bytes_max: self.limits.bytes_max };
        let mut renderer = renderer(format, rows.schema, Box::new(out))?;
        let mut n_rows = 0;
        while let Some(batch) = rows.batches.next().await {
            let batch = batch?;
            n_rows += batch.num_rows();
            if n_rows > self.limits.rows_max {
                return Err(ApiError::Large(format!(
                    "the answer has more than {} rows; ask for fewer days or give a limit, or raise \
                     --query-rows",
                    self.limits.rows_max
                )));
            }
            renderer.write(&batch).map_err(|error| self.not_written(error))?;
        }
        renderer.finish().map_err(|error| self.not_written(error))?;
        Ok(Bytes::from(bytes))
    }

    fn not_written(&self, error: RenderError) -> ApiError {
        match error {
            RenderError::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                ApiError::Large(format!(
                    "the answer has more than {} bytes; ask for fewer days or give a limit",
                    self.limits.bytes_max
                ))
            }
            error => error.into(),
        }
    }
}

impl Drop for Queries {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Waiting for it is not allowed where another runtime works.
            runtime.shutdown_background();
        }
    }
}

/// Bytes in memory, up to a limit.
struct Bounded<'a> {
    bytes: &'a mut Vec<u8>,
    bytes_max: usize,
}

impl Write for Bounded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.bytes_max {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
