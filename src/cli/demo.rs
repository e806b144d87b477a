//! `tributary demo`: the whole story on one machine.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;

use super::dashboard::Made;
use super::send::Sender;
use super::{Common, generate, output};
use crate::app::{App, DashboardSettings, JournalSettings, Settings};
use crate::flush::Policy;
use crate::goal;
use crate::query::{Engine, Limits as QueryLimits, QueryError, Rows};
use crate::receive::Limits;
use crate::report::Catalog;
use crate::report::render::Format;
use crate::shutdown;
use crate::web;
use tributary_ingest::clock::{Clock, SystemClock};
use tributary_ingest::flatten::TABLES;
use tributary_ingest::flatten::channel::Channels;
use tributary_ingest::journal::Quota;
use tributary_ingest::verify::{KeyEncoding, Secret, Verifier};
use tributary_lake::{Lake, Location};
use tributary_sample::{Generator, Plan};

const CONNECTIONS: usize = 32;
/// Where the dashboard is, unless something else is there.
const ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8081);
/// Connections of the dashboard at most.
const DASHBOARD_CONNECTIONS: usize = 256;
/// Rows of an answer at most.
const ROWS_MAX: usize = 6;
/// What is asked: the question, the report, and those of its columns that answer it.
const QUESTIONS: [(&str, &str, &[&str]); 5] = [
    (
        "Which channels bring the people and the companies that buy?",
        "channels",
        &["channel", "people", "accounts", "conversions", "value"],
    ),
    ("Which campaigns?", "campaigns", &["campaign", "channel", "people", "conversions", "value"]),
    (
        "Where do they come in?",
        "landing-pages",
        &["landing_host", "landing_path", "sessions", "people", "conversions"],
    ),
    (
        "Which ways end in a conversion?",
        "paths",
        &["path", "conversions", "value", "conversion_rate"],
    ),
    (
        "Which companies come most?",
        "accounts",
        &["name", "industry", "people", "sessions", "score", "stage"],
    ),
];

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// Folder of the demo's lake and journal
    #[arg(long, value_name = "DIR", default_value = "./tributary-demo")]
    directory: PathBuf,
    /// Sample events to send
    #[arg(long, value_name = "N", default_value = "3000")]
    events: u64,
    /// Leave ingester and dashboard running until they are stopped
    #[arg(long)]
    keep: bool,
}

pub(super) async fn run(_: &Common, args: Args) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let lake = Lake::open(&Location::Folder(args.directory.join("lake")), &[])?;
    let text = format!("whsec_{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
    let secret = || Secret::parse(&text, KeyEncoding::Auto, 16);
    let verifier = Verifier::new(vec![secret()?]);
    let stop = if args.keep { Some(shutdown::on_signal()?) } else { None };
    let (settings, made) = settings(&args, verifier)?;
    let app = App::start(settings, lake.clone(), Arc::clone(&clock)).await?;
    let url = format!("http://{}", app.address());
    output::tell(&format!("sending {} signed events to {url}/webhooks/midbound", args.events));
    let sender = Sender::new(&url, Some(secret()?), CONNECTIONS, clock, None);
    let plan = Plan { n_events: args.events, ..Plan::default() };
    let answers = sender.send_all(Generator::new(plan), || {}).await?;
    output::tell(&format!("answered: {}", generate::sentence(&answers)));
    let n_failed = answers.get("failed").copied().unwrap_or(0);
    anyhow::ensure!(n_failed == 0, "{n_failed} events were not accepted");
    let kept = match stop {
        None => {
            app.stop().await?;
            output::tell("flushed: everything is in the lake");
            None
        }
        Some(stop) => {
            app.flush().await?;
            output::tell("flushed: everything is in the lake");
            Some((app, stop))
        }
    };
    print_reports(&lake).await?;
    print_next(&args)?;
    if let Some((app, mut stop)) = kept {
        if let (Some(made), Some(address)) = (made, app.dashboard_address()) {
            let link = made.link(address);
            output::print(format!("\nThe dashboard: {link}\nCtrl-C stops it\n").as_bytes())?;
        }
        _ = stop.wait_for(|stop| *stop).await;
        app.stop().await?;
    }
    Ok(())
}

