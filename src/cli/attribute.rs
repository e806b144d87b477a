//! `tributary attribute FILE`.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use futures::{StreamExt as _, stream};

use super::{Usage, output};
use crate::attribution::{AttributionError, Credit, Journeys, Model, Weights, attribute};
use crate::query::Rows;

/// First bytes of a gzip file.
const GZIP: &[u8] = &[0x1f, 0x8b];
/// First bytes of a Zstandard file.
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// Journeys: a CSV with `path,total_conversions,total_conversion_value,total_null`, also .gz
    /// or .zst; `-` for standard input
    file: String,
    /// Model; may be given several times; without it all but custom
    #[arg(long = "model", value_name = "NAME")]
    models: Vec<String>,
    /// Touches that a state of the Markov chain holds, 1 to 4
    #[arg(long, value_name = "K", default_value = "1")]
    order: usize,
    /// Shares of first, middle and last touch in the model custom
    #[arg(long, value_name = "A,B,C", default_value = "40,20,40")]
    weights: String,
    #[command(flatten)]
    output: output::Args,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    output::check(&args.output)?;
    let models: Result<Vec<Model>, _> = args.models.iter().map(|name| name.parse()).collect();
    let mut models = models.map_err(refuse)?;
    if models.is_empty() {
        models = Model::ALL.into_iter().filter(|model| *model != Model::Custom).collect();
    }
    let weights: Weights = args.weights.parse().map_err(refuse)?;
    let journeys = Journeys::from_csv(open(&args.file)?)
        .map_err(|error| Usage(format!("{}: {error}", args.file)))?;
    let credits = attribute(&journeys, &models, args.order, weights).map_err(refuse)?;
    let batch = batch(&credits)?;
    let rows = Rows { schema: batch.schema(), batches: stream::iter([Ok(batch)]).boxed() };
    output::write(&args.output, rows).await
}

#[expect(clippy::needless_pass_by_value, reason = "it is mapped over errors")]
fn refuse(error: AttributionError) -> Usage {
    Usage(error.to_string())
}

/// Opens a file, unpacked if its first bytes say that it is packed.
fn open(name: &str) -> anyhow::Result<Box<dyn Read>> {
    let refuse = |error: io::Error| Usage(format!("{name}: {error}; name a file of journeys"));
    let file: Box<dyn Read> = match name {
        "-" => Box::new(io::stdin()),
        name => Box::new(File::open(name).map_err(refuse)?),
    };
    let mut file = BufReader::new(file);
    let head = file.fill_buf().map_err(refuse)?;
    Ok(if head.starts_with(GZIP) {
        Box::new(flate2::read::MultiGzDecoder::new(file))
    } else if head.starts_with(ZSTD) {
        Box::new(zstd::Decoder::with_buffer(file).map_err(refuse)?)
    } else {
        Box::new(file)
    })
}

fn batch(credits: &[Credit]) -> anyhow::Result<RecordBatch> {
    let number = |get: fn(&Credit) -> Option<f64>| {
        Arc::new(credits.iter().map(get).collect::<Float64Array>()) as ArrayRef
    };
    let models = StringArray::from_iter_values(credits.iter().map(|credit| credit.model.name()));
    let channels = StringArray::from_iter_values(credits.iter().map(|credit| &credit.channel));
    let mut columns = vec![
        ("model", Arc::new(models) as ArrayRef),
        ("channel", Arc::new(channels) as ArrayRef),
        ("conversions", number(|credit| Some(credit.conversions))),
        ("value", number(|credit| Some(credit.value))),
    ];
    if credits.iter().any(|credit| credit.removal_effect.is_some()) {
        columns.push(("removal_effect", number(|credit| credit.removal_effect)));
    }
    Ok(RecordBatch::try_from_iter(columns)?)
}
