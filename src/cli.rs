//! The command line: one subcommand a file.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue};
use clap::{ArgAction, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use tokio::signal::unix::SignalKind;

use crate::config;
use crate::goal::{self, Goal};
use crate::shutdown;
use crate::telemetry::traces::Traces;
use crate::telemetry::{self, LogFormat};
use tributary_lake::{Lake, LakeConfig, Location};

mod attribute;
mod channels;
mod check;
mod compact;
mod completions;
mod dashboard;
mod days;
mod demo;
mod drain;
mod forget;
mod generate;
mod import;
mod journal;
mod load;
mod man;
mod output;
mod progress;
mod prompt;
mod reading;
mod recover;
mod replay;
mod report;
mod schema;
mod send;
mod serve;
mod sources;
mod sql;
mod stdout;
mod upkeep;

pub use output::print;
pub use stdout::is_closed_pipe;

/// Signals that end what reads.
const ENDING: [SignalKind; 2] = [SignalKind::interrupt(), SignalKind::terminate()];

/// Website-visitor sessions become an attribution lake that its owner keeps.
#[derive(Debug, Parser)]
#[command(name = "tributary", version, max_term_width = 100, disable_help_subcommand = false)]
pub struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// Options of every subcommand.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Common {
    /// Where the lake is: a path, s3://, gs:// or az:// URL
    #[arg(long, global = true, value_name = "URL", default_value = "./lake")]
    lake: Location,
    /// Settings file; ./tributary.toml is read if it is there
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Form of log lines on standard error
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,
    /// Log more; twice for everything
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
    /// Log errors only, show no progress
    #[arg(short, long, global = true)]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the whole story on this machine: sends sample events, flushes, prints reports
    Demo(demo::Args),
    /// Runs the ingester: receives webhooks and writes them to the lake
    Serve(Box<serve::Args>),
    /// Backfills files of raw webhook bodies
    Import(import::Args),
    /// Runs a bundled report; without a name lists them
    Report(Box<report::Args>),
    /// Attributes ready-made journeys: a CSV of paths and what they ended in
    Attribute(attribute::Args),
    /// Runs SQL over the lake's tables
    Sql(sql::Args),
    /// Loads a file of conversions (CRM deals, orders) or of advertising spend
    Load(load::Args),
    /// Merges small files, drops superseded rows and copies, removes files that nobody needs
    Compact(compact::Args),
    /// Erases people, visitors or companies from every table and from the journal
    Forget(Box<forget::Args>),
    /// Brings what a crashed ingester's journal holds into the lake
    Recover(recover::Args),
    /// Flattens dead letters, or a range of days, again
    Replay(replay::Args),
    /// Examines configuration, journal and lake
    Check(check::Args),
    /// Prints the tables' columns, types and meaning
    Schema(schema::Args),
    /// Writes sample events, or sends them signed to a running ingester
    Generate(generate::Args),
    /// Prints shell completions
    Completions(completions::Args),
    /// Prints the manual page of a command, or writes all pages to a folder
    Man(man::Args),
}

/// The command line, the configuration or the input is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// What the command line asks for besides a command.
#[derive(Debug)]
pub enum Parsed {
    /// A command to run.
    Run(Box<Cli>),
    /// A text to print: help or version.
    Print(String),
}

/// Reads the command line with the settings of environment and file.
///
/// # Errors
/// [`Usage`] and [`config::ConfigError`].
pub fn parse(arguments: Vec<OsString>) -> anyhow::Result<Parsed> {
    let command = config::with_settings(Cli::command(), &arguments)?;
    let parsed = command.try_get_matches_from(arguments);
    let parsed = parsed.and_then(|matches| {
        let mut cli = Cli::from_arg_matches(&matches)?;
        if let (Command::Report(args), Some((_, matches))) =
            (&mut cli.command, matches.subcommand())
        {
            args.note_flags(matches);
        }
        Ok(cli)
    });
    match parsed {
        Ok(cli) => Ok(Parsed::Run(Box::new(cli))),
        Err(error) if !error.use_stderr() => Ok(Parsed::Print(styled(&error))),
        Err(error) => Err(Usage(one_line(&error)).into()),
    }
}

