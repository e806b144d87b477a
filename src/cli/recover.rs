//! `tributary recover`: what a crashed ingester's journal holds goes into the lake.

use super::{Common, drain, journal, output};
use crate::flush::opening::Otherwise;

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    #[command(flatten)]
    journal: journal::Args,
    /// Go on with the lake that is at --lake, or make one there, whichever lake the journal knew:
    /// what waits goes there, and ids of events in the other lake are forgotten
    #[arg(long)]
    new_lake: bool,
    /// Forget the ids of all events that are in the lake, so that repeats of them are taken; after
    /// restoring an older copy of the lake
    #[arg(long)]
    forget_ids: bool,
}

pub(super) async fn run(common: &Common, args: Args) -> anyhow::Result<()> {
    let otherwise = if args.new_lake { Otherwise::Take } else { Otherwise::Wait };
    let drained = drain::drain(common, &args.journal, otherwise).await?;
    let journal = args.journal.journal.display();
    output::tell(&match drained.n_segments {
        0 => format!("journal {journal}: nothing waits in it"),
        n => format!("journal {journal}: {n} segments are in the lake now"),
    });
    if args.forget_ids {
        drained.journal.directory().forget_ids()?;
        output::tell(&format!("journal {journal}: ids are forgotten, repeats are taken"));
    }
    Ok(())
}
