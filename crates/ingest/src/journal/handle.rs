//! The journal as the rest of the program holds it: records in, answers out.
//!
//! The queue to its thread is bounded: who appends waits for a place in it.

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::directory::Directory;
use super::error::{AppendError, JournalError};
use super::frame;
use super::group_commit::{Command, Group, GroupCommit, Pending};
use super::ids::Persister;
use super::log::{Log, Outcome};
use super::metrics::JournalMetrics;
use super::mutex::lock;
use super::quota::Quota;
use super::segment_state::SealedSegment;
use super::shared::Shared;
use crate::clock::Clock;
use crate::event::Record;
use crate::failpoint;

const QUEUE_RECORDS_MAX: usize = 4096;

/// Why the journal would take nothing now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Danger {
    /// A limit is reached, this one.
    Full(&'static str),
    /// The disk, or the index of ids on it, refuses.
    Failing,
}

/// The journal as the rest of the program holds it.
#[derive(Debug)]
pub struct Journal {
    commands: Mutex<Option<mpsc::Sender<Command>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    shared: Arc<Shared>,
    directory: Arc<Directory>,
    persister: Persister,
    quota: Quota,
    clock: Arc<dyn Clock>,
    opened_at: u64,
    unmet_at: u64,
    held_events: bool,
}

