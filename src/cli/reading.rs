//! Options of commands that query the lake.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::journal::USUAL;
use super::{Common, Usage, output};
use crate::config;
use crate::goal::{self, Goal};
use crate::query::{Engine, HAS_CLUSTER, Limits, Scheduler};
use tributary_ingest::flatten::TABLES;
use tributary_ingest::journal::waiting::{self, Waiting};

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// Memory a query may use before it spills to disk
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = config::parse_bytes)]
    query_memory: u64,
    /// Disk space a query may spill to
    #[arg(long, value_name = "SIZE", default_value = "32GiB", value_parser = config::parse_bytes)]
    query_spill: u64,
    /// What counts as a conversion: NAME=page:/path, NAME=signal:NAME or NAME=session:PAGES
    #[arg(long = "goal", value_name = "NAME=…", value_parser = goal::parse)]
    goals: Vec<Goal>,
    /// Where queries run: here, or on a Ballista cluster
    #[arg(long, value_name = "WHERE", default_value = "local")]
    engine: Where,
    /// The cluster's scheduler, df://HOST:PORT
    #[arg(long, value_name = "URL")]
    scheduler: Option<Scheduler>,
    /// Parts of a table that a cluster works on at a time; as many as its executors have cores
    #[arg(long, value_name = "N", default_value = "16")]
    partitions: NonZeroUsize,
    /// Folder of the ingester's inbox, to tell what is not in the lake yet
    #[arg(long, value_name = "DIR", default_value = USUAL)]
    journal: PathBuf,
}

/// Where queries run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Where {
    /// In this process.
    Local,
    /// On a cluster.
    Ballista,
}

impl Args {
    /// Opens an engine over the lake.
    pub(super) async fn engine(&self, common: &Common) -> anyhow::Result<Engine> {
        let scheduler = self.scheduler()?;
        let lake = common.open_lake_to_read()?;
        let limits = Limits {
            memory_bytes_max: usize::try_from(self.query_memory).unwrap_or(usize::MAX),
            spill_bytes_max: self.query_spill,
            partitions: None,
        };
        let goals = common.goals(&self.goals)?;
        let engine = match scheduler {
            None => Engine::open(&lake, &TABLES, &goals, limits).await,
            Some(scheduler) => {
                let n = self.partitions.get();
                Engine::open_on(scheduler, n, &lake, &TABLES, &goals, limits).await
            }
        };
        engine.with_context(|| format!("lake `{}`", common.lake))
    }

    /// Tells what waits in the journal and so is in no answer.
    pub(super) fn tell_of_waiting(&self, common: &Common) {
        if common.quiet {
            return;
        }
        match waiting::waiting(&self.journal, &common.lake.identity()) {
            Ok(Waiting { n_events: 0, is_more: false }) => {}
            Ok(waiting) => output::tell(&sentence(waiting, &self.journal)),
            Err(error) => tracing::debug!(%error, "the journal can't be looked at"),
        }
    }

    /// Returns the scheduler of the cluster that queries are to run on; none if they run here.
    fn scheduler(&self) -> Result<Option<&Scheduler>, Usage> {
        match (self.engine, &self.scheduler) {
            (Where::Local, _) => Ok(None),
            (Where::Ballista, _) if !HAS_CLUSTER => Err(Usage(
                "--engine ballista is not in this build; build one that has it with `cargo build \
                 --release --features ballista`"
                    .to_owned(),
            )),
            (Where::Ballista, Some(scheduler)) => Ok(Some(scheduler)),
            (Where::Ballista, None) => Err(Usage(
                "--engine ballista needs --scheduler df://HOST:PORT, the cluster's scheduler"
                    .to_owned(),
            )),
        }
    }
}

fn sentence(waiting: Waiting, journal: &Path) -> String {
    let n = grouped(waiting.n_events);
    let more = if waiting.is_more { "more than " } else { "" };
    let (events, wait) = if waiting.n_events == 1 && !waiting.is_more {
        ("event", "waits")
    } else {
        ("events", "wait")
    };
    let are = if wait == "wait" { "are" } else { "is" };
    let journal = journal.display();
    format!("note: {more}{n} {events} {wait} in {journal} for the next flush and {are} not counted")
}

/// Writes a number with a comma before each three digits.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_told_in_a_sentence() {
        let check = |n_events, is_more, expected: &str| {
            let waiting = Waiting { n_events, is_more };
            assert_eq!(sentence(waiting, Path::new("./journal")), expected);
        };
        check(1, false, "note: 1 event waits in ./journal for the next flush and is not counted");
        check(
            5000,
            false,
            "note: 5,000 events wait in ./journal for the next flush and are not counted",
        );
        check(
            1_234_567,
            true,
            "note: more than 1,234,567 events wait in ./journal for the next flush and are not \
             counted",
        );
    }
}
