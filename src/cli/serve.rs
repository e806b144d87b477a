//! `tributary serve`.

use std::io::{self, IsTerminal as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::dashboard::Made;
use super::{Common, Usage, dashboard, journal, output, upkeep};
use crate::app::{App, AppError, Settings};
use crate::config::{self, Listen, SECRETS_VARIABLE};
use crate::flush::Policy;
use crate::receive::{HEAD_BYTES_MIN, Limits};
use crate::shutdown;
use crate::upkeep::Rules;
use crate::upkeep::schedule::Schedule;
use tributary_ingest::clock::SystemClock;
use tributary_ingest::verify::{KeyEncoding, Verifier};

/// A body of this size is still flattened within reasonable memory.
const BODY_BYTES_MAX: u64 = 64 << 20;

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// Address to take webhooks on: ADDR:PORT, NAME:PORT, or a port of 127.0.0.1
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: Listen,
    #[command(flatten)]
    journal: journal::Args,
    #[command(flatten)]
    keys: Keys,
    /// Take webhooks without a signature; on a loopback address only
    #[arg(long)]
    allow_unsigned: bool,
    /// Flush when the oldest event waits this long
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = config::parse_duration)]
    flush_interval: Duration,
    /// Flush when this many events wait
    #[arg(long, value_name = "N", default_value = "100000",
          value_parser = clap::value_parser!(u64).range(1..))]
    flush_rows: u64,
    /// Flush when events of this size wait
    #[arg(long, value_name = "SIZE", default_value = "32MiB", value_parser = config::parse_bytes)]
    flush_bytes: u64,
    /// Events and rows that are flushed at a time; with more, a table gets several files a day
    #[arg(long, value_name = "SIZE", default_value = "32MiB", value_parser = config::parse_bytes)]
    flush_memory: u64,
    /// Size of a body at most
    #[arg(long, value_name = "SIZE", default_value = "8MiB", value_parser = parse_body)]
    max_body: u64,
    /// Size of all bodies that are being received at most
    #[arg(long, value_name = "SIZE", default_value = "32MiB", value_parser = config::parse_bytes)]
    max_in_flight: u64,
    /// Open connections at most
    #[arg(long, value_name = "N", default_value = "1024",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max_connections: u32,
    #[command(flatten)]
    requests: Requests,
    /// Time between two rounds of compaction and retention, on days that are over; 0s for none
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = config::parse_duration)]
    compact_interval: Duration,
    /// How long running readers may go on with files that a compaction replaced
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = upkeep::parse_grace)]
    compact_grace: Duration,
    #[command(flatten)]
    upkeep: upkeep::Args,
    #[command(flatten)]
    dashboard: dashboard::Args,
}

/// Limits of a request.
#[derive(Debug, clap::Args)]
#[group(skip)]
struct Requests {
    /// Size of a request's head at most, from 8KiB to 1MiB
    #[arg(long, value_name = "SIZE", default_value = "16KiB", value_parser = parse_head)]
    max_head: u64,
    /// Headers of a request at most
    #[arg(long, value_name = "N", default_value = "64",
          value_parser = clap::value_parser!(u16).range(8..=1024))]
    max_headers: u16,
    /// Time for a request's head, and for the next one on an open connection
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = config::parse_duration)]
    head_timeout: Duration,
    /// Time for a request's body
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = config::parse_duration)]
    body_timeout: Duration,
    /// Time in which a client must take some of an answer
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = config::parse_duration)]
    write_timeout: Duration,
    /// Time that open connections have to finish when the ingester stops
    #[arg(long, value_name = "TIME", default_value = "20s", value_parser = config::parse_duration)]
    stop_timeout: Duration,
}

/// Where secrets are and how they are read.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Keys {
    /// File of secrets, one a line; otherwise `TRIBUTARY_WEBHOOK_SECRETS` holds them
    #[arg(long, value_name = "FILE")]
    pub(super) secrets_file: Option<PathBuf>,
    /// Which bytes of a secret are the key: auto, base64, utf8 or utf8-prefixed
    #[arg(long, value_name = "ENCODING", default_value = "auto", value_parser = parse_encoding)]
    pub(super) key_encoding: KeyEncoding,
    /// A shorter key is none
    #[arg(long, value_name = "N", default_value = "16",
          value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) min_key_bytes: u16,
}

impl Keys {
    pub(super) fn secrets(&self) -> anyhow::Result<Vec<tributary_ingest::verify::Secret>> {
        let file = self.secrets_file.as_deref();
        Ok(config::secrets(file, self.key_encoding, usize::from(self.min_key_bytes))?)
    }
}

pub(super) async fn run(common: &Common, args: Args) -> anyhow::Result<()> {
    let (settings, made) = args.settings(common)?;
    for file in [&args.keys.secrets_file, &args.dashboard.tokens_file].into_iter().flatten() {
        if config::is_open_to_all(file) {
            let file = file.display();
            tracing::warn!(%file, "everyone on this machine can read the secrets; chmod 600 it");
        }
    }
    let stop = shutdown::on_signal()?;
    let clock = Arc::new(SystemClock::new());
    let app = App::start(settings, common.lake_config()?, clock).await.map_err(bare)?;
    tell_of_dashboard(common, &app, made.as_ref());
    tracing::info!(
        address = %app.address(),
        lake = %common.lake.identity(),
        journal = %whole(&args.journal.journal).display(),
        "taking webhooks at /webhooks/midbound"
    );
    let mut stop = stop;
    // The sender lives as long as the process, so this ends with a signal.
    _ = stop.wait_for(|stop| *stop).await;
    app.stop().await?;
    tracing::info!("everything is in the lake");
    Ok(())
}

