//! `tributary recover`: what a crashed ingester's journal holds goes into the lake.

use super::{Common, drain, journal, output};

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    #[command(flatten)]
    journal: journal::Args,
}

pub(super) async fn run(common: &Common, args: Args) -> anyhow::Result<()> {
    let drained = drain::drain(common, &args.journal).await?;
    let journal = args.journal.journal.display();
    output::tell(&match drained.n_segments {
        0 => format!("journal {journal}: nothing waits in it"),
        n => format!("journal {journal}: {n} segments are in the lake now"),
    });
    Ok(())
}
