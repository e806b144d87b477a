//! Logging, to standard error, as text for people or JSON for machines; and traces.

use std::io::IsTerminal as _;

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

pub mod traces;

use traces::Traces;

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// A line for people.
    Text,
    /// A JSON object.
    Json,
}

/// Starts logging; a second call does nothing.
///
/// Libraries are heard only when asked for more, and then from warnings on: what matters of
/// their errors is in ours, and their notes may quote data.
pub fn start(format: LogFormat, level: Option<Level>, is_colourful: bool, traces: Option<&Traces>) {
    let own = level.map_or(LevelFilter::OFF, LevelFilter::from_level);
    let others = if own >= LevelFilter::DEBUG { LevelFilter::WARN } else { LevelFilter::OFF };
    let targets = Targets::new().with_target("tributary", own).with_default(others);
    let colour = is_colourful && std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let layer = match format {
        LogFormat::Text => lines.with_ansi(colour).with_target(false).boxed(),
        LogFormat::Json => lines.json().with_ansi(false).boxed(),
    };
    let spans = traces.map(|traces| {
        tracing_opentelemetry::layer()
            .with_tracer(traces.tracer())
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(
                Targets::new()
                    .with_target(traces::PART, Level::INFO)
                    .with_target(traces::REQUEST, Level::INFO),
            )
    });
    let lines = layer.with_filter(targets);
    // Only tests call this twice, and the first subscriber serves them as well.
    _ = tracing_subscriber::registry().with(lines).with(spans).try_init();
}
