//! Group commit: a thread of its own that syncs whatever arrived during the previous sync.
//!
//! There is no timer. At low load one record is written and synced at once; at high load a batch
//! is as large as one sync is long. The queue in front is bounded, and so is a batch.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::{Notify, mpsc, oneshot};

use super::directory::Directory;
use super::error::JournalError;
use super::frame;
use super::ids::Persister;
use super::log::{Log, OpenState, Outcome, SealedSegment};
use crate::clock::Clock;
use crate::event::Record;
use crate::failpoint;
use crate::metrics::Metrics;

const QUEUE_RECORDS_MAX: usize = 4096;
const BATCH_RECORDS_MAX: usize = 1024;
const BATCH_BYTES_MAX: usize = 8 << 20;
/// Old ids are forgotten about this often.
const EXPIRE_MS: i64 = 600_000;

/// Why an append was not acknowledged; an outsider learns no more than this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The journal holds as much as it may.
    #[error("journal is full")]
    Full,
    /// The disk refused.
    #[error("journal can't be written")]
    Failed,
    /// The journal is closing.
    #[error("journal is closed")]
    Closed,
    /// The record is larger than a frame can be.
    #[error("body is too large for the journal")]
    TooLarge,
}

enum Command {
    Append(Record, oneshot::Sender<Result<Outcome, AppendError>>),
    Seal(oneshot::Sender<()>),
}

/// Facts about the journal that other tasks read.
#[derive(Debug, Default)]
pub struct Shared {
    sealed: Mutex<VecDeque<SealedSegment>>,
    sealed_bytes: AtomicU64,
    open: Mutex<OpenState>,
    /// Wakes the flush worker when a segment is sealed.
    pub sealed_notify: Notify,
}

/// The journal as the rest of the program holds it.
#[derive(Debug)]
pub struct Journal {
    commands: Mutex<Option<mpsc::Sender<Command>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    shared: Arc<Shared>,
    directory: Arc<Directory>,
    persister: Persister,
    bytes_max: u64,
    opened_at: u64,
}

impl Journal {
    /// Starts the writer thread; `sealed` are the segments that opening the journal found.
    ///
    /// # Errors
    /// The system's error if the thread can't be started.
    pub fn start(
        log: Log,
        sealed: Vec<SealedSegment>,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> std::io::Result<Self> {
        let directory = Arc::clone(log.directory());
        let persister = log.persister();
        let bytes_max = log.bytes_max();
        let opened_at = log.last_sequence();
        let shared = Arc::new(Shared::default());
        for segment in sealed {
            shared.push(segment);
        }
        let (sender, receiver) = mpsc::channel(QUEUE_RECORDS_MAX);
        let writer = Writer { log, shared: Arc::clone(&shared), clock, metrics, expired_at_ms: 0 };
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer.run(receiver))?;
        Ok(Self {
            commands: Mutex::new(Some(sender)),
            thread: Mutex::new(Some(thread)),
            shared,
            directory,
            persister,
            bytes_max,
            opened_at,
        })
    }

    /// Makes a record durable and tells what became of it.
    ///
    /// # Errors
    /// [`AppendError`]: then the record does not count.
    pub async fn append(&self, record: Record) -> Result<Outcome, AppendError> {
        if frame::encoded_length(&record) > frame::PAYLOAD_BYTES_MAX {
            return Err(AppendError::TooLarge);
        }
        let sender = lock(&self.commands).clone().ok_or(AppendError::Closed)?;
        let (reply, answer) = oneshot::channel();
        sender.send(Command::Append(record, reply)).await.map_err(|_| AppendError::Closed)?;
        answer.await.map_err(|_| AppendError::Closed)?
    }

    /// Seals the open segment, so that it can be flushed.
    pub async fn seal(&self) {
        let Some(sender) = lock(&self.commands).clone() else { return };
        let (reply, answer) = oneshot::channel();
        if sender.send(Command::Seal(reply)).await.is_ok() {
            // The writer drops the reply only when it ends, and then it has sealed.
            let _ = answer.await;
        }
    }

    /// Takes no more records, seals what there is and waits for the writer thread to end.
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

    /// Tells whether the journal holds as much as it may.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let bytes = self.shared.sealed_bytes() + self.shared.open_state().bytes;
        bytes >= self.bytes_max
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
        if let Err(error) = self.directory.remove_segment(segment.sequence) {
            tracing::warn!(%error, "removing a flushed segment failed");
        }
        failpoint::pass("release_after_remove");
        Ok(())
    }
}

