//! Upkeep beside a running ingester: on a thread of its own, with less priority than anything
//! that answers webhooks.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::watch;
use tracing::Instrument as _;

use super::{Rules, day_of, elect, run, sweep, tables};
use crate::metrics::Metrics;
use crate::priority;
use crate::reach::Reach;
use crate::telemetry::traces;
use tributary_ingest::clock::Clock;
use tributary_lake::sweep::SweepOptions;
use tributary_lake::{Lake, LakeConfig, LakeError, LakeTable};

/// The threads of upkeep step back by so much, as `nice` counts it.
const NICE: i32 = 10;
/// How often the clock is looked at.
const POLL: Duration = Duration::from_secs(1);
/// How long a round that is under way may take to end before it is left half done.
const STOP_WAIT: Duration = Duration::from_secs(10);

/// When upkeep is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// Time between two rounds, whoever does them.
    pub interval: Duration,
    /// What a round does; days that may still get events are left out.
    pub rules: Rules,
}

/// What a round needs.
struct Maintainer {
    lake_config: LakeConfig,
    reach: Arc<Reach>,
    schedule: Schedule,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
}

/// Starts the thread, which begins when the lake was reached; it ends soon after `stop` turns true. A round that takes longer is left half
/// done, which harms nobody.
///
/// # Errors
/// The system's, if there can be no thread.
pub fn start(
    lake_config: LakeConfig,
    reach: Arc<Reach>,
    schedule: Schedule,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    mut stop: watch::Receiver<bool>,
) -> std::io::Result<thread::JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("upkeep")
        .on_thread_start(|| priority::step_back(NICE))
        .enable_all()
        .build()?;
    let maintainer = Maintainer { lake_config, reach, schedule, clock, metrics };
    thread::Builder::new().name("upkeep".to_owned()).spawn(move || {
        priority::step_back(NICE);
        runtime.block_on(async {
            let mut is_over = stop.clone();
            let patience = async {
                _ = is_over.wait_for(|stop| *stop).await;
                tokio::time::sleep(STOP_WAIT).await;
            };
            tokio::select! {
                () = maintainer.keep(&mut stop) => {}
                () = patience => {}
            }
        });
        runtime.shutdown_background();
    })
}

impl Maintainer {
    /// Does round after round, until `stop` turns true.
    async fn keep(&self, stop: &mut watch::Receiver<bool>) {
        let Schedule { interval, rules } = self.schedule;
        let mut next_round = self.clock.elapsed() + interval;
        tokio::select! {
            () = self.reach.opened() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        let mut next_sweep = None;
        while !*stop.borrow() {
            let now = self.clock.elapsed();
            if now >= next_round {
                next_round = now + interval;
                let span = tracing::info_span!(target: traces::PART, "upkeep");
                let done = self.round().instrument(span).await;
                if !matches!(done, Ok(false)) {
                    next_sweep = Some(self.clock.elapsed() + rules.grace);
                }
                if let Err(error) = done {
                    self.report(&error);
                }
            } else if next_sweep.is_some_and(|at| now >= at) {
                next_sweep = None;
                if let Err(error) = self.sweep_late().await {
                    self.report(&error);
                }
            }
            tokio::select! {
                () = tokio::time::sleep(POLL.min(interval)) => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// Does a round, unless another process does; tells whether it did.
    async fn round(&self) -> Result<bool, LakeError> {
        let now_ms = self.clock.now_ms();
        let Some(lake) = self.lake()? else { return Ok(false) };
        // A program that may rewrite no table leaves the round to others.
        let (tables, blocked) = tables(&lake).await?;
        if tables.is_empty() && !blocked.is_empty() {
            blocked.iter().for_each(|error| self.report(error));
            return Ok(false);
        }
        if !elect(&lake, self.schedule.interval, now_ms).await? {
            return Ok(false);
        }
        self.sweep(&lake, &tables).await?;
        let today = day_of(now_ms);
        let rules = Rules { to: Some(today), ..self.schedule.rules };
        let (done, errors) = run(&lake, &tables, &rules, now_ms, |_| {}).await;
        blocked.iter().chain(&errors).for_each(|error| self.report(error));
        let compacted = done.compacted;
        if errors.is_empty() {
            self.metrics.compactions.inc();
        }
        self.metrics.compacted_files.inc_by(compacted.n_files_before as u64);
        self.metrics.compacted_rows_dropped.inc_by(compacted.n_rows_dropped);
        if compacted.n_partitions > 0 {
            tracing::info!(
                n_partitions = compacted.n_partitions,
                n_files_before = compacted.n_files_before,
                n_files_after = compacted.n_files_after,
                n_rows_dropped = compacted.n_rows_dropped,
                "lake is compacted"
            );
        }
        Ok(true)
    }

    /// Removes what the round before replaced.
    async fn sweep_late(&self) -> Result<(), LakeError> {
        let Some(lake) = self.lake()? else { return Ok(()) };
        self.sweep(&lake, &tables(&lake).await?.0).await
    }

    /// Opens the lake, unless it can't be written just now.
    fn lake(&self) -> Result<Option<Lake>, LakeError> {
        if self.reach.trouble().is_some() {
            return Ok(None);
        }
        self.lake_config.open_again().map(Some)
    }

    async fn sweep(&self, lake: &Lake, tables: &[LakeTable]) -> Result<(), LakeError> {
        let options = SweepOptions::new(self.clock.now_ms(), self.schedule.rules.grace);
        let n_files = sweep(lake, tables, options).await?.n_removed;
        if n_files > 0 {
            tracing::info!(n_files, "replaced files are removed");
        }
        Ok(())
    }

    fn report(&self, error: &LakeError) {
        self.metrics.compaction_errors.inc();
        if error.is_transient() {
            tracing::warn!(%error, "upkeep failed and is tried again");
        } else {
            tracing::error!(%error, "upkeep failed and needs someone to look at it");
        }
    }
}
