//! `tributary load conversions|spend FILE`.

use std::path::PathBuf;

use super::{Common, channels, output};
use crate::load::{Kind, Loaded, load};
use tributary_ingest::clock::{Clock as _, SystemClock};

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// What the file holds
    #[arg(value_name = "conversions|spend", value_parser = parse_kind)]
    kind: Kind,
    /// CSV, NDJSON or Parquet file
    file: PathBuf,
    #[command(flatten)]
    channels: channels::Args,
}

pub(super) async fn run(common: &Common, args: Args) -> anyhow::Result<()> {
    let lake = common.open_lake()?;
    lake.probe().await?;
    let channels = args.channels.channels(common)?;
    let now_ms = SystemClock::new().now_ms();
    match load(&lake, args.kind, &args.file, &channels, now_ms).await? {
        Loaded::Rows { n_rows, unused } => {
            for column in unused {
                output::tell(&format!("warning: column `{column}` was not used"));
            }
            output::tell(&format!("{} loaded", output::counted(n_rows as u64, "row")));
        }
        Loaded::Before => output::tell("this file was loaded before; nothing to do"),
    }
    Ok(())
}

fn parse_kind(text: &str) -> Result<Kind, String> {
    match text {
        "conversions" => Ok(Kind::Conversions),
        "spend" => Ok(Kind::Spend),
        _ => Err("load conversions or spend".to_owned()),
    }
}
