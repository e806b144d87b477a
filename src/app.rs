//! The ingester put together: journal, flush worker and HTTP server, started and stopped in order.
//!
//! ```text
//! start: journal (replay) ─▶ server ─▶ worker, which opens the lake, as often as it takes
//! stop:  server (in flight is answered) ─▶ journal closed ─▶ worker (everything committed)
//! ```

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::blocks::Blocks;
use crate::flush::opening::{self, Opening, Otherwise, Setup};
use crate::flush::{FlushError, Policy};
use crate::metrics::Metrics;
use crate::priority::RightOfWay;
use crate::reach::Reach;
use crate::receive::{Limits, Receiver};
use crate::upkeep::schedule::{self, Schedule};
use crate::web::{self, LateLake, Waiting, Web};
use tributary_ingest::clock::Clock;
use tributary_ingest::flatten::channel::Channels;
use tributary_ingest::journal::bond::{self, Target};
use tributary_ingest::journal::{self, Journal, JournalError, Quota};
use tributary_ingest::verify::Verifier;
use tributary_lake::{LakeConfig, LakeError};

mod listeners;

pub use listeners::DashboardSettings;

use listeners::Listener;

/// Records of a segment at most, whatever the policy says.
const SEGMENT_RECORDS_MAX: u64 = 1 << 20;

/// How often a wait for the lake looks again.
const FLUSH_POLL: Duration = Duration::from_millis(10);

/// How long a start waits for the lake; webhooks are taken meanwhile, and after that too.
const FIRST_TRY: Duration = Duration::from_secs(3);

/// Settings of the journal.
#[derive(Debug, Clone)]
pub struct JournalSettings {
    /// Its folder.
    pub directory: PathBuf,
    /// What may wait in it.
    pub quota: Quota,
    /// How long an id is remembered.
    pub dedup_window: Duration,
}

/// Settings of an ingester.
#[derive(Debug)]
pub struct Settings {
    /// Where it listens; port 0 picks one.
    pub listen: SocketAddr,
    /// The journal.
    pub journal: JournalSettings,
    /// When segments are flushed.
    pub policy: Policy,
    /// Who may send; `None` lets everybody.
    pub verifier: Option<Verifier>,
    /// Limits of receiving.
    pub limits: Limits,
    /// How visits are put into channels.
    pub channels: Channels,
    /// When the lake is looked after; `None` leaves it to others.
    pub upkeep: Option<Schedule>,
    /// The listener of dashboard, report API and metrics; `None` has none of them.
    pub dashboard: Option<DashboardSettings>,
    /// The dashboard and the report API on that listener; `None` leaves it the metrics.
    pub web: Option<web::Settings>,
}

/// Why the ingester can't start or ended badly.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The journal can't be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The lake can't be used.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The journal knows a lake at another address, and this one can't be asked whether it is that.
    #[error(
        "journal {}: knows the lake {known}, and whether {lake} is that one, moved, can't be told: \
         {source}",
        journal.display()
    )]
    Elsewhere {
        /// The journal.
        journal: PathBuf,
        /// The address that it knows.
        known: String,
        /// The address that was given.
        lake: String,
        /// Why the lake there can't be asked.
        source: Box<LakeError>,
    },
    /// Not everything could be flushed; the journal keeps it.
    #[error("{0}; unflushed events stay in the journal")]
    Flush(#[from] FlushError),
    /// The address can't be listened on.
    #[error("listen on {address}: {source}; give --{option} another address")]
    Listen {
        /// The option that names it.
        option: &'static str,
        /// The address.
        address: SocketAddr,
        /// The system's error.
        source: std::io::Error,
    },
    /// The dashboard's queries have no threads.
    #[error("starting the threads of queries: {0}")]
    Queries(std::io::Error),
    /// A thread or task could not be run.
    #[error("{0}")]
    Task(String),
}

/// A running ingester.
#[derive(Debug)]
pub struct App {
    address: SocketAddr,
    dashboard_address: Option<SocketAddr>,
    journal: Arc<Journal>,
    receiver: Arc<Receiver>,
    metrics: Arc<Metrics>,
    stop_server: watch::Sender<bool>,
    stop_worker: watch::Sender<bool>,
    servers: Vec<JoinHandle<()>>,
    worker: JoinHandle<Result<(), FlushError>>,
    upkeep: Option<std::thread::JoinHandle<()>>,
}

