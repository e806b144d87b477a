//! `load`: sends signed webhooks and prints one JSON object about how they were answered.
//!
//! The secret is in `TRIBUTARY_WEBHOOK_SECRETS`, and its key is base64.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use rustix::time::{ClockId, clock_gettime};
use tributary_bench::events::Events;
use tributary_bench::pace::Pace;
use tributary_bench::sender::Sender;
use tributary_bench::signing::Key;
use tributary_bench::watch::Watch;
use tributary_bench::webhooks::{Target, Webhooks};

/// Sends signed webhooks and prints how they were answered
#[derive(Debug, Parser)]
struct Arguments {
    /// Where they go, as http://HOST:PORT/PATH
    #[arg(value_parser = parse_target)]
    target: Target,
    /// File of events, one a line; it goes round, each time with new ids
    events: PathBuf,
    /// Connections
    #[arg(long, default_value_t = 256)]
    connections: usize,
    /// Time to send for
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Webhooks at most
    #[arg(long, default_value_t = u64::MAX)]
    count: u64,
    /// Webhooks a second, whether or not they are answered; without it, as many as are answered
    #[arg(long)]
    rate: Option<f64>,
    /// Webhooks to sign before the clock starts; the others are signed when they are sent
    #[arg(long, default_value_t = 0)]
    ahead: usize,
    /// Gauge at the server's /metrics to watch
    #[arg(long)]
    watch: Option<String>,
    /// Address that has /metrics, if it is not the target's
    #[arg(long)]
    metrics: Option<String>,
    /// Send nothing while the gauge is above this
    #[arg(long)]
    pause_above: Option<f64>,
    /// File for the ids that were acknowledged
    #[arg(long)]
    ledger: Option<PathBuf>,
}

fn parse_target(text: &str) -> Result<Target, String> {
    let rest = text.strip_prefix("http://").ok_or("use http://HOST:PORT/PATH")?;
    let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
    Ok(Target { address: address.to_owned(), path: format!("/{path}") })
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let events = Events::read(&arguments.events)?;
    let target = &arguments.target;
    let webhooks = Webhooks::new(events, Key::from_environment()?, target);
    // In the middle of the run, so that no signature is too old or too new within it.
    let webhooks = webhooks.signed_ahead(arguments.ahead, arguments.seconds / 2);
    let sender = Sender::connect(&webhooks, target, arguments.connections)?;
    let length = Duration::from_secs(arguments.seconds);
    let most = arguments.pause_above.unwrap_or(f64::INFINITY);
    let metrics = arguments.metrics.unwrap_or_else(|| target.address.clone());
    let watch = arguments.watch.map(|gauge| Watch::start(metrics, gauge, most));
    let pause = watch.as_ref().map(Watch::pause).unwrap_or_default();
    let mut pace = Pace::start(length, arguments.count, arguments.rate, pause);
    let busy_before = busy()?;
    let (tally, took) = sender.run(&mut pace)?;
    let busy = busy()? - busy_before;
    let watched = watch.map(Watch::finish).transpose()?.unwrap_or_default();
    println!("{}", tally.describe(took, busy, webhooks.n_ahead(), &watched));
    if let Some(ledger) = &arguments.ledger {
        tally.write_ledger(ledger, &webhooks)?;
    }
    Ok(())
}

/// Returns the processor time that this thread has had.
fn busy() -> anyhow::Result<Duration> {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).ok().context("the processor's time is negative")
}
