//! `append`: how long a disk takes to append a block and sync it; the limit of a durable answer.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Parser;
use hdrhistogram::Histogram;
use serde_json::json;
use tributary_bench::tally::percentiles;

/// A file that has grown to this size is removed and begun anew.
const FILE_BYTES_MAX: usize = 256 << 20;

/// Appends blocks to a file, syncs each, and prints how long that took
#[derive(Debug, Parser)]
struct Arguments {
    /// Folder on the disk in question
    folder: PathBuf,
    /// Time to go on
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Bytes of a block
    #[arg(long, default_value_t = 256 << 10)]
    bytes: usize,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let path = arguments.folder.join("append.tmp");
    let named = || path.display().to_string();
    let block: Vec<u8> = (0..arguments.bytes).map(|n| (n * n / 7).to_le_bytes()[0]).collect();
    let mut times_ns = Histogram::<u64>::new(3)?;
    let started = Instant::now();
    let mut file = File::create(&path).with_context(named)?;
    let mut n_bytes = 0;
    while started.elapsed() < Duration::from_secs(arguments.seconds) {
        if n_bytes >= FILE_BYTES_MAX {
            std::fs::remove_file(&path).with_context(named)?;
            file = File::create(&path).with_context(named)?;
            n_bytes = 0;
        }
        let before = Instant::now();
        file.write_all(&block).with_context(named)?;
        file.sync_data().with_context(named)?;
        times_ns.record(u64::try_from(before.elapsed().as_nanos())?)?;
        n_bytes += block.len();
    }
    std::fs::remove_file(&path).with_context(named)?;
    let seconds = started.elapsed().as_secs_f64();
    let per_second = times_ns.len() as f64 / seconds;
    println!(
        "{}",
        json!({
            "bytes": arguments.bytes,
            "seconds": seconds,
            "per_second": per_second,
            "latency_ms": percentiles(&times_ns),
        })
    );
    Ok(())
}