impl App {
    /// Starts an ingester that writes to a lake, which need not be there just now.
    ///
    /// # Errors
    /// Any [`AppError`]; `Lake` and `Flush` for what is surely a mistake.
    pub async fn start(
        settings: Settings,
        lake_config: impl Into<LakeConfig> + Send,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, AppError> {
        let lake_config = lake_config.into();
        let metrics = Arc::new(Metrics::new());
        let journal = meet(&settings, &lake_config, Arc::clone(&clock), &metrics).await?;
        let reach = Arc::new(Reach::new(Arc::clone(&metrics)));
        let right_of_way = Arc::new(RightOfWay::new(Arc::clone(&clock)));
        let receiver = Receiver::new(
            Arc::clone(&journal),
            settings.verifier,
            Arc::clone(&clock),
            Arc::clone(&metrics),
            settings.limits,
        );
        let blocks = Arc::new(Blocks::new(Arc::clone(&metrics)));
        let receiver = receiver.beside_lake(Arc::clone(&reach)).telling(Arc::clone(&blocks));
        let receiver = Arc::new(receiver);
        let (stop_server, server_stop) = watch::channel(false);
        let (stop_worker, worker_stop) = watch::channel(false);
        let (listen, limits) = (settings.listen, settings.limits);
        let webhooks = listeners::webhooks(listen, limits, &receiver, &metrics, &clock).await?;
        let mut dashboard = None;
        if let Some(DashboardSettings { listen, connections_max, gate }) = settings.dashboard {
            let start = |web| {
                let waiting = waiting(&receiver, &journal);
                let lake = LateLake::new(lake_config.clone(), Arc::clone(&reach));
                let aside = Arc::clone(&right_of_way);
                Web::start(web, gate, lake, aside, &clock, &metrics, waiting)
            };
            let web = settings.web.map(start).transpose().map_err(AppError::Queries)?;
            let at = (listen, connections_max);
            let bound = listeners::dashboard(at, limits, web, &receiver, &metrics, &clock);
            dashboard = Some(bound.await?);
        }
        let upkeep = settings.upkeep.map(|schedule| {
            let (lake_config, reach) = (lake_config.clone(), Arc::clone(&reach));
            let (clock, metrics) = (Arc::clone(&clock), Arc::clone(&metrics));
            schedule::start(lake_config, reach, schedule, clock, metrics, stop_server.subscribe())
        });
        let upkeep = upkeep.transpose().map_err(|error| AppError::Task(error.to_string()))?;
        let setup = Setup {
            journal: Arc::clone(&journal),
            policy: settings.policy,
            clock,
            metrics: Arc::clone(&metrics),
            channels: settings.channels,
            blocks,
        };
        let opening = Opening { lake_config, setup, right_of_way, reach };
        let (first_sender, first) = oneshot::channel();
        let this = Self {
            address: webhooks.address(),
            dashboard_address: dashboard.as_ref().map(Listener::address),
            journal,
            receiver,
            metrics,
            stop_server,
            stop_worker,
            servers: vec![],
            worker: tokio::spawn(opening.run(worker_stop, first_sender)),
            upkeep,
        };
        let mut this = this.unless_mistaken(first).await?;
        let listeners = [Some(webhooks), dashboard].into_iter().flatten();
        this.servers = listeners.map(|listener| listener.serve(server_stop.clone())).collect();
        Ok(this)
    }

    /// Waits a little for what comes of the first try of opening the lake; ends if that is a
    /// mistake. Whoever connects meanwhile waits too, and is answered then.
    async fn unless_mistaken(self, first: oneshot::Receiver<FlushError>) -> Result<Self, AppError> {
        match tokio::time::timeout(FIRST_TRY, first).await {
            Ok(Ok(mistake)) => {
                let journal = Arc::clone(&self.journal);
                self.stop().await?;
                let closed = tokio::task::spawn_blocking(move || journal.close()).await;
                closed.map_err(|error| AppError::Task(error.to_string()))?;
                Err(match mistake {
                    FlushError::Lake(error) => error.into(),
                    mistake => mistake.into(),
                })
            }
            // The lake is open, or will be.
            _ => Ok(self),
        }
    }

    /// Returns the address it listens on for webhooks.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the address of dashboard, report API and metrics, if they are served.
    #[must_use]
    pub fn dashboard_address(&self) -> Option<SocketAddr> {
        self.dashboard_address
    }

    /// Returns the metrics.
    #[must_use]
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Waits until everything that was acknowledged so far is in the lake.
    ///
    /// # Errors
    /// [`AppError::Task`] if the flush worker ended.
    pub async fn flush(&self) -> Result<(), AppError> {
        self.journal.seal().await;
        while self.journal.shared().n_sealed() > 0 {
            if self.worker.is_finished() {
                return Err(AppError::Task("the flush worker ended".to_owned()));
            }
            tokio::time::sleep(FLUSH_POLL).await;
        }
        Ok(())
    }

    /// Stops accepting, answers what is in flight, and commits everything to the lake.
    ///
    /// # Errors
    /// [`AppError::Flush`] if not everything could be committed.
    pub async fn stop(self) -> Result<(), AppError> {
        self.receiver.stop();
        let failed = |error: tokio::task::JoinError| AppError::Task(error.to_string());
        _ = self.stop_server.send(true);
        for server in self.servers {
            server.await.map_err(failed)?;
        }
        _ = self.stop_worker.send(true);
        if let Some(upkeep) = self.upkeep {
            let joined = tokio::task::spawn_blocking(move || upkeep.join()).await;
            joined
                .map_err(failed)?
                .map_err(|_| AppError::Task("the thread of upkeep panicked".to_owned()))?;
        }
        self.worker.await.map_err(failed)??;
        Ok(())
    }
}

/// Opens the journal of a lake, which is asked only if the journal knows another
/// address: there it may be the same lake, moved, and else nothing may wait for the other.
async fn meet(
    settings: &Settings,
    lake_config: &LakeConfig,
    clock: Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
) -> Result<Arc<Journal>, AppError> {
    let address = lake_config.location().identity();
    let standing = bond::standing(&settings.journal.directory, &address)?;
    let id = if standing.is_elsewhere {
        let reached = opening::reach(lake_config, standing.knows_lake, Otherwise::Wait).await;
        reached.map_err(|source| elsewhere(settings, lake_config, source))?.id
    } else if !standing.knows_lake {
        // Settings that no store can be set up with, or a folder that can't be made.
        lake_config.open()?;
        None
    } else {
        None
    };
    let target = Target { address: &address, id: id.as_deref(), is_anew: false };
    open_journal(&settings.journal, &target, settings.policy, clock, metrics)
}

/// Says that a lake at another address than the journal knows can't be asked.
fn elsewhere(settings: &Settings, lake_config: &LakeConfig, source: LakeError) -> AppError {
    let journal = settings.journal.directory.clone();
    let known = bond::load_address(&journal).ok().flatten().unwrap_or_default();
    match source {
        source if !source.is_transient() => source.into(),
        source => {
            let (lake, source) = (lake_config.location().to_string(), Box::new(source));
            AppError::Elsewhere { journal, known, lake, source }
        }
    }
}

/// Returns what tells the dashboard what waits.
fn waiting(receiver: &Arc<Receiver>, journal: &Arc<Journal>) -> web::Watch {
    let (receiver, journal) = (Arc::clone(receiver), Arc::clone(journal));
    Box::new(move || {
        let (receiver, journal) = (Arc::clone(&receiver), Arc::clone(&journal));
        Box::pin(async move {
            let usage = journal.usage();
            Waiting {
                n_events: usage.n_records,
                n_bytes: usage.bytes,
                age_ms: usage.age_ms,
                is_ready: receiver.refusal().await.is_none(),
            }
        })
    })
}

/// Opens the journal of the lake and starts its writer, telling what the last process left.
///
/// # Errors
/// [`AppError::Journal`] and [`AppError::Task`].
pub fn open_journal(
    settings: &JournalSettings,
    lake: &Target<'_>,
    policy: Policy,
    clock: Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
) -> Result<Arc<Journal>, AppError> {
    let options = journal::Options {
        segment_bytes_max: policy.bytes_max,
        segment_records_max: policy.rows_max.min(SEGMENT_RECORDS_MAX),
        quota: settings.quota,
        dedup_window_ms: i64::try_from(settings.dedup_window.as_millis()).unwrap_or(i64::MAX),
    };
    let (log, recovery) = journal::open(&settings.directory, *lake, options, clock.now_ms())?;
    metrics.journal_damaged_files.set(i64::try_from(recovery.damaged.len()).unwrap_or(i64::MAX));
    if recovery.n_records > 0 || recovery.torn_bytes > 0 || !recovery.damaged.is_empty() {
        tracing::info!(
            n_records = recovery.n_records,
            n_segments = recovery.sealed.len(),
            torn_bytes = recovery.torn_bytes,
            n_damaged = recovery.damaged.len(),
            "journal holds events of an earlier run"
        );
    }
    Journal::start(log, recovery.sealed, clock, metrics.journal.clone())
        .map(Arc::new)
        .map_err(|error| AppError::Task(format!("starting the journal's thread: {error}")))
}