/// Renders help or version, with colours where someone sees them.
fn styled(error: &clap::Error) -> String {
    let is_colourful = io::stdout().is_terminal() && config::variable("NO_COLOR").is_none();
    let text = error.render();
    if is_colourful { text.ansi().to_string() } else { text.to_string() }
}

/// Shortens the parser's message to its first paragraph and its hints, on one line.
fn one_line(error: &clap::Error) -> String {
    if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return "which command? `tributary help` lists them".to_owned();
    }
    let text = error.render().to_string();
    let mut parts: Vec<String> = vec![];
    for paragraph in text.split("\n\n") {
        if paragraph.starts_with("error:") {
            parts.push(joined(paragraph.trim_start_matches("error:")));
        } else if paragraph.trim_start().starts_with("tip:") {
            let tips = paragraph.lines().map(|tip| tip.trim().trim_start_matches("tip:"));
            parts.extend(tips.map(joined));
        }
    }
    if error.get(ContextKind::InvalidArg) == Some(&ContextValue::String("--port".to_owned())) {
        parts.truncate(1);
        parts.push("--listen ADDR:PORT says where `serve` listens".to_owned());
    }
    let line = without_credentials(&parts.join("; "));
    format!("{line}; see `tributary help`")
}

/// Puts lines into one: those below the first one list what it announces.
fn joined(paragraph: &str) -> String {
    let mut lines = paragraph.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default().to_owned();
    let rest: Vec<&str> = lines.collect();
    if rest.is_empty() { first } else { format!("{first} {}", rest.join(", ")) }
}

/// Leaves the password and what follows the path out of the addresses of a line.
fn without_credentials(line: &str) -> String {
    let mut parts = line.split("://");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find([' ', '\'', '`']).unwrap_or(part.len());
        let (address, rest) = part.split_at(end);
        let path = address.split(['?', '#']).next().unwrap_or_default();
        out.push_str("://");
        match path.rsplit_once('@').and_then(|(user, host)| Some((user.split_once(':')?.0, host))) {
            Some((user, host)) => out.extend([user, ":…@", host]),
            None => out.push_str(path),
        }
        out.push_str(if path.len() < address.len() { "?…" } else { "" });
        out.push_str(rest);
    }
    out
}

impl Cli {
    /// Runs the command.
    ///
    /// # Errors
    /// Why it could not be done.
    pub async fn run(self) -> anyhow::Result<()> {
        let common = self.common;
        let traces = common.start_logging(matches!(self.command, Command::Serve(_)))?;
        let done = Self::run_command(&common, self.command).await;
        if let Some(traces) = traces {
            tokio::task::spawn_blocking(move || traces.end()).await?;
        }
        done
    }

    async fn run_command(common: &Common, command: Command) -> anyhow::Result<()> {
        match command {
            Command::Demo(args) => demo::run(common, args).await,
            Command::Serve(args) => serve::run(common, *args).await,
            Command::Import(args) => import::run(common, args).await,
            Command::Report(args) => {
                shutdown::unless_interrupted(ENDING, report::run(common, *args)).await
            }
            Command::Attribute(args) => attribute::run(args).await,
            Command::Sql(args) => sql::run(common, args).await,
            Command::Load(args) => load::run(common, args).await,
            Command::Compact(args) => compact::run(common, args).await,
            Command::Forget(args) => forget::run(common, *args).await,
            Command::Recover(args) => recover::run(common, args).await,
            Command::Replay(args) => replay::run(common, args).await,
            Command::Check(args) => check::run(common, args).await,
            Command::Schema(args) => schema::run(common, &args),
            Command::Generate(args) => generate::run(common, args).await,
            Command::Completions(args) => completions::run(&args),
            Command::Man(args) => man::run(&args),
        }
    }
}