/// Tells where the dashboard is: on a terminal by a link that signs in, never in a log.
fn tell_of_dashboard(common: &Common, app: &App, made: Option<&Made>) {
    let Some(address) = app.dashboard_address() else { return };
    match made {
        Some(made) if common.is_for_eyes() && io::stderr().is_terminal() => {
            output::tell(&format!("the dashboard: {}", made.link(address)));
        }
        Some(made) => tracing::info!(
            %address,
            token_file = %made.file.display(),
            "showing the dashboard to whoever has the token"
        ),
        None => tracing::info!(%address, "showing the dashboard to whoever has a token"),
    }
}

/// Unwraps the lake's own error, by whose kind the exit code goes.
fn bare(error: AppError) -> anyhow::Error {
    match error {
        AppError::Lake(error) => error.into(),
        error => error.into(),
    }
}

/// Returns a folder's path from the root on, so that a log line says where it is.
fn whole(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

impl Args {
    fn settings(&self, common: &Common) -> anyhow::Result<(Settings, Option<Made>)> {
        let bytes = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let listen = dashboard::resolved(&self.listen)?;
        let verifier = self.verifier(&listen)?;
        let web = self.dashboard.settings(common, self.requests.body_timeout)?;
        let channels = self.journal.channels.channels(common)?;
        let listener = self.dashboard.listener(&self.journal.journal, &SystemClock::new())?;
        let (dashboard, made) = listener.unzip();
        let settings = Settings {
            listen: listen[0],
            journal: self.journal.settings(),
            policy: Policy {
                interval: self.flush_interval,
                rows_max: self.flush_rows,
                bytes_max: self.flush_bytes,
                chunk_bytes_max: bytes(self.flush_memory),
            },
            verifier,
            limits: Limits {
                body_bytes_max: bytes(self.max_body),
                in_flight_bytes_max: bytes(self.max_in_flight.max(self.max_body)),
                connections_max: bytes(u64::from(self.max_connections)),
                head_bytes_max: bytes(self.requests.max_head),
                headers_max: usize::from(self.requests.max_headers),
                head_timeout: self.requests.head_timeout,
                body_timeout: self.requests.body_timeout,
                write_timeout: self.requests.write_timeout,
                stop_timeout: self.requests.stop_timeout,
            },
            channels,
            upkeep: self.schedule(),
            dashboard,
            web,
        };
        Ok((settings, made.flatten()))
    }

    fn schedule(&self) -> Option<Schedule> {
        let rules = Rules {
            compact: self.upkeep.compaction(1),
            from: None,
            to: None,
            grace: self.compact_grace,
            retention: self.upkeep.retention(),
            log: self.upkeep.log(),
        };
        let interval = self.compact_interval;
        (!interval.is_zero()).then_some(Schedule { interval, rules })
    }

    fn verifier(&self, listen: &[SocketAddr]) -> anyhow::Result<Option<Verifier>> {
        let secrets = self.keys.secrets()?;
        if self.allow_unsigned {
            if !listen.iter().all(|address| address.ip().is_loopback()) {
                let message = format!(
                    "--allow-unsigned is for loopback addresses, not {}; give secrets instead",
                    self.listen
                );
                return Err(Usage(message).into());
            }
            if secrets.is_empty() {
                tracing::warn!("taking webhooks without signature");
                return Ok(None);
            }
        }
        if secrets.is_empty() {
            let message = format!(
                "no webhook secrets; set {SECRETS_VARIABLE} or give --secrets-file \
                 (or --allow-unsigned to try things out)"
            );
            return Err(Usage(message).into());
        }
        Ok(Some(Verifier::new(secrets)))
    }
}

/// Reads a size that the journal can hold and the flush can work on.
fn parse_body(text: &str) -> Result<u64, String> {
    let bytes = config::parse_bytes(text)?;
    let range = 1..=BODY_BYTES_MAX;
    if range.contains(&bytes) { Ok(bytes) } else { Err("use at most 64MiB".to_owned()) }
}

/// Reads a size of a head that the HTTP library can hold.
fn parse_head(text: &str) -> Result<u64, String> {
    let bytes = config::parse_bytes(text)?;
    let range = HEAD_BYTES_MIN as u64..=1 << 20;
    if range.contains(&bytes) { Ok(bytes) } else { Err("use 8KiB to 1MiB".to_owned()) }
}

fn parse_encoding(text: &str) -> Result<KeyEncoding, String> {
    match text {
        "auto" => Ok(KeyEncoding::Auto),
        "base64" => Ok(KeyEncoding::Base64),
        "utf8" => Ok(KeyEncoding::Utf8),
        "utf8-prefixed" => Ok(KeyEncoding::Utf8Prefixed),
        _ => Err("use auto, base64, utf8 or utf8-prefixed".to_owned()),
    }
}
