//! Options of the dashboard and the report API, and of the listener they have.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Common, Usage};
use crate::app::DashboardSettings;
use crate::config::{self, ConfigError, Listen, ListenOrOff};
use crate::goal::{self, Goal};
use crate::query;
use crate::report::Catalog;
use crate::web::tokens::{Tokens, kept};
use crate::web::{Gate, Limits, Settings};
use tributary_ingest::clock::Clock;
use tributary_ingest::flatten::TABLES;

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// Address of dashboard, report API and metrics: ADDR:PORT, NAME:PORT, a port alone, or off
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
    dashboard_listen: ListenOrOff,
    /// Open connections there at most; webhooks have their own
    #[arg(long, value_name = "N", default_value = "256",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max_dashboard_connections: u32,
    /// File of tokens for dashboard and report API; without it one is made and kept in the journal
    #[arg(long, value_name = "FILE")]
    pub(super) tokens_file: Option<PathBuf>,
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

/// A token that nobody gave, and where it is kept.
pub(super) struct Made {
    /// The file that holds it.
    pub(super) file: PathBuf,
    token: String,
}

impl fmt::Debug for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Made").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Made {
    /// Reads or makes the token of a journal, and a gate that asks for it.
    pub(super) fn with_gate(journal: &Path) -> Result<(Self, Gate), ConfigError> {
        let token = keep(journal, kept::TOKEN_FILE)?;
        let gate = Gate::new(&Tokens::one(&token), &keep(journal, kept::KEY_FILE)?);
        Ok((Self { file: journal.join(kept::TOKEN_FILE), token }, gate))
    }

    /// Returns a link that signs in: whoever has it may see everything.
    pub(super) fn link(&self, address: SocketAddr) -> String {
        format!("{}login?token={}", url(address), self.token)
    }
}

/// Returns where a browser on this machine finds a listener.
pub(super) fn url(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        let loopback = if address.is_ipv4() { "127.0.0.1" } else { "::1" };
        address.set_ip(loopback.parse().expect("both are addresses"));
    }
    format!("http://{address}/")
}

/// Returns the addresses that are to be listened on, of which there is at least one.
pub(super) fn resolved(listen: &Listen) -> Result<Vec<SocketAddr>, Usage> {
    listen.resolve().map_err(|error| {
        Usage(format!("can't listen on `{listen}`: {error}; give an address of this machine"))
    })
}

fn keep(journal: &Path, name: &str) -> Result<String, ConfigError> {
    let read = kept::load_or_make(journal, name);
    read.map_err(|source| ConfigError::Read { path: journal.join(name), source })
}

impl Args {
    /// Returns the listener, if there is to be one, and the token that was made for it.
    pub(super) fn listener(
        &self,
        journal: &Path,
        clock: &dyn Clock,
    ) -> anyhow::Result<Option<(DashboardSettings, Option<Made>)>> {
        let tokens = self.tokens_file.as_deref().map(config::tokens).transpose()?;
        let ListenOrOff::At(listen) = &self.dashboard_listen else { return Ok(None) };
        let (made, gate) = match &tokens {
            None => {
                let (made, gate) = Made::with_gate(journal)?;
                (Some(made), gate)
            }
            Some(tokens) => {
                for token in tokens.all().iter().filter(|token| token.has_ended(clock.now_ms())) {
                    tracing::warn!(token = token.access().name, "a token has expired");
                }
                (None, Gate::new(tokens, &keep(journal, kept::KEY_FILE)?))
            }
        };
        let listen = resolved(listen)?[0];
        let connections_max = usize::try_from(self.max_dashboard_connections).unwrap_or(usize::MAX);
        Ok(Some((DashboardSettings { listen, connections_max, gate }, made)))
    }

    /// Returns what is to be served, if anything is.
    pub(super) fn settings(
        &self,
        common: &Common,
        body_time: Duration,
    ) -> anyhow::Result<Option<Settings>> {
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
            body_time,
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