impl Common {
    fn start_logging(&self, is_service: bool) -> Result<Option<Traces>, Usage> {
        let usual = if is_service { tracing::Level::INFO } else { tracing::Level::WARN };
        let level = match (self.quiet, self.verbose) {
            (true, _) => tracing::Level::ERROR,
            (false, 0) => usual,
            (false, 1) => tracing::Level::DEBUG,
            (false, _) => tracing::Level::TRACE,
        };
        let is_colourful = config::variable("NO_COLOR").is_none();
        let traces = Traces::start().map_err(Usage)?;
        telemetry::start(self.log_format, Some(level), is_colourful, traces.as_ref());
        Ok(traces)
    }

    /// Returns where the lake is, without looking there.
    fn lake_config(&self) -> anyhow::Result<LakeConfig> {
        let options = match &self.lake {
            Location::Folder(_) => vec![],
            Location::Remote(url) => config::store_options(url.scheme())?,
        };
        Ok(LakeConfig::new(&self.lake, &options))
    }

    fn open_lake(&self) -> anyhow::Result<Lake> {
        Ok(self.lake_config()?.open()?)
    }

    /// Returns the goals of the command line, else those of the settings file, else the usual.
    fn goals(&self, given: &[Goal]) -> anyhow::Result<Vec<Goal>> {
        if !given.is_empty() {
            return Ok(given.to_vec());
        }
        let goals = config::goals(self.config.as_deref())?;
        Ok(if goals.is_empty() { goal::default_goals() } else { goals })
    }

    /// Tells whether what is told on standard error is for people, and they want to hear it.
    fn is_for_eyes(&self) -> bool {
        self.log_format == LogFormat::Text && !self.quiet
    }

    /// Opens the lake for reading; a folder that is not there is the user's mistake.
    fn open_lake_to_read(&self) -> anyhow::Result<Lake> {
        if let Some(folder) = self.lake.folder()
            && !folder.is_dir()
        {
            let folder = folder.display();
            let message =
                format!("lake `{folder}` is not there; give --lake, or run `tributary demo`");
            return Err(Usage(message).into());
        }
        self.open_lake()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(arguments: &[&str]) -> String {
        let arguments = arguments.iter().map(OsString::from).collect();
        parse(arguments).unwrap_err().to_string()
    }

    #[test]
    fn every_command_is_put_together_soundly() {
        config::with_settings(Cli::command(), &[]).unwrap().debug_assert();
    }

    #[test]
    fn credentials_in_an_address_are_not_repeated() {
        for address in ["s3://key:hidden@b/a", "https://a.example/c?sig=hidden", "s3://b#hidden"] {
            let line = error(&["tributary", "sql", "--lake", address, "SELECT 1"]);
            assert!(line.contains("environment") && !line.contains("hidden"), "{line}");
        }
    }

    #[test]
    fn a_wrong_option_comes_with_the_one_that_was_meant() {
        assert_eq!(
            error(&["tributary", "report", "--form", "x"]),
            "unexpected argument '--form' found; a similar argument exists: '--from'; see `tributary \
             help`"
        );
        assert_eq!(
            error(&["tributary", "serve", "--port", "8080"]),
            "unexpected argument '--port' found; --listen ADDR:PORT says where `serve` listens; see \
             `tributary help`"
        );
        assert_eq!(
            error(&["tributary", "serv"]),
            "unrecognized subcommand 'serv'; a similar subcommand exists: 'serve'; see `tributary \
             help`"
        );
        assert_eq!(
            error(&["tributary", "import"]),
            "the following required arguments were not provided: <PATH>...; see `tributary help`"
        );
    }

    #[test]
    fn a_wrong_command_line_is_one_line_that_names_the_culprit() {
        for (arguments, culprit) in [
            (&["tributary", "report", "--frm", "x"][..], "--frm"),
            (&["tributary", "serv"], "serv"),
            (&["tributary", "serve", "--listen", "here"], "here"),
            (&["tributary", "serve", "--flush-interval", "soon"], "soon"),
            (&["tributary", "sql", "--lake", "ftp://x/y", "SELECT 1"], "ftp://x/y"),
            (&["tributary", "import"], "PATH"),
            (&["tributary"], "command"),
        ] {
            let line = error(arguments);
            assert!(line.contains(culprit) && !line.contains('\n'), "{line:?}");
        }
    }
}
