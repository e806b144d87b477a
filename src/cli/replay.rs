//! `tributary replay`: flattens again what `raw_events` holds.

use super::{Common, channels, days, output, progress};
use crate::replay::{ID_CONFLICT, Replay, Replayed, Selection};
use tributary_ingest::clock::{Clock as _, SystemClock};
use tributary_ingest::flatten::REASONS;

/// How often events are read whose rows change: to compare them, and to write them.
const PASSES: u64 = 2;

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// With a range every event of these days counts, not dead letters alone
    #[command(flatten)]
    days: days::Args,
    /// Only dead letters of this reason, such as `unexpected_type`
    #[arg(long, value_name = "REASON", value_parser = parse_reason)]
    reason: Option<String>,
    /// Tell what would be done, and write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    channels: channels::Args,
}

pub(super) async fn run(common: &Common, args: Args) -> anyhow::Result<()> {
    let days = args.days.check()?;
    let selection = Selection {
        dead_letters_only: days.from.is_none() && days.to.is_none(),
        from: days.from,
        to: days.to,
        reason: args.reason,
    };
    let channels = args.channels.channels(common)?;
    let lake = common.open_lake_to_read()?;
    let bar = progress::count(common, 0, "events");
    let told = bar.clone();
    let now_ms = SystemClock::new().now_ms();
    let mut replay = Replay::open(&lake, channels, now_ms, move |n| told.inc(n)).await?;
    let n_passes = if args.dry_run { 1 } else { PASSES };
    bar.set_length(n_passes * replay.n_events(&selection).await?);
    let replayed = if args.dry_run {
        replay.rehearse(&selection).await
    } else {
        lake.probe().await?;
        replay.run(&selection).await
    };
    bar.finish_and_clear();
    output::tell(&sentence(replayed?, args.dry_run));
    Ok(())
}

fn sentence(replayed: Replayed, is_dry: bool) -> String {
    let Replayed { n_events, n_dead_letters, n_changed, n_lost } = replayed;
    let n_whole = n_events - n_dead_letters;
    let done = if is_dry { "would be flattened again" } else { "flattened again" };
    let mut text =
        format!("{n_events} events {done}: {n_whole} whole, {n_dead_letters} still dead letters");
    match (n_changed, is_dry) {
        (0, _) => text.push_str("; no row changes"),
        (n, true) => text.push_str(&format!("; rows of {n} partitions would change")),
        (_, false) => {}
    }
    if n_lost > 0 {
        let more = format!("; {n_lost} more are not in raw_events and were left alone");
        text.push_str(&more);
    }
    text
}

/// Reads a reason that an event can be a dead letter for and be flattened again.
fn parse_reason(text: &str) -> Result<String, String> {
    if text == ID_CONFLICT {
        return Err("the id belongs to another body; such letters are not flattened".to_owned());
    }
    if REASONS.contains(&text) {
        return Ok(text.to_owned());
    }
    let others: Vec<&str> = REASONS.into_iter().filter(|reason| *reason != ID_CONFLICT).collect();
    Err(format!("use one of {}", others.join(", ")))
}
