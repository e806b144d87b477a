//! Opening the lake for a journal: is it there, is it the one that the journal knows, and what of
//! the journal's events does it have?
//!
//! ```text
//! folder there? ─▶ mark or tables there? ─▶ writable, exclusive? ─▶ tables ─▶ identity ─▶ journal
//!  no: gone         no: gone                                                  another: see below
//! ```
//!
//! A lake that the journal has brought events to is never made anew in silence: where nothing of
//! it is left, a disk may just not be mounted. And what waits for one lake never goes into another
//! that stands in its place, unless someone says so.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use super::FlushError;
use super::policy::{Policy, backoff};
use super::worker::Worker;
use crate::blocks::Blocks;
use crate::metrics::Metrics;
use crate::priority::RightOfWay;
use crate::reach::{Reach, Trouble};
use tributary_ingest::clock::Clock;
use tributary_ingest::flatten::channel::Channels;
use tributary_ingest::journal::Journal;
use tributary_ingest::journal::bond::{Met, Settled};
use tributary_lake::{Lake, LakeConfig, LakeError};

/// How long opening may take at first before it is begun again.
const OPEN_MAX: Duration = Duration::from_secs(60);
/// How often that is doubled.
const OPEN_DOUBLINGS_MAX: u32 = 4;
/// How long it may take once the process is to end.
const LAST_OPEN_MAX: Duration = Duration::from_secs(10);

/// What becomes of a lake that is not there any more, or is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Otherwise {
    /// It is waited for.
    Wait,
    /// Another one is made or taken, as far as nothing waits for the one that is gone.
    TakeIfNothingWaits,
    /// Another one is made or taken: someone has said so.
    Take,
}

/// A lake that was reached; not all of its tables need be there.
#[derive(Debug)]
pub struct Reached {
    /// The lake.
    pub lake: Lake,
    /// Its identity, if it has one.
    pub id: Option<String>,
    /// Whether nothing of a lake was there.
    pub is_vacant: bool,
}

/// What it takes to flush.
#[derive(Debug, Clone)]
pub struct Setup {
    /// What is flushed.
    pub journal: Arc<Journal>,
    /// When it is.
    pub policy: Policy,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What is told.
    pub metrics: Arc<Metrics>,
    /// How visits are put into channels.
    pub channels: Channels,
    /// What is told which tables can't be written.
    pub blocks: Arc<Blocks>,
}

/// Reaches a lake and checks that it can be written; `is_known` says that there was one.
///
/// # Errors
/// [`LakeError::Gone`] if there was one and nothing of it is left, unless another may be made;
/// else as [`LakeConfig::open`] and [`Lake::probe`].
pub async fn reach(
    lake_config: &LakeConfig,
    is_known: bool,
    otherwise: Otherwise,
) -> Result<Reached, LakeError> {
    let must_be_there = is_known && otherwise == Otherwise::Wait;
    let lake = if must_be_there { lake_config.open_again()? } else { lake_config.open()? };
    let is_vacant = lake.is_vacant().await?;
    if is_vacant && must_be_there {
        return Err(LakeError::Gone { location: lake_config.location().identity() });
    }
    lake.probe().await?;
    let id = lake.id().await?;
    Ok(Reached { lake, id, is_vacant })
}

impl Setup {
    /// Opens the tables of a lake that was reached, and settles with the journal what it has;
    /// `has_waited` says that it could not be opened before.
    ///
    /// # Errors
    /// [`LakeError::Another`] if events wait for the lake that was there, unless it may be
    /// another; else as [`Worker::new`].
    pub async fn open(
        self,
        reached: Reached,
        otherwise: Otherwise,
        has_waited: bool,
    ) -> Result<Worker, FlushError> {
        let Reached { lake, id, is_vacant } = reached;
        let Self { journal, policy, clock, metrics, channels, blocks } = self;
        let location = lake.location().identity();
        let is_another = journal.directory().is_another(id.as_deref());
        // What was taken while a lake was waited for was taken for that one.
        let holds_events = journal.held_events() || (has_waited && journal.usage().n_records > 0);
        if is_another && holds_events && otherwise != Otherwise::Take {
            return Err(LakeError::Another { location }.into());
        }
        let claimed = lake.clone();
        let worker =
            Worker::new(Arc::clone(&journal), lake, policy, clock, metrics, blocks).await?;
        let id = claimed.claim().await?;
        if is_vacant {
            tracing::info!(lake = %location, "made a new, empty lake");
        }
        let committed = worker.last_committed();
        let is_anew = otherwise == Otherwise::Take;
        let settled = {
            let id = id.clone();
            tokio::task::spawn_blocking(move || {
                journal.directory().settle(&Met { id: &id, committed, is_anew })
            })
        };
        let settled =
            settled.await.map_err(|error| FlushError::Interrupted(error.to_string()))??;
        tell(settled, &location);
        Ok(worker.of_lake(id).with_channels(channels))
    }
}

/// Ends when the process is to end.
async fn is_over(stop: &mut watch::Receiver<bool>) {
    // Whoever would tell being gone is being told.
    _ = stop.wait_for(|stop| *stop).await;
}