impl Shared {
    /// Returns the oldest segment that waits for the lake.
    #[must_use]
    pub fn oldest(&self) -> Option<SealedSegment> {
        lock(&self.sealed).front().cloned()
    }

    /// Returns how many segments wait.
    #[must_use]
    pub fn n_sealed(&self) -> usize {
        lock(&self.sealed).len()
    }

    /// Returns the bytes of the segments that wait.
    #[must_use]
    pub fn sealed_bytes(&self) -> u64 {
        self.sealed_bytes.load(Ordering::Acquire)
    }

    /// Returns how full the open segment is.
    #[must_use]
    pub fn open_state(&self) -> OpenState {
        *lock(&self.open)
    }

    fn push(&self, segment: SealedSegment) {
        self.sealed_bytes.fetch_add(segment.length, Ordering::AcqRel);
        lock(&self.sealed).push_back(segment);
        self.sealed_notify.notify_one();
    }

    fn pop(&self, sequence: u64) {
        let mut sealed = lock(&self.sealed);
        if let Some(segment) = sealed.pop_front_if(|front| front.sequence == sequence) {
            self.sealed_bytes.fetch_sub(segment.length, Ordering::AcqRel);
        }
    }
}

/// The writer thread's state.
struct Writer {
    log: Log,
    shared: Arc<Shared>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    expired_at_ms: i64,
}

impl Writer {
    fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut records = Vec::with_capacity(BATCH_RECORDS_MAX);
        let mut replies = Vec::with_capacity(BATCH_RECORDS_MAX);
        while let Some(command) = commands.blocking_recv() {
            let mut next = Some(command);
            let mut seals = vec![];
            let mut bytes = 0;
            while let Some(command) = next.take() {
                match command {
                    Command::Append(record, reply) => {
                        bytes += record.body.len();
                        records.push(record);
                        replies.push(reply);
                    }
                    Command::Seal(reply) => seals.push(reply),
                }
                if records.len() < BATCH_RECORDS_MAX && bytes < BATCH_BYTES_MAX {
                    next = commands.try_recv().ok();
                }
            }
            self.commit(&mut records, &mut replies);
            if !seals.is_empty() {
                self.seal();
                seals.drain(..).for_each(|reply| _ = reply.send(()));
            }
        }
        self.seal();
        if let Err(error) = self.log.close() {
            tracing::error!(%error, "closing the journal failed");
        }
    }

    fn commit(
        &mut self,
        records: &mut Vec<Record>,
        replies: &mut Vec<oneshot::Sender<Result<Outcome, AppendError>>>,
    ) {
        if records.is_empty() {
            return;
        }
        let started = self.clock.elapsed();
        let now_ms = self.clock.now_ms();
        let (result, sealed) = self.log.append(records, self.shared.sealed_bytes(), now_ms);
        let seconds = (self.clock.elapsed() - started).as_secs_f64();
        self.metrics.journal_append_seconds.observe(seconds);
        self.metrics.journal_batch_records.observe(records.len() as f64);
        match result {
            Ok(outcomes) => {
                for (reply, outcome) in replies.drain(..).zip(outcomes) {
                    _ = reply.send(Ok(outcome));
                }
            }
            Err(error) => {
                self.metrics.journal_errors.inc();
                tracing::error!(%error, n_records = records.len(), "journal refused a batch");
                let answer = match error {
                    JournalError::Full { .. } => AppendError::Full,
                    _ => AppendError::Failed,
                };
                replies.drain(..).for_each(|reply| _ = reply.send(Err(answer)));
            }
        }
        records.clear();
        self.publish(sealed);
        if now_ms - self.expired_at_ms > EXPIRE_MS {
            self.expired_at_ms = now_ms;
            if let Err(error) = self.log.expire(now_ms) {
                tracing::warn!(%error, "forgetting old ids failed");
            }
        }
    }

    fn seal(&mut self) {
        let sealed = self.log.seal();
        failpoint::pass("journal_after_seal");
        self.publish(sealed);
    }

    fn publish(&self, sealed: Option<SealedSegment>) {
        *lock(&self.shared.open) = self.log.open_state();
        if let Some(segment) = sealed {
            self.shared.push(segment);
        }
    }
}

/// Locks a mutex whose guarded value stays whole even if a holder panicked.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
