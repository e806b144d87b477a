//! Opening a journal: its folder, its index of ids, and what the last process left behind.

use std::path::Path;
use std::sync::Arc;

use super::bond::Target;
use super::directory::Directory;
use super::error::JournalError;
use super::ids::KnownIds;
use super::log::{Log, Options};
use super::recovery::{Recovery, Scan};

/// Opens or creates the journal at `root` for a lake, which need not be there: its address, or
/// more if more is known.
///
/// # Errors
/// Any [`JournalError`]. A segment of an unknown version is not touched.
pub fn open<'a>(
    root: &Path,
    lake: impl Into<Target<'a>>,
    options: Options,
    now_ms: i64,
) -> Result<(Log, Recovery), JournalError> {
    let directory = Arc::new(Directory::open(root, &lake.into())?);
    let mut ids = KnownIds::open(directory.bonded(), options.dedup_window_ms)?;
    ids.prepare(now_ms)?;
    let checkpoint = directory.checkpoint()?;
    let sequences = directory.sequences()?;
    let next_sequence = sequences.last().copied().unwrap_or(0).max(checkpoint) + 1;
    let mut recovery = Recovery::default();
    for sequence in sequences {
        // In the lake already; taking its file away was not finished.
        if sequence <= checkpoint {
            directory.remove_segment(sequence)?;
            continue;
        }
        let live = checkpoint + 1..=u64::MAX;
        let mut scan = Scan { directory: &directory, ids: &mut ids, now_ms, live, sequence };
        match scan.run(&mut recovery)? {
            Some(segment) => {
                recovery.n_records += segment.n_records;
                recovery.sealed.push(segment);
            }
            None => directory.remove_segment(sequence)?,
        }
    }
    let live = recovery.sealed.iter().map(|segment| (segment.sequence, segment.length)).collect();
    let unmet_at = directory.unmet_at(next_sequence - 1)?;
    Ok((Log::new(directory, options, ids, next_sequence, unmet_at, live), recovery))
}
