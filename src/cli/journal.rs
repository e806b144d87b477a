//! Options of commands that write through the journal.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::{Common, channels};
use crate::app::{JournalSettings, open_journal};
use crate::blocks::Blocks;
use crate::config;
use crate::flush::opening::{self, Otherwise, Setup};
use crate::flush::{Policy, Worker};
use crate::metrics::Metrics;
use tributary_ingest::clock::{Clock, SystemClock};
use tributary_ingest::journal::bond::{self, Target};
use tributary_ingest::journal::{Journal, Quota};

/// Where a journal is, if nobody says otherwise.
pub(super) const USUAL: &str = "./journal";

#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// Folder of the durable inbox
    #[arg(long, value_name = "DIR", default_value = USUAL)]
    pub(super) journal: PathBuf,
    /// Bytes that may wait for the lake; beyond that webhooks are answered 503
    #[arg(long, value_name = "SIZE", default_value = "10GiB", value_parser = config::parse_bytes)]
    pub(super) journal_bytes: u64,
    /// Sealed segments that may wait for the lake
    #[arg(long, value_name = "N", default_value = "10000",
          value_parser = clap::value_parser!(u32).range(1..))]
    max_segments: u32,
    /// Age of the oldest event that waits, beyond which webhooks are answered 503
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = config::parse_duration)]
    max_backlog_age: Duration,
    /// Space that stays free on the journal's disk; with less, webhooks are answered 503
    #[arg(long, value_name = "SIZE", default_value = "16MiB", value_parser = config::parse_bytes)]
    pub(super) min_free_disk: u64,
    /// How long a webhook's id is remembered to recognise duplicates
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = config::parse_duration)]
    dedup_window: Duration,
    #[command(flatten)]
    pub(super) channels: channels::Args,
}

/// A journal of this process, and what brings its events into the lake.
pub(super) struct Flushing {
    pub(super) journal: Arc<Journal>,
    pub(super) worker: Worker,
    pub(super) clock: Arc<dyn Clock>,
}

impl Args {
    /// Opens the lake, and the journal for it, with segments of some bytes that are flushed in chunks.
    pub(super) async fn open(
        &self,
        common: &Common,
        segment_bytes: u64,
        chunk_bytes: u64,
        otherwise: Otherwise,
    ) -> anyhow::Result<Flushing> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let metrics = Arc::new(Metrics::new());
        let lake_config = common.lake_config()?;
        let address = lake_config.location().identity();
        let standing = bond::standing(&self.journal, &address)?;
        let otherwise = match otherwise {
            Otherwise::TakeIfNothingWaits if standing.holds_events => Otherwise::Wait,
            otherwise => otherwise,
        };
        let reached = opening::reach(&lake_config, standing.knows_lake, otherwise).await?;
        let policy = Policy {
            interval: Duration::from_secs(3600),
            rows_max: u64::MAX,
            bytes_max: segment_bytes,
            chunk_bytes_max: usize::try_from(chunk_bytes).unwrap_or(usize::MAX),
        };
        let is_anew = otherwise == Otherwise::Take;
        let target = Target { address: &address, id: reached.id.as_deref(), is_anew };
        let settings = self.settings();
        let journal = open_journal(&settings, &target, policy, Arc::clone(&clock), &metrics)?;
        let channels = self.channels.channels(common)?;
        let own_clock = Arc::clone(&clock);
        let own_journal = Arc::clone(&journal);
        let setup = Setup {
            journal: own_journal,
            policy,
            clock: own_clock,
            blocks: Arc::new(Blocks::of_command(Arc::clone(&metrics))),
            metrics,
            channels,
        };
        let worker = setup.open(reached, otherwise, false).await?;
        Ok(Flushing { journal, worker, clock })
    }

    pub(super) fn settings(&self) -> JournalSettings {
        JournalSettings {
            directory: self.journal.clone(),
            quota: Quota {
                bytes_max: self.journal_bytes,
                segments_max: usize::try_from(self.max_segments).unwrap_or(usize::MAX),
                age_ms_max: i64::try_from(self.max_backlog_age.as_millis()).unwrap_or(i64::MAX),
                free_bytes_min: self.min_free_disk,
            },
            dedup_window: self.dedup_window,
        }
    }
}
