//! Options of the dashboard and the report API.

use std::path::PathBuf;
use std::time::Duration;

use super::Common;
use crate::config;
use crate::flatten::TABLES;
use crate::goal::{self, Goal};
use crate::query;
use crate::report::Catalog;
use crate::web::{Limits, Settings};

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// Serve neither dashboard nor report API
    #[arg(long)]
    no_dashboard: bool,
    /// Memory that all queries of the dashboard may use before they spill to disk
    #[arg(long, value_name = "SIZE", default_value = "512MiB", value_parser = config::parse_bytes)]
    query_memory: u64,
    /// Disk space they may spill to
    #[arg(long, value_name = "SIZE", default_value = "8GiB", value_parser = config::parse_bytes)]
    query_spill: u64,
    /// Time a query may take
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_time)]
    query_timeout: Duration,
    /// Rows an answer may have
    #[arg(long, value_name = "N", default_value = "100000",
          value_parser = clap::value_parser!(u32).range(1..))]
    query_rows: u32,
    /// Queries at the same time; others wait
    #[arg(long, value_name = "N", default_value = "2",
          value_parser = clap::value_parser!(u16).range(1..=64))]
    queries_at_once: u16,
    /// Folder of reports of your own
    #[arg(long, value_name = "DIR")]
    queries: Option<PathBuf>,
    /// What counts as a conversion: NAME=page:/path, NAME=signal:NAME or NAME=session:PAGES
    #[arg(long = "goal", value_name = "NAME=…", value_parser = goal::parse)]
    goals: Vec<Goal>,
}

impl Args {
    /// Returns what is to be served, if anything is.
    pub(super) fn settings(&self, common: &Common) -> anyhow::Result<Option<Settings>> {
        if self.no_dashboard {
            return Ok(None);
        }
        let mut catalog = Catalog::bundled()?;
        if let Some(folder) = &self.queries {
            catalog.add_folder(folder)?;
        }
        let limits = Limits {
            query: query::Limits {
                memory_bytes_max: usize::try_from(self.query_memory).unwrap_or(usize::MAX),
                spill_bytes_max: self.query_spill,
                ..Limits::default().query
            },
            at_once: usize::from(self.queries_at_once),
            time: self.query_timeout,
            rows_max: usize::try_from(self.query_rows).unwrap_or(usize::MAX),
            ..Limits::default()
        };
        let goals = common.goals(&self.goals)?;
        Ok(Some(Settings { tables: &TABLES, catalog, goals, limits }))
    }
}

/// Reads a time in which a query can do anything at all.
fn parse_time(text: &str) -> Result<Duration, String> {
    let time = config::parse_duration(text)?;
    if time.is_zero() { Err("use more than 0s".to_owned()) } else { Ok(time) }
}
