//! Options of commands that write through the journal.

use std::path::PathBuf;
use std::time::Duration;

use super::channels;
use crate::app::JournalSettings;
use crate::config;

#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// Folder of the durable inbox
    #[arg(long, value_name = "DIR", default_value = "./journal")]
    pub(super) journal: PathBuf,
    /// Bytes that may wait for the lake; beyond that webhooks are answered 503
    #[arg(long, value_name = "SIZE", default_value = "10GiB", value_parser = config::parse_bytes)]
    journal_bytes: u64,
    /// How long a webhook's id is remembered to recognise duplicates
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = config::parse_duration)]
    dedup_window: Duration,
    #[command(flatten)]
    pub(super) channels: channels::Args,
}

/// How much memory a flush may take.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub(super) struct Memory {
    /// Rows in memory while events are flushed; with more, a table gets several files a day
    #[arg(long, value_name = "SIZE", default_value = "32MiB", value_parser = config::parse_bytes)]
    flush_memory: u64,
}

impl Memory {
    pub(super) fn chunk_bytes_max(&self) -> usize {
        usize::try_from(self.flush_memory).unwrap_or(usize::MAX)
    }
}

impl Args {
    pub(super) fn settings(&self) -> JournalSettings {
        JournalSettings {
            directory: self.journal.clone(),
            bytes_max: self.journal_bytes,
            dedup_window: self.dedup_window,
        }
    }
}
