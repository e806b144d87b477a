//! The task that flushes: segment by segment, oldest first, until it is told to stop.

mod commit;
mod finish;
mod held;
mod lake;
mod progress;
mod put;
mod requests;
mod scheduling;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tracing::{Instrument as _, Span};

use super::FlushError;
use super::flatteners::Flatteners;
use super::policy::{Policy, backoff};
use super::segment::{Encodings, Job, encode_segment};
use super::thread::WorkThreads;
use crate::blocks::Blocks;
use crate::metrics::Metrics;
use crate::priority::RightOfWay;
use crate::reach::Reach;
use crate::telemetry::traces;
use tributary_ingest::clock::Clock;
use tributary_ingest::failpoint;
use tributary_ingest::flatten::channel::Channels;
use tributary_ingest::flatten::{TABLES, raw_events};
use tributary_ingest::journal::{Journal, SealedSegment};
use tributary_lake::table::NewFile;
use tributary_lake::{Lake, LakeTable};

use held::Held;

/// Encoded files that wait to be put.
const ENCODED_MAX: usize = 4;
/// How long files of released segments are kept to be written over.
const RECYCLED_AGE_MAX: Duration = Duration::from_secs(60);

/// A segment whose files are in the lake, but that no table names yet.
#[derive(Debug)]
struct Prepared {
    segment: SealedSegment,
    encodings: Encodings,
    written: Written,
    started: Duration,
    span: Span,
}

/// What became of a segment.
enum After {
    /// It is in the lake and gone from the journal.
    Released,
    /// It stays: a table that can't be written has rows of it, or of one before it.
    Passed { is_marked: bool },
}

/// Files by table.
type Written = HashMap<&'static str, Vec<NewFile>>;

/// Flushes the journal's segments into the lake.
#[derive(Debug)]
pub struct Worker {
    journal: Arc<Journal>,
    lake: Lake,
    tables: Vec<LakeTable>,
    /// The last segment of ours that each table names.
    committed: Mutex<HashMap<&'static str, u64>>,
    /// The segment after the last that was flushed, if its files are in the lake already.
    ahead: Option<Prepared>,
    /// The tables that can't be written.
    blocks: Arc<Blocks>,
    held: Held,
    policy: Policy,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    flatteners: Arc<Flatteners>,
    threads: WorkThreads,
    /// What it takes while it works, beside webhooks and queries.
    right_of_way: Option<Arc<RightOfWay>>,
    ends_on_error: bool,
    /// The lake's identity, which is looked at before it is written.
    lake_id: Option<String>,
    /// Who is told whether the lake can be reached.
    reach: Option<Arc<Reach>>,
    /// Requests to flush that were seen, for which everything is sealed.
    asked: Vec<PathBuf>,
    /// Requests that could not be removed.
    stuck: HashSet<PathBuf>,
}

impl Worker {
    /// Makes it end at an error that does not mend itself, instead of waiting for someone.
    #[must_use]
    pub fn ending_on_error(self) -> Self {
        Self { ends_on_error: true, ..self }
    }

    /// Makes it leave a core to webhooks, and take the right of way from queries, while events come
    /// so fast that they fill segments.
    #[must_use]
    pub fn beside_others(self, right_of_way: Arc<RightOfWay>) -> Self {
        Self { right_of_way: Some(right_of_way), ..self }
    }

    /// Puts visits into these channels instead of the usual ones.
    #[must_use]
    pub fn with_channels(self, channels: Channels) -> Self {
        Self { flatteners: Arc::new(Flatteners::new(channels)), ..self }
    }

