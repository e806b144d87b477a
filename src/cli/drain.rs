//! Bringing everything that waits in a journal into its lake.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{Common, Usage, journal};
use crate::app::open_journal;
use crate::clock::{Clock, SystemClock};
use crate::flush::{Policy, Worker};
use crate::metrics::Metrics;

/// Bytes of a segment and of what is flushed at a time.
const SEGMENT_BYTES: u64 = 32 << 20;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Drained {
    /// Segments that waited.
    pub(super) n_segments: usize,
}

/// Tells whether there is a journal.
pub(super) fn is_there(args: &journal::Args) -> bool {
    args.journal.join("segments").is_dir()
}

/// Says that a folder is no journal.
pub(super) fn no_journal(path: &Path) -> Usage {
    Usage(format!("`{}` is no journal; give --journal", path.display()))
}

/// Takes a journal that no process has, and commits what is in it.
pub(super) async fn drain(common: &Common, args: &journal::Args) -> anyhow::Result<Drained> {
    if !is_there(args) {
        return Err(no_journal(&args.journal).into());
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let metrics = Arc::new(Metrics::new());
    let lake = common.open_lake()?;
    lake.probe().await?;
    let policy = Policy {
        interval: Duration::from_secs(3600),
        rows_max: u64::MAX,
        bytes_max: SEGMENT_BYTES,
        chunk_bytes_max: usize::try_from(SEGMENT_BYTES).unwrap_or(usize::MAX),
    };
    let identity = lake.location().identity();
    let settings = args.settings();
    let journal = open_journal(&settings, &identity, policy, Arc::clone(&clock), &metrics)?;
    let n_segments = journal.shared().n_sealed();
    let channels = args.channels.channels(common)?;
    let worker = Worker::new(journal, lake, policy, clock, metrics).await?;
    worker.with_channels(channels).finish().await?;
    Ok(Drained { n_segments })
}
