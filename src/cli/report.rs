//! `tributary report [NAME]`.

use std::path::PathBuf;

use arrow::array::{RecordBatch, StringArray};
use futures::{StreamExt as _, stream};

use super::{Common, output, reading};
use crate::query::Rows;
use crate::report::{Catalog, Report};

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// Report to run; without it they are listed
    name: Option<String>,
    /// First day, UTC
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// Day behind the last one, UTC
    #[arg(long, value_name = "DATE")]
    to: Option<String>,
    /// One tenant only
    #[arg(long)]
    tenant: Option<String>,
    /// One conversion only
    #[arg(long, value_name = "NAME")]
    conversion: Option<String>,
    /// Whose journeys: person or account
    #[arg(long)]
    unit: Option<String>,
    /// How far back touches count, such as 30d
    #[arg(long, value_name = "TIME")]
    lookback: Option<String>,
    /// Time in which the credit of time decay halves
    #[arg(long, value_name = "TIME")]
    half_life: Option<String>,
    /// What is credited: channel, source, medium, campaign, term, content, `landing_page`, country, device
    #[arg(long, value_name = "DIMENSION")]
    by: Option<String>,
    /// Rows at most
    #[arg(long, value_name = "N")]
    limit: Option<String>,
    /// Any other parameter of the report
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parse_pair)]
    params: Vec<(String, String)>,
    /// Folder of reports of your own
    #[arg(long, value_name = "DIR")]
    queries: Option<PathBuf>,
    /// Print the report's SQL and its parameters instead of running it
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    reading: reading::Args,
    #[command(flatten)]
    output: output::Args,
}

pub(super) async fn run(common: &Common, args: Args) -> anyhow::Result<()> {
    output::check(&args.output)?;
    let mut catalog = Catalog::bundled()?;
    if let Some(folder) = &args.queries {
        catalog.add_folder(folder)?;
    }
    let Some(name) = &args.name else { return list(&catalog, &args.output).await };
    let report = catalog.find(name)?;
    let given = args.given();
    let values = report.bind(&given)?;
    if args.explain {
        return explain(report, &given);
    }
    let engine = args.reading.engine(common).await?;
    let rows = engine.run(&report.sql, &values).await?;
    output::write(&args.output, rows).await
}

impl Args {
    fn given(&self) -> Vec<(String, String)> {
        let named = [
            ("from", &self.from),
            ("to", &self.to),
            ("tenant", &self.tenant),
            ("conversion", &self.conversion),
            ("unit", &self.unit),
            ("lookback", &self.lookback),
            ("half_life", &self.half_life),
            ("by", &self.by),
            ("limit", &self.limit),
        ];
        let named =
            named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)));
        named.chain(self.params.iter().cloned()).collect()
    }
}

async fn list(catalog: &Catalog, args: &output::Args) -> anyhow::Result<()> {
    let reports = catalog.reports();
    let names = StringArray::from_iter_values(reports.iter().map(|report| &report.name));
    let docs = StringArray::from_iter_values(reports.iter().map(|report| &report.description));
    let batch = RecordBatch::try_from_iter([
        ("report", std::sync::Arc::new(names) as _),
        ("description", std::sync::Arc::new(docs) as _),
    ])?;
    let schema = batch.schema();
    let batches = stream::iter([Ok(batch)]).boxed();
    output::write(args, Rows { schema, batches }).await
}

fn explain(report: &Report, given: &[(String, String)]) -> anyhow::Result<()> {
    let mut text = format!("-- report {}: {}\n", report.name, report.title);
    for (name, value) in given {
        text.push_str(&format!("-- ${name} is bound to {value:?}\n"));
    }
    text.push_str(&report.sql);
    output::print(text.as_bytes())
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
