//! Group commit: a thread of its own that syncs whatever arrived during the previous sync.
//!
//! There is no timer. At low load one record is written and synced at once; at high load a batch
//! is as large as one sync is long. The queue in front is bounded, and so is a batch.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::error::{AppendError, JournalError};
use super::log::{Log, Outcome};
use super::metrics::JournalMetrics;
use super::segment_state::{OpenState, SealedSegment};
use super::shared::Shared;
use crate::clock::Clock;
use crate::event::Record;
use crate::failpoint;

const BATCH_RECORDS_MAX: usize = 1024;
const BATCH_BYTES_MAX: usize = 8 << 20;
/// Up to so many are answered one by one.
const ANSWERS_MIN: usize = 4;
/// Old ids are forgotten about this often.
const EXPIRE_MS: i64 = 600_000;

/// A record on its way, and who waits for it.
pub(super) struct Pending {
    pub(super) record: Record,
    pub(super) reply: oneshot::Sender<Result<Outcome, AppendError>>,
    /// Room that the body takes elsewhere; free only when the journal is done with it.
    pub(super) hold: Option<OwnedSemaphorePermit>,
}

/// Records that come and are answered together.
pub(super) struct Group {
    pub(super) records: Vec<Record>,
    pub(super) reply: oneshot::Sender<Result<Vec<Outcome>, AppendError>>,
}

/// What the thread is asked for.
pub(super) enum Command {
    Append(Pending),
    AppendAll(Group),
    Seal(oneshot::Sender<()>),
    Probe(oneshot::Sender<()>),
}

/// The thread's state.
pub(super) struct GroupCommit {
    pub(super) log: Log,
    pub(super) shared: Arc<Shared>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metrics: JournalMetrics,
    /// Where those who wait run, if it is a runtime.
    pub(super) runtime: Option<Handle>,
    pub(super) expired_at_ms: i64,
    /// Since when the open segment has held anything, by the clock that never goes backwards.
    pub(super) open_since: Option<Duration>,
}

/// Records that are made durable together, and who waits for them.
#[derive(Default)]
struct Batch {
    records: Vec<Record>,
    replies: Vec<oneshot::Sender<Result<Outcome, AppendError>>>,
    holds: Vec<Option<OwnedSemaphorePermit>>,
    /// Who waits for all of them, if they came together.
    group: Option<oneshot::Sender<Result<Vec<Outcome>, AppendError>>>,
    bytes: usize,
}

impl Batch {
    /// Makes a batch of records that came together.
    fn of(group: Group) -> Self {
        let bytes = group.records.iter().map(|record| record.body.len()).sum();
        Self { records: group.records, group: Some(group.reply), bytes, ..Self::default() }
    }

    fn push(&mut self, pending: Pending) {
        self.bytes += pending.record.body.len();
        self.records.push(pending.record);
        self.replies.push(pending.reply);
        self.holds.push(pending.hold);
    }

    fn has_room(&self) -> bool {
        self.records.len() < BATCH_RECORDS_MAX && self.bytes < BATCH_BYTES_MAX
    }

    /// Answers all alike.
    fn refuse(&mut self, answer: AppendError) {
        self.replies.drain(..).for_each(|reply| _ = reply.send(Err(answer)));
        _ = self.group.take().map(|reply| reply.send(Err(answer)));
    }

    /// Tells each what became of its record.
    ///
    /// Those who wait are tasks of the runtime: waking one from another thread goes through a
    /// lock, so a task of its own wakes all of them.
    fn answer(&mut self, outcomes: Vec<Outcome>, runtime: Option<&Handle>) {
        if let Some(reply) = self.group.take() {
            _ = reply.send(Ok(outcomes));
            return;
        }
        let replies = std::mem::take(&mut self.replies);
        let answer = move || {
            for (reply, outcome) in replies.into_iter().zip(outcomes) {
                _ = reply.send(Ok(outcome));
            }
        };
        match runtime.filter(|_| self.records.len() > ANSWERS_MIN) {
            Some(runtime) => drop(runtime.spawn(async { answer() })),
            None => answer(),
        }
    }