fn settings(args: &Args, verifier: Verifier) -> anyhow::Result<(Settings, Option<Made>)> {
    let any_port = SocketAddr::new(ADDRESS.ip(), 0);
    let journal = args.directory.join("journal");
    let (mut dashboard, mut made) = (None, None);
    if args.keep {
        let is_free = TcpListener::bind(ADDRESS).is_ok();
        let listen = if is_free { ADDRESS } else { any_port };
        let (token, gate) = Made::with_gate(&journal)?;
        let connections_max = DASHBOARD_CONNECTIONS;
        dashboard = Some(DashboardSettings { listen, connections_max, gate });
        made = Some(token);
    }
    let web = web::Settings {
        tables: &TABLES,
        catalog: Catalog::bundled()?,
        goals: goal::default_goals(),
        limits: web::Limits::default(),
    };
    let settings = Settings {
        listen: any_port,
        journal: JournalSettings {
            directory: journal,
            quota: Quota::default(),
            dedup_window: Duration::from_secs(7 * 86_400),
        },
        policy: Policy {
            interval: Duration::from_secs(60),
            rows_max: 1 << 20,
            bytes_max: 32 << 20,
            chunk_bytes_max: 32 << 20,
        },
        verifier: Some(verifier),
        limits: Limits::default(),
        channels: Channels::default(),
        upkeep: None,
        dashboard,
        web: args.keep.then_some(web),
    };
    Ok((settings, made))
}

async fn print_reports(lake: &Lake) -> anyhow::Result<()> {
    let limits =
        QueryLimits { memory_bytes_max: 1 << 30, spill_bytes_max: 1 << 33, partitions: None };
    let engine = Engine::open(lake, &TABLES, &goal::default_goals(), limits).await?;
    let catalog = Catalog::bundled()?;
    for (question, name, columns) in QUESTIONS {
        let report = catalog.find(name)?;
        let line = format!("\n{question}  (tributary report {name})\n\n");
        output::print(line.as_bytes())?;
        let rows = engine.run(&report.sql, &report.bind(&[])?).await?;
        let to_terminal = output::Args { format: Format::Table, csv_raw: false, output: None };
        output::write(&to_terminal, first_rows(rows, columns)?).await?;
    }
    Ok(())
}

/// Leaves of an answer its first rows and these columns.
fn first_rows(rows: Rows, columns: &[&str]) -> anyhow::Result<Rows> {
    let picked: Vec<usize> =
        columns.iter().map(|name| rows.schema.index_of(name)).collect::<Result<_, _>>()?;
    let schema = Arc::new(rows.schema.project(&picked)?);
    let mut n_left = ROWS_MAX;
    let batches = rows.batches.map(move |batch| {
        let batch = batch?;
        let n_rows = batch.num_rows().min(n_left);
        n_left -= n_rows;
        let batch = batch.slice(0, n_rows).project(&picked);
        batch.map_err(|error| QueryError::Failed(error.to_string()))
    });
    Ok(Rows { schema, batches: batches.boxed() })
}

fn print_next(args: &Args) -> anyhow::Result<()> {
    let folder = args.directory.display();
    let mut text = format!(
        "\nGo on with\n\
         \x20 tributary report accounts --lake {folder}/lake --format csv\n\
         \x20 tributary sql --lake {folder}/lake \"SELECT channel, count(*) FROM visits GROUP BY 1\"\n\
         \x20 duckdb -c \"SELECT count(*) FROM \
         read_parquet('{folder}/lake/sessions/date=*/*.parquet', hive_partitioning = true)\"\n\
         \x20 TRIBUTARY_WEBHOOK_SECRETS=whsec_… tributary serve\n"
    );
    if !args.keep {
        let line = format!(
            "\nThe dashboard: tributary demo --keep --directory {folder}\n\
             \x20 then open the link that it prints\n"
        );
        text.push_str(&line);
    }
    output::print(text.as_bytes())
}
