//! `tributary generate N`.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressDrawTarget};

use super::send::{Answers, Sender};
use super::serve::Keys;
use super::stdout::Stdout;
use super::{Common, Usage, output};
use crate::config::SECRETS_VARIABLE;
use tributary_ingest::clock::SystemClock;
use tributary_lake::files::parse_day;
use tributary_sample::{Generator, Plan};

const DAY_MS: i64 = 86_400_000;

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// How many events
    n: u64,
    /// The same seed gives the same events
    #[arg(long, value_name = "N", default_value = "0")]
    seed: u64,
    /// First day of the sessions, UTC
    #[arg(long, value_name = "DATE", default_value = "2026-01-01")]
    start: String,
    /// Days over which the sessions are spread
    #[arg(long, value_name = "N", default_value = "90",
          value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: u32,
    /// Send them, signed, to the ingester at this address instead of printing them
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// Connections to send over
    #[arg(long, value_name = "N", default_value = "32",
          value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
    /// File to write the ids of accepted events to, a line each
    #[arg(long, value_name = "FILE", requires = "to")]
    ledger: Option<PathBuf>,
    /// Send without a signature
    #[arg(long, requires = "to")]
    unsigned: bool,
    #[command(flatten)]
    keys: Keys,
}

pub(super) async fn run(common: &Common, args: Args) -> anyhow::Result<()> {
    let start = parse_day(&args.start).ok_or_else(|| {
        Usage(format!("`{}` is no value of --start; write YYYY-MM-DD", args.start))
    })?;
    let start_ms = i64::from(start) * DAY_MS;
    let plan = Plan { n_events: args.n, seed: args.seed, start_ms, days: args.days };
    match &args.to {
        None => print(plan),
        Some(url) => send(common, &args, url, plan).await,
    }
}

fn print(plan: Plan) -> anyhow::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, Stdout::new());
    for event in Generator::new(plan) {
        out.write_all(event.body.as_bytes())?;
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

async fn send(common: &Common, args: &Args, url: &str, plan: Plan) -> anyhow::Result<()> {
    if !url.starts_with("http://") && !url.starts_with("https://") {
        let message = format!("`{url}` is no address; write http://HOST:PORT");
        return Err(Usage(message).into());
    }
    let secret = args.keys.secrets()?.into_iter().next();
    if secret.is_none() && !args.unsigned {
        let message = format!(
            "no secret to sign with; set {SECRETS_VARIABLE} as for serve, or give --unsigned"
        );
        return Err(Usage(message).into());
    }
    let ledger = match &args.ledger {
        None => None,
        Some(path) => {
            let file = fs::File::create(path)
                .map_err(|error| Usage(format!("can't write `{}`: {error}", path.display())))?;
            Some(Box::new(BufWriter::new(file)) as Box<dyn Write + Send>)
        }
    };
    let progress = ProgressBar::new(args.n);
    if common.quiet {
        progress.set_draw_target(ProgressDrawTarget::hidden());
    }
    let clock = Arc::new(SystemClock::new());
    let sender = Sender::new(url, secret, usize::from(args.connections), clock, ledger);
    let sent = sender.send_all(Generator::new(plan), || progress.inc(1)).await;
    progress.finish_and_clear();
    let answers = sent?;
    output::tell(&sentence(&answers));
    let n_failed = answers.get("failed").copied().unwrap_or(0);
    anyhow::ensure!(n_failed == 0, "{n_failed} events were not accepted; run the same again");
    Ok(())
}

/// Returns the answers as a sentence, such as `20000 accepted`.
pub(super) fn sentence(answers: &Answers) -> String {
    let parts: Vec<String> = answers.iter().map(|(name, n)| format!("{n} {name}")).collect();
    if parts.is_empty() { "nothing sent".to_owned() } else { parts.join(", ") }
}
