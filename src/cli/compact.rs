//! `tributary compact`: few large files in the place of many small ones, each row once.

use std::time::Duration;

use bytesize::ByteSize;

use super::output::{self, counted};
use super::{Common, days, progress, upkeep as options};
use crate::upkeep::{self, Done, Rules};
use tributary_ingest::clock::{Clock as _, SystemClock};
use tributary_lake::sweep::SweepOptions;

/// Cores that are used at most.
const CORES_MAX: usize = 8;
/// What is said where a table could not be compacted.
const UNDONE: &str = "not everything was compacted";

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    #[command(flatten)]
    days: days::Args,
    /// How long running readers may go on with the old files; the command ends when these are gone
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = options::parse_grace)]
    grace: Duration,
    #[command(flatten)]
    upkeep: options::Args,
}

pub(super) async fn run(common: &Common, args: Args) -> anyhow::Result<()> {
    let days = args.days.check()?;
    let clock = SystemClock::new();
    let lake = common.open_lake_to_read()?;
    lake.probe().await?;
    let n_cores = std::thread::available_parallelism().map_or(1, usize::from);
    let rules = Rules {
        compact: args.upkeep.compaction(n_cores.min(CORES_MAX)),
        from: days.from,
        to: days.to,
        grace: args.grace,
        retention: args.upkeep.retention(),
        log: args.upkeep.log(),
    };
    let (tables, mut errors) = upkeep::tables(&lake).await?;
    if tables.is_empty() {
        output::left_undone(UNDONE, &errors)?;
    }
    let options = |now_ms| SweepOptions::new(now_ms, args.grace);
    let mut n_removed = upkeep::sweep(&lake, &tables, options(clock.now_ms())).await?.n_removed;
    let bar = progress::bytes(common, Some(upkeep::bytes_due(&tables, &rules).await?));
    let told = bar.clone();
    let (done, failed) =
        upkeep::run(&lake, &tables, &rules, clock.now_ms(), move |n_bytes| told.inc(n_bytes)).await;
    bar.finish_and_clear();
    errors.extend(failed);
    loop {
        let swept = upkeep::sweep(&lake, &tables, options(clock.now_ms())).await?;
        n_removed += swept.n_removed;
        let n_waiting = swept.n_waiting;
        if n_waiting == 0 {
            break;
        }
        tracing::info!(n_waiting, "old files wait for readers that have listed them");
        tokio::time::sleep(args.grace.min(Duration::from_secs(1))).await;
    }
    output::tell(&sentence(&done, n_removed));
    output::left_undone(UNDONE, &errors)
}

fn sentence(done: &Done, n_removed: usize) -> String {
    let compacted = &done.compacted;
    let size = |bytes: u64| ByteSize(bytes).display().si().to_string();
    let mut text = if compacted.n_partitions == 0 {
        "nothing to compact".to_owned()
    } else {
        format!(
            "{}: {} of {} became {} of {}, {} dropped",
            counted(compacted.n_partitions as u64, "partition"),
            counted(compacted.n_files_before as u64, "file"),
            size(compacted.bytes_before),
            compacted.n_files_after,
            size(compacted.bytes_after),
            counted(compacted.n_rows_dropped, "superseded row")
        )
    };
    for (n, what, which) in [
        (done.n_rows_expired, "row", " past their retention"),
        (n_removed as u64, "old file", ""),
        (done.n_entries_removed as u64, "log file", ""),
    ] {
        if n > 0 {
            text.push_str(&format!(", {}{which} removed", counted(n, what)));
        }
    }
    text
}
