//! Options of commands that query the lake.

use std::num::NonZeroUsize;

use anyhow::Context as _;

use super::{Common, Usage};
use crate::config;
use crate::flatten::TABLES;
use crate::goal::{self, Goal};
use crate::query::{Engine, HAS_CLUSTER, Limits, Scheduler};

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
