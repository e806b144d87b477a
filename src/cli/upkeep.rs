//! Options of commands that keep the lake in shape.

use std::time::Duration;

use crate::config;
use crate::upkeep::Retention;
use tributary_lake::compact::CompactOptions;
use tributary_lake::log::{self, LogOptions};

/// Bytes of rows that are sorted in memory, for each core.
const SORT_BYTES: usize = 32 << 20;
const GRACE_MAX: Duration = Duration::from_secs(6 * 86_400);

#[derive(Debug, Clone, Copy, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// Size that files are to have, from 1MiB to 1GiB; those under half of it are merged
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = parse_target)]
    target_size: u64,
    /// How long the rows of all tables are kept, by their day; without it for ever
    #[arg(long, value_name = "TIME", value_parser = parse_days)]
    retain: Option<Duration>,
    /// How long webhook bodies are kept, in `raw_events` and `dead_letters`; without it as long as
    /// the rows of other tables
    #[arg(long, value_name = "TIME", value_parser = parse_days)]
    retain_raw: Option<Duration>,
    /// Entries of a table's log that may stand behind its last checkpoint
    #[arg(long, value_name = "N", default_value_t = log::ENTRIES_MAX)]
    log_entries: usize,
    /// Show checkpoints to other readers and remove entries that they stand for; readers must know
    /// the Delta feature `v2Checkpoint` then
    #[arg(long)]
    publish_checkpoints: bool,
}

impl Args {
    pub(super) fn retention(self) -> Retention {
        Retention { all: self.retain, raw: self.retain_raw }
    }

    pub(super) fn log(self) -> LogOptions {
        LogOptions { entries_max: self.log_entries, is_published: self.publish_checkpoints }
    }

    pub(super) fn compaction(self, n_parallel: usize) -> CompactOptions {
        CompactOptions { target_bytes: self.target_size, sort_bytes: SORT_BYTES, n_parallel }
    }
}

fn parse_target(text: &str) -> Result<u64, String> {
    let bytes = config::parse_bytes(text)?;
    let range = 1 << 20..=1 << 30;
    if range.contains(&bytes) { Ok(bytes) } else { Err("use 1MiB to 1GiB".to_owned()) }
}

/// Reads a time of grace: the log remembers for a week what was removed.
pub(super) fn parse_grace(text: &str) -> Result<Duration, String> {
    let time = config::parse_duration(text)?;
    if time > GRACE_MAX {
        return Err("use at most 6d".to_owned());
    }
    Ok(time)
}

/// Reads a retention of whole days: rows go by their day.
fn parse_days(text: &str) -> Result<Duration, String> {
    let time = config::parse_duration(text)?;
    if time.as_secs() < 86_400 {
        return Err("rows are kept by the day; use 1d or more".to_owned());
    }
    Ok(time)
}