    /// Opens the lake's tables, creating those that are missing; `blocks` is told which of them
    /// can't be written.
    ///
    /// # Errors
    /// [`FlushError::Lake`].
    pub async fn new(
        journal: Arc<Journal>,
        lake: Lake,
        policy: Policy,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        blocks: Arc<Blocks>,
    ) -> Result<Self, FlushError> {
        let mut tables = vec![];
        let mut committed = HashMap::new();
        for definition in TABLES {
            let (table, block) = lake.open_table(definition).await?;
            match block {
                Some(block) => blocks.add(definition.name, block.to_string()),
                None => blocks.remove(definition.name),
            }
            if let Some(sequence) = table.committed(journal.directory().ingester()).await? {
                if sequence > journal.unmet_at() {
                    let root = journal.directory().root().to_owned();
                    return Err(FlushError::OldJournal { root, sequence });
                }
                committed.insert(definition.name, sequence);
            }
            tables.push(table);
        }
        journal.directory().confirm()?;
        let is_marked = lake.is_behind(journal.directory().ingester()).await?;
        // What the table of bodies has, others may lack.
        let last = committed.get(raw_events::TABLE.name).copied().unwrap_or(0);
        let held = Held::new(is_marked.then_some(last));
        let threads = WorkThreads::start()?;
        let ends_on_error = false;
        let flatteners = Arc::new(Flatteners::new(Channels::default()));
        Ok(Self {
            journal,
            lake,
            tables,
            committed: Mutex::new(committed),
            ahead: None,
            blocks,
            held,
            policy,
            clock,
            metrics,
            flatteners,
            threads,
            right_of_way: None,
            ends_on_error,
            lake_id: None,
            reach: None,
            asked: vec![],
            stuck: HashSet::new(),
        })
    }