    fn clear(&mut self) {
        self.records.clear();
        self.replies.clear();
        self.holds.clear();
        self.bytes = 0;
    }
}

impl GroupCommit {
    pub(super) fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut batch = Batch::default();
        while let Some(command) = commands.blocking_recv() {
            let mut next = Some(command);
            let (mut seals, mut probes) = (vec![], vec![]);
            while let Some(command) = next.take() {
                match command {
                    Command::Append(pending) => batch.push(pending),
                    // A batch of its own: one error answers all of it, and nobody else.
                    Command::AppendAll(group) => self.commit(&mut Batch::of(group)),
                    Command::Seal(reply) => seals.push(reply),
                    Command::Probe(reply) => probes.push(reply),
                }
                // What came during the last sync is taken along; nothing is waited for.
                if batch.has_room() {
                    next = commands.try_recv().ok();
                }
            }
            // Before sealing, so that what was queued ahead of the request is sealed too.
            self.commit(&mut batch);
            if !seals.is_empty() {
                self.seal();
            }
            if !probes.is_empty() {
                let probed = self.log.probe(self.clock.now_ms());
                self.shared.set_failing(probed.is_err());
            }
            seals.into_iter().chain(probes).for_each(|reply| _ = reply.send(()));
        }
        self.seal();
        if let Err(error) = self.log.close() {
            tracing::error!(%error, "closing the journal failed");
        }
    }

    fn commit(&mut self, batch: &mut Batch) {
        if batch.records.is_empty() {
            return;
        }
        let started = self.clock.elapsed();
        let now_ms = self.clock.now_ms();
        let usage = self.shared.usage(self.log.directory().root(), now_ms);
        let n_bytes = batch.bytes as u64;
        let mut sealed = None;
        // Asked once a batch, so the quota is exceeded by one batch at most.
        if let Some(limit) = self.log.quota().exceeded(&usage) {
            self.metrics.full.with_label_values(&[limit]).inc();
            batch.refuse(AppendError::Full(limit));
        } else {
            let (result, segment) = self.log.append(&mut batch.records, now_ms);
            sealed = segment;
            // The sync is done; nobody waits for what is left to do here.
            self.answer(batch, result);
            let seconds = (self.clock.elapsed() - started).as_secs_f64();
            self.metrics.append_seconds.observe(seconds);
            self.metrics.batch_records.observe(batch.records.len() as f64);
        }
        // Drops the permits: only now the bodies give back their share of the memory for requests.
        batch.clear();
        self.shared.end_unsynced(n_bytes);
        self.publish(sealed);
        if now_ms - self.expired_at_ms > EXPIRE_MS {
            self.expired_at_ms = now_ms;
            if let Err(error) = self.log.expire(now_ms) {
                tracing::warn!(%error, "forgetting old ids failed");
            }
        }
    }

    fn answer(&self, batch: &mut Batch, result: Result<Vec<Outcome>, JournalError>) {
        self.shared.set_failing(result.is_err());
        match result {
            Ok(outcomes) => batch.answer(outcomes, self.runtime.as_ref()),
            Err(error) => {
                self.metrics.errors.inc();
                let n_records = batch.records.len();
                tracing::error!(%error, n_records, "journal refused a batch");
                batch.refuse(AppendError::Failed);
            }
        }
    }

    fn seal(&mut self) {
        let sealed = self.log.seal();
        failpoint::pass("journal_after_seal");
        self.publish(sealed);
    }

    fn publish(&mut self, sealed: Option<SealedSegment>) {
        let state = self.log.open_state();
        if sealed.is_some() || state.n_records == 0 {
            self.open_since = None;
        }
        if state.n_records > 0 && self.open_since.is_none() {
            self.open_since = Some(self.clock.elapsed());
        }
        // In between a sealed segment is counted in neither, never in both.
        self.shared.set_open(OpenState { since: self.open_since, ..state });
        if let Some(segment) = sealed {
            self.shared.push(segment);
        }
    }
}
