//! Options of commands that query the lake.

use anyhow::Context as _;

use super::Common;
use crate::config;
use crate::flatten::TABLES;
use crate::goal::{self, Goal};
use crate::query::{Engine, Limits};

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
}

impl Args {
    /// Opens an engine over the lake.
    pub(super) async fn engine(&self, common: &Common) -> anyhow::Result<Engine> {
        let lake = common.open_lake_to_read()?;
        let limits = Limits {
            memory_bytes_max: usize::try_from(self.query_memory).unwrap_or(usize::MAX),
            spill_bytes_max: self.query_spill,
        };
        let goals = common.goals(&self.goals)?;
        let engine = Engine::open(&lake, &TABLES, &goals, limits).await;
        engine.with_context(|| format!("lake `{}`", common.lake))
    }
}
