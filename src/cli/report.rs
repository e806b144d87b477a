//! `tributary report [NAME]`.

use std::path::PathBuf;

use arrow::array::{RecordBatch, StringArray};
use clap::ArgMatches;
use clap::parser::ValueSource;
use futures::{StreamExt as _, stream};

use super::{Common, output, reading};
use crate::query::{Rows, filled_in};
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
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// One conversion only
    #[arg(long, value_name = "NAME")]
    conversion: Option<String>,
    /// One stage of deals: lead, opportunity, won or your own
    #[arg(long, value_name = "NAME")]
    stage: Option<String>,
    /// Whose journeys: person or account
    #[arg(long, value_name = "UNIT")]
    unit: Option<String>,
    /// How credit is shared out, such as linear or markov
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// How far back touches count, such as 30d; none for all
    #[arg(long, value_name = "TIME")]
    lookback: Option<String>,
    /// How many touches back count
    #[arg(long, value_name = "N")]
    steps: Option<String>,
    /// What becomes of Direct, such as exclude
    #[arg(long, value_name = "WHAT")]
    direct: Option<String>,
    /// What is a touch: session or pageview
    #[arg(long, value_name = "WHAT")]
    touchpoint: Option<String>,
    /// Time in which the credit of time decay halves
    #[arg(long, value_name = "TIME")]
    half_life: Option<String>,
    /// Shares of first, middle and last touch in the model custom
    #[arg(long, value_name = "A,B,C")]
    weights: Option<String>,
    /// Touches that a state of the Markov chain holds, 1 to 4
    #[arg(long, value_name = "N")]
    order: Option<String>,
    /// What is told apart: channel, source, medium, campaign, country, industry and more
    #[arg(long, value_name = "DIMENSION")]
    by: Option<String>,
    /// Length of a step: day, week or month
    #[arg(long, value_name = "TIME")]
    period: Option<String>,
    /// How paths are written: unique, exposure, first or frequency
    #[arg(long, value_name = "NAME")]
    transform: Option<String>,
    /// Whose dates count: conversion or touch
    #[arg(long, value_name = "WHAT")]
    basis: Option<String>,
    /// What is shared out: conversions or value
    #[arg(long, value_name = "WHAT")]
    measure: Option<String>,
    /// One company
    #[arg(long, value_name = "DOMAIN")]
    account: Option<String>,
    /// One person, by e-mail or other key
    #[arg(long, value_name = "KEY")]
    person: Option<String>,
    /// Rows at most
    #[arg(long, value_name = "N")]
    limit: Option<String>,
    /// Any other parameter of the report
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parse_pair)]
    params: Vec<(String, String)>,
    /// Folder of reports of your own
    #[arg(long, value_name = "DIR")]
    queries: Option<PathBuf>,
    /// Print the report's SQL with its parameters filled in instead of running it
    #[arg(long)]
    explain: bool,
    /// Draw bars instead of a table: of a column with numbers, without a name of the first
    #[arg(
        long, value_name = "COLUMN", num_args = 0..=1, require_equals = true,
        conflicts_with_all = ["format", "csv_raw", "explain"]
    )]
    #[expect(clippy::option_option, reason = "given or not, and with a column or without")]
    chart: Option<Option<String>>,
    /// Parameters that were given as flags, not by environment or file.
    #[arg(skip)]
    flags: Vec<String>,
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
    let given = args.given(report);
    let values = report.bind(&given)?;
    if args.explain {
        return output::print(filled_in(&report.sql, &values)?.as_bytes());
    }
    let engine = args.reading.engine(common).await?;
    let rows = engine.run(&report.sql, &values).await?;
    match &args.chart {
        Some(figure) => output::draw(&args.output, figure.as_deref(), rows).await?,
        None => output::write(&args.output, rows).await?,
    }
    if let Some(note) = report.note.as_ref().filter(|_| args.output.is_for_eyes()) {
        output::tell(&format!("note: {note}"));
    }
    if args.output.is_for_eyes() {
        args.reading.tell_of_waiting(common);
    }
    Ok(())
}

impl Args {
    /// Keeps in mind which parameters were given as flags.
    pub(super) fn note_flags(&mut self, matches: &ArgMatches) {
        let is_flag = |id: &&str| matches.value_source(id) == Some(ValueSource::CommandLine);
        let ids = matches.ids().map(clap::Id::as_str);
        self.flags = ids.filter(is_flag).map(str::to_owned).collect();
    }

    /// Returns the parameters given. One that the report has no use for is left to be refused only
    /// if it is a flag; environment and file speak to all reports.
    fn given(&self, report: &Report) -> Vec<(String, String)> {
        let is_meant = |name: &str| {
            self.flags.iter().any(|flag| flag == name)
                || report.parameters.iter().any(|parameter| parameter.name == name)
        };
        let named = [
            ("from", &self.from),
            ("to", &self.to),
            ("tenant", &self.tenant),
            ("conversion", &self.conversion),
            ("stage", &self.stage),
            ("unit", &self.unit),
            ("model", &self.model),
            ("lookback", &self.lookback),
            ("steps", &self.steps),
            ("direct", &self.direct),
            ("touchpoint", &self.touchpoint),
            ("half_life", &self.half_life),
            ("weights", &self.weights),
            ("order", &self.order),
            ("by", &self.by),
            ("period", &self.period),
            ("transform", &self.transform),
            ("basis", &self.basis),
            ("measure", &self.measure),
            ("account", &self.account),
            ("person", &self.person),
            ("limit", &self.limit),
        ];
        let named =
            named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)));
        let named = named.filter(|(name, _)| is_meant(name));
        named.chain(self.params.iter().cloned()).collect()
    }
}

async fn list(catalog: &Catalog, args: &output::Args) -> anyhow::Result<()> {
    let reports = catalog.reports();
    if args.is_for_eyes() {
        // Each whole on its line, where a table would cut it.
        let width = reports.iter().map(|report| report.name.len()).max().unwrap_or(0);
        let line = |r: &Report| format!("{:width$}  {}\n", r.name, r.description);
        return output::print(reports.iter().map(line).collect::<String>().as_bytes());
    }
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

fn parse_pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