/// Says what the operator would not expect of a lake.
fn tell(settled: Settled, lake: &str) {
    match settled {
        Settled::Same => {}
        Settled::Another => tracing::warn!(
            lake,
            "another lake than before; ids of events in that one are not known any more"
        ),
        Settled::Behind { first, last } => tracing::warn!(
            lake,
            first,
            last,
            "the lake does not have segments that were brought to it, as after restoring a \
             backup; their events are taken when they are sent or imported again"
        ),
    }
}

/// Opens the lake beside a running listener, as often as it takes, and flushes.
#[derive(Debug)]
pub struct Opening {
    /// Where the lake is.
    pub lake_config: LakeConfig,
    /// What it takes to flush.
    pub setup: Setup,
    /// What is taken while it works, beside webhooks and queries.
    pub right_of_way: Arc<RightOfWay>,
    /// Who is told.
    pub reach: Arc<Reach>,
}

impl Opening {
    /// Opens the lake and flushes until `stop` turns true, then flushes what is left.
    ///
    /// `first` learns what came of the first try: nothing if the lake is open or is tried again,
    /// else a mistake that no waiting mends. If nobody listens any more, that is tried again too.
    ///
    /// # Errors
    /// The error of the last try if events wait; they stay in the journal.
    pub async fn run(
        self,
        mut stop: watch::Receiver<bool>,
        first: oneshot::Sender<FlushError>,
    ) -> Result<(), FlushError> {
        let mut first = Some(first);
        let mut n_failures = 0;
        let worker = loop {
            let opened = tokio::select! {
                opened = self.open(n_failures) => opened,
                () = is_over(&mut stop) => return self.end().await,
            };
            let mut error = match opened {
                Ok(worker) => break worker,
                Err(error) => error,
            };
            if let Some(first) = first.take().filter(|_| self.is_mistake(&error)) {
                match first.send(error) {
                    Ok(()) => return Ok(()),
                    Err(unheard) => error = unheard,
                }
            }
            n_failures += 1;
            self.report(&error, n_failures);
            tokio::select! {
                () = tokio::time::sleep(backoff(n_failures)) => {}
                () = is_over(&mut stop) => return self.end().await,
            }
        };
        drop(first);
        worker.run(stop).await
    }

    /// Flushes what waits if the lake can be opened at the last moment.
    async fn end(self) -> Result<(), FlushError> {
        let journal = Arc::clone(&self.setup.journal);
        let closed = tokio::task::spawn_blocking(move || journal.close()).await;
        closed.map_err(|error| FlushError::Interrupted(error.to_string()))?;
        if self.setup.journal.shared().n_sealed() == 0 {
            return Ok(());
        }
        self.open_within(LAST_OPEN_MAX, true).await?.finish().await
    }

    /// Opens the lake; each time that failed lets the next take longer, so that a slow store is
    /// opened in the end.
    async fn open(&self, n_failures: u32) -> Result<Worker, FlushError> {
        let time_max = OPEN_MAX * 2_u32.pow(n_failures.min(OPEN_DOUBLINGS_MAX));
        self.open_within(time_max, n_failures > 0).await
    }

    async fn open_within(
        &self,
        time_max: Duration,
        has_waited: bool,
    ) -> Result<Worker, FlushError> {
        let opening = async {
            let is_known = self.setup.journal.directory().knows_lake()?;
            let reached = reach(&self.lake_config, is_known, Otherwise::Wait).await?;
            self.setup.clone().open(reached, Otherwise::Wait, has_waited).await
        };
        let opened = tokio::time::timeout(time_max, opening).await;
        let worker = opened.unwrap_or_else(|_| {
            let location = self.lake_config.location().to_string();
            Err(LakeError::Slow { location, seconds: time_max.as_secs() }.into())
        })?;
        self.reach.found();
        let right_of_way = Arc::clone(&self.right_of_way);
        Ok(worker.beside_others(right_of_way).telling(Arc::clone(&self.reach)))
    }

    /// Tells whether it is a mistake that waiting does not mend, so that starting fails: what a
    /// store or a disk that comes back may bring is none, unless this is the first start.
    fn is_mistake(&self, error: &FlushError) -> bool {
        let is_folder = self.lake_config.location().folder().is_some();
        // A journal that can't be read says so elsewhere.
        let is_known = self.setup.journal.directory().knows_lake().unwrap_or(true);
        match error {
            FlushError::OldJournal { .. } => true,
            FlushError::Lake(LakeError::Gone { .. } | LakeError::Another { .. }) => false,
            FlushError::Lake(error) if error.is_transient() => is_folder && !is_known,
            FlushError::Lake(LakeError::Location { .. }) => !is_known,
            FlushError::Lake(_) => true,
            _ => false,
        }
    }

    fn report(&self, error: &FlushError, n_failures: u32) {
        self.setup.metrics.flush_errors.inc();
        self.reach.lost(error.trouble().unwrap_or(Trouble::Unusable));
        let pause_seconds = backoff(n_failures).as_secs();
        if error.is_transient() {
            tracing::warn!(
                %error, n_failures, pause_seconds,
                "the lake can't be reached and is tried again; webhooks wait in the journal"
            );
        } else {
            tracing::error!(
                %error, n_failures, pause_seconds,
                "the lake can't be written and needs someone to look at it; webhooks wait in the \
                 journal"
            );
        }
    }
}