    /// Flushes until `stop` turns true, then flushes what is left.
    ///
    /// # Errors
    /// The error of the last flush, if it could not be done; its events stay in the journal.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) -> Result<(), FlushError> {
        let mut n_failures = 0;
        while !*stop.borrow() {
            let is_bounded = self.reach.is_some();
            let overdue = finish::overdue(stop.clone(), is_bounded);
            let flushed = tokio::select! {
                flushed = self.flush_oldest() => flushed,
                () = overdue => return self.give_up().await,
            };
            match flushed {
                Ok(true) => {
                    n_failures = 0;
                    self.note_found();
                    if self.ends_on_error {
                        self.check_held()?;
                    }
                }
                // Who asked is answered when nothing waits any more.
                Ok(false) if self.held.passed == 0 && self.is_asked().await => {}
                Ok(false) => {
                    self.remove_recycled_segments(RECYCLED_AGE_MAX).await;
                    self.wait(&mut stop).await;
                }
                Err(error) if self.ends_on_error && !error.is_transient() => return Err(error),
                Err(error) => {
                    n_failures += 1;
                    self.report(&error, n_failures);
                    let pause = tokio::time::sleep(backoff(n_failures));
                    tokio::select! { () = pause => {}, _ = stop.changed() => {} }
                }
            }
        }
        self.finish().await
    }

    /// Flushes the oldest sealed segment that was not passed; `false` if there is none.
    ///
    /// While its tables commit, which is waiting for the most part, the next one is prepared.
    ///
    /// # Errors
    /// Any [`FlushError`]; the segment stays.
    pub async fn flush_oldest(&mut self) -> Result<bool, FlushError> {
        self.retry_blocked().await;
        let Some(segment) = self.journal.shared().next_after(self.held.passed) else {
            self.unmark(u64::MAX).await;
            return Ok(false);
        };
        let sequence = segment.sequence;
        let ahead = self.ahead.take().filter(|ahead| ahead.segment.sequence == sequence);
        let prepared = match ahead {
            Some(prepared) => prepared,
            None => self.prepare(segment).await?,
        };
        let next = async {
            // Nothing is lost with an error: the segment is prepared again when it is its turn.
            match self.journal.shared().next_after(sequence) {
                Some(segment) => self.prepare(segment).await.ok(),
                None => None,
            }
        };
        let span = prepared.span.clone();
        let (done, ahead) = tokio::join!(self.commit(prepared).instrument(span), next);
        match done? {
            After::Released => self.unmark(sequence).await,
            After::Passed { is_marked } => {
                self.held.passed = sequence;
                if is_marked {
                    self.held.marked = Some(sequence);
                }
            }
        }
        self.ahead = ahead;
        Ok(true)
    }

    /// Commits a segment's files and lets go of the segment, if all its tables have it and those
    /// before it are gone.
    async fn commit(&self, prepared: Prepared) -> Result<After, FlushError> {
        let Prepared { segment, encodings, written, started, .. } = prepared;
        self.check_lake().await?;
        if segment.sequence <= self.journal.opened_at() {
            self.remove_leftovers(&segment, &written).await?;
        }
        let Encodings { dead_letters, received, held } = encodings;
        let rest = self.commit_all(&segment, written, !held.is_empty()).await?;
        if rest.is_held || self.held.passed > 0 {
            return Ok(After::Passed { is_marked: rest.is_marked });
        }
        failpoint::pass("flush_before_release");
        let journal = Arc::clone(&self.journal);
        let sequence = segment.sequence;
        let n_records = segment.n_records;
        tokio::task::spawn_blocking(move || journal.release(&segment))
            .await
            .map_err(|error| FlushError::Interrupted(error.to_string()))??;
        self.report_dead_letters(sequence, &dead_letters);
        for (age_ms, n) in received.ages_ms(self.clock.now_ms()) {
            let seconds = age_ms as f64 / 1000.0;
            (0..n).for_each(|_| self.metrics.event_to_lake_seconds.observe(seconds));
        }
        let seconds = (self.clock.elapsed() - started).as_secs_f64();
        self.metrics.flushes.inc();
        self.metrics.flushed_events.inc_by(n_records);
        self.metrics.flush_seconds.observe(seconds);
        tracing::info!(sequence, n_records, seconds, "segment is in the lake");
        Ok(After::Released)
    }

    /// Waits for a sealed segment, or until the open one is due, which is then sealed.
    async fn wait(&self, stop: &mut watch::Receiver<bool>) {
        let open = self.journal.shared().open_state();
        let due = self.policy.due_in(open, self.clock.elapsed());
        if due == Some(Duration::ZERO) {
            self.journal.seal().await;
            return;
        }
        let pause = due.map_or(self.policy.interval, |due| due.min(self.policy.interval));
        let pause = pause.clamp(Duration::from_millis(5), Duration::from_secs(1));
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = self.journal.shared().sealed_notify.notified() => {}
            _ = stop.changed() => {}
        }
    }

    /// Writes a segment's files, which nobody sees as the table's before they are committed.
    async fn prepare(&self, segment: SealedSegment) -> Result<Prepared, FlushError> {
        let sequence = traces::number(segment.sequence);
        let n_records = traces::number(segment.n_records);
        let span = tracing::info_span!(target: traces::PART, "flush", sequence, n_records);
        self.write_files(segment, span.clone()).instrument(span).await
    }

    async fn write_files(
        &self,
        segment: SealedSegment,
        span: Span,
    ) -> Result<Prepared, FlushError> {
        let started = self.clock.elapsed();
        self.check_lake().await?;
        self.check_there().await?;
        failpoint::pass("flush_before_encode");
        let (sender, receiver) = mpsc::channel(ENCODED_MAX);
        let encoding = {
            let segment = segment.clone();
            let journal = Arc::clone(&self.journal);
            let flatteners = Arc::clone(&self.flatteners);
            let committed = self.committed().clone();
            let blocked = self.blocks.names();
            let chunk_bytes = self.policy.chunk_bytes_max;
            let (cores, held) = self.schedule(&segment);
            self.threads.begin(cores, move || {
                let _held = held;
                let job = Job {
                    directory: journal.directory(),
                    committed: &committed,
                    blocked: &blocked,
                    flatteners: &flatteners,
                    chunk_bytes,
                    sender: &sender,
                };
                encode_segment(&segment, &job)
            })
        };
        let written = self.put_all(&segment, receiver).await;
        let encoded = encoding.await;
        // An encoder that found its receiver gone says less than what stopped the receiver.
        let written = written?;
        let encoded = encoded??;
        Ok(Prepared { segment, encodings: encoded, written, started, span })
    }

    fn committed(&self) -> MutexGuard<'_, HashMap<&'static str, u64>> {
        // What it holds stays whole even if a holder panicked.
        self.committed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
