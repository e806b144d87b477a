//! Bringing everything that waits in a journal into its lake.

use std::path::Path;
use std::sync::Arc;

use super::journal::Flushing;
use super::{Common, Usage, journal};
use crate::flush::opening::Otherwise;
use tributary_ingest::journal::Journal;

/// Bytes of a segment and of what is flushed at a time.
const SEGMENT_BYTES: u64 = 32 << 20;

/// What was done.
#[derive(Debug)]
pub(super) struct Drained {
    /// Segments that waited.
    pub(super) n_segments: usize,
    /// The journal, which is still this process's and takes nothing more.
    pub(super) journal: Arc<Journal>,
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
pub(super) async fn drain(
    common: &Common,
    args: &journal::Args,
    otherwise: Otherwise,
) -> anyhow::Result<Drained> {
    if !is_there(args) {
        return Err(no_journal(&args.journal).into());
    }
    let flushing = args.open(common, SEGMENT_BYTES, SEGMENT_BYTES, otherwise).await?;
    let Flushing { journal, worker, .. } = flushing;
    let n_segments = journal.shared().n_sealed();
    worker.finish().await?;
    Ok(Drained { n_segments, journal })
}
