//! The task that flushes: segment by segment, oldest first, until it is told to stop.

mod commit;
mod finish;
mod lake;
mod place;
mod requests;
mod telling;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt as _};
use object_store::path::Path;
use tokio::sync::{mpsc, watch};
use tracing::{Instrument as _, Span};

use super::FlushError;
use super::encode::Encoded;
use super::flatteners::Flatteners;
use super::policy::{Policy, backoff};
use super::segment::{Encodings, Job, Outgoing, encode_segment, segment_name};
use super::thread::WorkThreads;
use crate::clock::Clock;
use crate::failpoint;
use crate::flatten::TABLES;
use crate::flatten::channel::Channels;
use crate::journal::{Journal, SealedSegment};
use crate::lake::table::NewFile;
use crate::lake::{DataFile, Lake, LakeTable, files};
use crate::metrics::Metrics;
use crate::priority::RightOfWay;
use crate::reach::Reach;
use crate::schema::Table;
use crate::telemetry::traces;

/// Files that are put at the same time.
const PUTS_MAX: usize = 16;
/// Encoded files that wait to be put.
const ENCODED_MAX: usize = 4;
/// How long files of released segments are kept to be written over.
const SPARE_AGE_MAX: Duration = Duration::from_secs(60);

/// A segment whose files are in the lake, but that no table names yet.
#[derive(Debug)]
struct Prepared {
    segment: SealedSegment,
    encodings: Encodings,
    written: Written,
    started: Duration,
    span: Span,
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

    /// Opens the lake's tables, creating those that are missing.
    ///
    /// # Errors
    /// [`FlushError::Lake`].
    pub async fn new(
        journal: Arc<Journal>,
        lake: Lake,
        policy: Policy,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, FlushError> {
        let mut tables = vec![];
        let mut committed = HashMap::new();
        for definition in TABLES {
            let table = lake.create_table(definition).await?;
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
        let threads = WorkThreads::start()?;
        let ends_on_error = false;
        let flatteners = Arc::new(Flatteners::new(Channels::default()));
        Ok(Self {
            journal,
            lake,
            tables,
            committed: Mutex::new(committed),
            ahead: None,
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
                }
                Ok(false) if self.is_asked().await => {}
                Ok(false) => {
                    self.remove_spares(SPARE_AGE_MAX).await;
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

    /// Flushes the oldest sealed segment; `false` if there is none.
    ///
    /// While its tables commit, which is waiting for the most part, the next one is prepared.
    ///
    /// # Errors
    /// Any [`FlushError`]; the segment stays.
    pub async fn flush_oldest(&mut self) -> Result<bool, FlushError> {
        let Some(segment) = self.journal.shared().oldest() else {
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
        done?;
        self.ahead = ahead;
        Ok(true)
    }

    /// Commits a segment's files and lets go of the segment.
    async fn commit(&self, prepared: Prepared) -> Result<(), FlushError> {
        let Prepared { segment, encodings, written, started, .. } = prepared;
        self.check_lake().await?;
        if segment.sequence <= self.journal.opened_at() {
            self.remove_leftovers(&segment, &written).await?;
        }
        self.commit_all(&segment, written).await?;
        failpoint::pass("flush_before_release");
        let Encodings { troubles, received } = encodings;
        let journal = Arc::clone(&self.journal);
        let sequence = segment.sequence;
        let n_records = segment.n_records;
        tokio::task::spawn_blocking(move || journal.release(&segment))
            .await
            .map_err(|error| FlushError::Interrupted(error.to_string()))??;
        self.report_troubles(sequence, &troubles);
        for (age_ms, n) in received.ages_ms(self.clock.now_ms()) {
            let seconds = age_ms as f64 / 1000.0;
            (0..n).for_each(|_| self.metrics.event_to_lake_seconds.observe(seconds));
        }
        let seconds = (self.clock.elapsed() - started).as_secs_f64();
        self.metrics.flushes.inc();
        self.metrics.flushed_events.inc_by(n_records);
        self.metrics.flush_seconds.observe(seconds);
        tracing::info!(sequence, n_records, seconds, "segment is in the lake");
        Ok(())
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
        failpoint::pass("flush_before_encode");
        let (sender, receiver) = mpsc::channel(ENCODED_MAX);
        let encoding = {
            let segment = segment.clone();
            let journal = Arc::clone(&self.journal);
            let flatteners = Arc::clone(&self.flatteners);
            let committed = self.committed().clone();
            let chunk_bytes = self.policy.chunk_bytes_max;
            let (cores, held) = self.place_among_others(&segment);
            self.threads.begin(cores, move || {
                let _held = held;
                let job = Job {
                    directory: journal.directory(),
                    committed: &committed,
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

    /// Puts files as they come; returns what is to be committed, by table.
    async fn put_all(
        &self,
        segment: &SealedSegment,
        mut receiver: mpsc::Receiver<Outgoing>,
    ) -> Result<Written, FlushError> {
        let mut written = Written::new();
        let mut puts = FuturesUnordered::new();
        let mut is_open = true;
        while is_open || !puts.is_empty() {
            tokio::select! {
                outgoing = receiver.recv(), if is_open && puts.len() < PUTS_MAX => match outgoing {
                    Some((table, encoded)) => puts.push(self.put(segment, table, encoded)),
                    None => is_open = false,
                },
                Some(done) = puts.next() => {
                    let (table, file) = done?;
                    written.entry(table).or_default().push(file);
                }
            }
        }
        Ok(written)
    }

    async fn put(
        &self,
        segment: &SealedSegment,
        table: &'static Table,
        encoded: Encoded,
    ) -> Result<(&'static str, NewFile), FlushError> {
        let ingester = self.journal.directory().ingester();
        let path = files::data_file(encoded.date, ingester, segment.sequence, encoded.n);
        let key = Path::from(format!("{}/{path}", table.name));
        let size = encoded.bytes.len() as u64;
        failpoint::pass("flush_before_put");
        let span = tracing::info_span!(
            target: traces::PART, "put", table = table.name, size = traces::number(size),
        );
        self.lake.put(&key, encoded.bytes, &segment_name(segment)).instrument(span).await?;
        failpoint::pass("flush_after_put");
        let n_rows = Some(encoded.n_rows as u64);
        let file = DataFile { path, date: encoded.date, size, n_rows };
        let written_at_ms = self.clock.now_ms();
        Ok((table.name, NewFile { file, stats: encoded.stats, written_at_ms }))
    }

    /// Removes files of this segment that an earlier process put and this one did not: it may
    /// have been of another version, or have been told of other chunks.
    async fn remove_leftovers(
        &self,
        segment: &SealedSegment,
        written: &Written,
    ) -> Result<(), FlushError> {
        let ingester = self.journal.directory().ingester();
        for (table, files) in written {
            let kept: Vec<&str> = files.iter().map(|new| new.file.path.as_str()).collect();
            self.lake.remove_others(table, ingester, segment.sequence, &kept).await?;
        }
        Ok(())
    }

    fn committed(&self) -> MutexGuard<'_, HashMap<&'static str, u64>> {
        // What it holds stays whole even if a holder panicked.
        self.committed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
