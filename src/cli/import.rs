//! `tributary import PATH…`: raw bodies from files, through the same journal as `serve`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use indicatif::ProgressBar;
use tokio::sync::{mpsc, watch};

use super::journal::Flushing;
use super::output::{self, counted};
use super::sources::{self, Source};
use super::{Common, journal, progress};
use crate::config;
use crate::flush::opening::Otherwise;
use crate::receive::webhook::own_id;
use tributary_ingest::clock::Clock;
use tributary_ingest::event::{Record, RecordKind, Scheme};
use tributary_ingest::journal::{AppendError, Journal, Outcome};

/// Bytes of a segment: files of the lake are larger, and fewer, than those of a live ingester.
const SEGMENT_BYTES: u64 = 128 << 20;
/// Segments that wait for the lake before reading pauses.
const SEGMENTS_MAX: usize = 2;
/// Bytes of the bodies that are made durable together, about.
const GROUP_BYTES: usize = 4 << 20;
/// How many these are at most.
const GROUP_BODIES: usize = 1024;
/// Groups on their way to the disk: one is written while the other is read.
const GROUPS_MAX: usize = 2;
/// A lake that is gone is made anew: the bodies are here, and no id of the old one keeps them out.
const LAKE: Otherwise = Otherwise::TakeIfNothingWaits;
const PAUSE: Duration = Duration::from_millis(20);

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// Files, folders, `-` for standard input, or object-store URLs; NDJSON or JSON, plain, .gz or .zst
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    #[command(flatten)]
    journal: journal::Args,
    /// Events and rows that are flushed at a time; with more, a table gets several files a day
    #[arg(long, value_name = "SIZE", default_value = "96MiB", value_parser = config::parse_bytes)]
    flush_memory: u64,
}

/// What became of the bodies.
#[derive(Debug, Default)]
struct Counts(HashMap<&'static str, u64>);

pub(super) async fn run(common: &Common, args: Args) -> anyhow::Result<()> {
    let sources = sources::find(&args.paths).await?;
    let flushing = args.journal.open(common, SEGMENT_BYTES, args.flush_memory, LAKE).await?;
    let Flushing { journal, worker, clock } = flushing;
    let worker = worker.ending_on_error();
    let (stop_sender, stop) = watch::channel(false);
    let mut worker = tokio::spawn(worker.run(stop));
    let progress = progress::bytes(common, sources.iter().map(Source::size).sum());
    let appended = tokio::select! {
        appended = append_all(sources, &journal, &clock, &progress) => appended,
        ended = &mut worker => {
            ended??;
            anyhow::bail!("the flush worker ended");
        }
    };
    _ = stop_sender.send(true);
    progress.set_message("committing");
    let flushed = worker.await?;
    progress.finish_and_clear();
    let counts = appended?;
    flushed?;
    output::tell(&counts.sentence());
    Ok(())
}

/// Sends all bodies through the journal.
async fn append_all(
    sources: Vec<Source>,
    journal: &Arc<Journal>,
    clock: &Arc<dyn Clock>,
    progress: &ProgressBar,
) -> anyhow::Result<Counts> {
    let (sender, mut receiver) = mpsc::channel(GROUPS_MAX);
    let reading = {
        let progress = progress.clone();
        let runtime = tokio::runtime::Handle::current();
        let clock = Arc::clone(clock);
        tokio::task::spawn_blocking(move || {
            read_all(&sources, &runtime, &progress, clock.as_ref(), &sender)
        })
    };
    let mut counts = Counts::default();
    let mut appends = FuturesUnordered::new();
    let mut is_open = true;
    while is_open || !appends.is_empty() {
        tokio::select! {
            group = receiver.recv(), if is_open && appends.len() < GROUPS_MAX => match group {
                Some(group) => appends.push(append(journal, group)),
                None => is_open = false,
            },
            Some(outcomes) = appends.next() => counts.add(&outcomes?),
        }
    }
    reading.await??;
    Ok(counts)
}

/// Reads the sources one after another; blocks.
fn read_all(
    sources: &[Source],
    runtime: &tokio::runtime::Handle,
    progress: &ProgressBar,
    clock: &dyn Clock,
    sender: &mpsc::Sender<Vec<Record>>,
) -> anyhow::Result<()> {
    let (mut group, mut n_group_bytes) = (vec![], 0);
    let send = |group| {
        sender.blocking_send(group).map_err(|_| anyhow::anyhow!("the journal takes no more"))
    };
    let read = sources.iter().try_for_each(|source| {
        let name = source.name();
        let bar = progress.clone();
        let mut input = source.open(runtime, move |n_bytes| bar.inc(n_bytes as u64))?;
        sources::split::read(&name, input.as_mut(), |body| {
            n_group_bytes += body.len();
            group.push(record(body, clock));
            if n_group_bytes < GROUP_BYTES && group.len() < GROUP_BODIES {
                return Ok(());
            }
            n_group_bytes = 0;
            send(std::mem::take(&mut group))
        })
    });
    // What stood before the place that can't be read counts.
    if !group.is_empty() {
        send(group)?;
    }
    read
}

fn record(body: Bytes, clock: &dyn Clock) -> Record {
    Record {
        kind: RecordKind::Event,
        scheme: Scheme::Import,
        webhook_id: own_id(&body),
        received_at_ms: clock.now_ms(),
        body,
    }
}

/// Makes records durable, waiting while the lake is behind.
async fn append(journal: &Journal, group: Vec<Record>) -> Result<Vec<Outcome>, AppendError> {
    while journal.shared().n_sealed() > SEGMENTS_MAX {
        tokio::time::sleep(PAUSE).await;
    }
    loop {
        match journal.append_all(group.clone()).await {
            Err(AppendError::Full(_)) => tokio::time::sleep(PAUSE).await,
            outcomes => return outcomes,
        }
    }
}

impl Counts {
    fn add(&mut self, outcomes: &[Outcome]) {
        for outcome in outcomes {
            let name = match outcome {
                Outcome::Accepted => "imported",
                Outcome::Duplicate => "duplicate",
                Outcome::Conflict => "id_conflict",
            };
            *self.0.entry(name).or_default() += 1;
        }
    }

    fn sentence(&self) -> String {
        let n = |name| self.0.get(name).copied().unwrap_or(0);
        let imported = counted(n("imported"), "event");
        let mut text =
            format!("{imported} imported, {} left out", counted(n("duplicate"), "duplicate"));
        if n("id_conflict") > 0 {
            let more = format!(", {} with another's id set aside", n("id_conflict"));
            text.push_str(&more);
        }
        text
    }
}