impl Journal {
    /// Starts the journal's thread; `sealed` are the segments that opening the journal found.
    ///
    /// # Errors
    /// The system's error if the thread can't be started.
    pub fn start(
        log: Log,
        sealed: Vec<SealedSegment>,
        clock: Arc<dyn Clock>,
        metrics: JournalMetrics,
    ) -> std::io::Result<Self> {
        let directory = Arc::clone(log.directory());
        let persister = log.persister();
        let quota = log.quota();
        let opened_at = log.last_sequence();
        let unmet_at = log.unmet_at();
        let held_events = !sealed.is_empty();
        let shared = Arc::new(Shared::default());
        for segment in sealed {
            shared.push(segment);
        }
        let (sender, receiver) = mpsc::channel(QUEUE_RECORDS_MAX);
        let group_commit = GroupCommit {
            log,
            shared: Arc::clone(&shared),
            clock: Arc::clone(&clock),
            metrics,
            runtime: Handle::try_current().ok(),
            expired_at_ms: 0,
            open_since: None,
        };
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || group_commit.run(receiver))?;
        Ok(Self {
            commands: Mutex::new(Some(sender)),
            thread: Mutex::new(Some(thread)),
            shared,
            directory,
            persister,
            quota,
            clock,
            opened_at,
            unmet_at,
            held_events,
        })
    }

    /// Makes a record durable and tells what became of it.
    ///
    /// # Errors
    /// [`AppendError`]: then the record does not count.
    pub async fn append(&self, record: Record) -> Result<Outcome, AppendError> {
        self.append_holding(record, None).await
    }

    /// Makes a record durable, and holds on to a permit until that is done, whether or not
    /// anyone still waits for the answer.
    ///
    /// # Errors
    /// [`AppendError`]: then the record does not count.
    pub async fn append_holding(
        &self,
        record: Record,
        hold: Option<OwnedSemaphorePermit>,
    ) -> Result<Outcome, AppendError> {
        check(&record)?;
        let n_bytes = record.body.len() as u64;
        self.ask(n_bytes, |reply| Command::Append(Pending { record, reply, hold })).await
    }

    /// Makes records durable together and tells what became of each, in order.
    ///
    /// # Errors
    /// [`AppendError`]: then none of them counts.
    pub async fn append_all(&self, records: Vec<Record>) -> Result<Vec<Outcome>, AppendError> {
        records.iter().try_for_each(check)?;
        let n_bytes = records.iter().map(|record| record.body.len() as u64).sum();
        self.ask(n_bytes, |reply| Command::AppendAll(Group { records, reply })).await
    }

    /// Hands a command with so many bytes of bodies to the thread and waits for its answer.
    async fn ask<T>(
        &self,
        n_bytes: u64,
        command: impl FnOnce(oneshot::Sender<Result<T, AppendError>>) -> Command,
    ) -> Result<T, AppendError> {
        let sender = lock(&self.commands).clone().ok_or(AppendError::Closed)?;
        let (reply, answer) = oneshot::channel();
        let place = sender.reserve().await.map_err(|_| AppendError::Closed)?;
        self.shared.begin_unsynced(n_bytes);
        place.send(command(reply));
        answer.await.map_err(|_| AppendError::Closed)?
    }

    /// Seals the open segment, so that it can be flushed.
    pub async fn seal(&self) {
        let Some(sender) = lock(&self.commands).clone() else { return };
        let (reply, answer) = oneshot::channel();
        if sender.send(Command::Seal(reply)).await.is_ok() {
            // The thread drops the reply only when it ends, and then it has sealed.
            let _ = answer.await;
        }
    }

    /// Takes no more records, seals what there is and waits for the thread to end.
    pub fn close(&self) {
        drop(lock(&self.commands).take());
        if let Some(thread) = lock(&self.thread).take()
            && thread.join().is_err()
        {
            tracing::error!("the journal's thread panicked");
        }
    }

    /// Returns the highest number that a segment had when the journal was opened.
    #[must_use]
    pub fn opened_at(&self) -> u64 {
        self.opened_at
    }

    /// Returns the same of the first opening since the journal met its lake: what the lake has of
    /// it can't be beyond.
    #[must_use]
    pub fn unmet_at(&self) -> u64 {
        self.unmet_at
    }

    /// Whether events waited in it when it was opened.
    #[must_use]
    pub fn held_events(&self) -> bool {
        self.held_events
    }

    /// Tells why the journal would take nothing now, if it would not; tries a failing disk again.
    pub async fn danger(&self) -> Option<Danger> {
        if self.shared.is_failing() {
            let (reply, answer) = oneshot::channel();
            let sender = lock(&self.commands).clone()?;
            if sender.send(Command::Probe(reply)).await.is_ok() {
                let _ = answer.await;
            }
        }
        if self.shared.is_failing() {
            return Some(Danger::Failing);
        }
        let usage = self.shared.usage(self.directory.root(), self.clock.now_ms());
        self.quota.exceeded(&usage).map(Danger::Full)
    }

    /// Sets the gauges that tell what waits.
    pub fn observe(&self, metrics: &JournalMetrics) {
        let gauge = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let usage = self.usage();
        metrics.segments.set(gauge(usage.n_segments as u64));
        metrics.bytes.set(gauge(usage.bytes));
        metrics.unsynced_bytes.set(gauge(self.shared.unsynced_bytes()));
        metrics.free_bytes.set(gauge(usage.free_bytes));
        metrics.bytes_max.set(gauge(self.quota.bytes_max));
        metrics.oldest_unflushed_seconds.set(usage.age_ms.max(0) / 1000);
    }

    /// Returns what waits for the lake.
    #[must_use]
    pub fn usage(&self) -> super::Usage {
        self.shared.usage(self.directory.root(), self.clock.now_ms())
    }

    /// Returns what other tasks may know.
    #[must_use]
    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Returns the journal's folder.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Removes the oldest sealed segment, which is in the lake now. Blocks on the disk.
    ///
    /// # Errors
    /// Any error of syncing the index of ids or of the disk; the segment is then flushed again.
    pub fn release(&self, segment: &SealedSegment) -> Result<(), JournalError> {
        self.persister.persist()?;
        failpoint::pass("release_after_persist");
        self.directory.store_checkpoint(segment.sequence)?;
        failpoint::pass("release_after_checkpoint");
        // The checkpoint is what counts; a file that stays is removed at the next start.
        self.shared.pop(segment.sequence);
        let now = self.clock.elapsed();
        if let Err(error) = self.directory.release_segment(segment.sequence, now) {
            tracing::warn!(%error, "removing a flushed segment failed");
        }
        failpoint::pass("release_after_remove");
        Ok(())
    }

    /// Removes files of released segments that were kept for longer than `age_max`. Blocks on the
    /// disk.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn remove_recycled_segments(&self, age_max: Duration) -> Result<(), JournalError> {
        let removed =
            self.directory.recycled_segments().remove_older(self.clock.elapsed(), age_max);
        removed.map_err(JournalError::io(self.directory.root()))
    }
}

/// Refuses a record that no frame can hold.
fn check(record: &Record) -> Result<(), AppendError> {
    let fits = frame::encoded_length(record) <= frame::PAYLOAD_BYTES_MAX;
    if fits { Ok(()) } else { Err(AppendError::TooLarge) }
}
