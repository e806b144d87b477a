//! What waits in a journal, seen from outside: a report counts the lake only, and says so.
//!
//! Needs no lock and changes nothing. A journal in use goes on meanwhile: an event may come to the
//! lake while it is counted, so the count is a hint.

use std::path::Path;

use super::bond::load_address;
use super::error::JournalError;
use super::layout::{list_sequences, load_checkpoint, segment_path};
use super::segment::{HEADER_BYTES, Piece, SegmentReader};

/// Bytes of segments that are read; what is beyond is not counted.
const BYTES_MAX: u64 = 64 << 20;

/// Events that are durable in a journal and not in its lake.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// How many were counted.
    pub n_events: u64,
    /// Whether there are more than that.
    pub is_more: bool,
}

/// Counts what waits in the journal at `root` for a lake; none if the journal is not there, or is
/// another lake's.
///
/// # Errors
/// Any [`JournalError`].
pub fn waiting(root: &Path, lake: &str) -> Result<Waiting, JournalError> {
    let mut waiting = Waiting::default();
    if load_address(root)?.as_deref() != Some(lake) {
        return Ok(waiting);
    }
    let checkpoint = load_checkpoint(root)?;
    let mut n_bytes_left = BYTES_MAX;
    for sequence in list_sequences(root)?.into_iter().filter(|sequence| *sequence > checkpoint) {
        // One that is gone is in the lake by now.
        let Ok(mut reader) = SegmentReader::open(&segment_path(root, sequence)) else { continue };
        while n_bytes_left > 0 {
            match reader.next_piece()? {
                Some(Piece::Record { length, .. }) => {
                    waiting.n_events += 1;
                    n_bytes_left = n_bytes_left.saturating_sub(length);
                }
                Some(Piece::Damage { length, .. }) => {
                    n_bytes_left = n_bytes_left.saturating_sub(length);
                }
                None => break,
            }
        }
        if n_bytes_left == 0 {
            waiting.is_more = true;
            break;
        }
        n_bytes_left = n_bytes_left.saturating_sub(HEADER_BYTES);
    }
    Ok(waiting)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use bytes::Bytes;

    use super::*;
    use crate::event::{Record, RecordKind, Scheme};
    use crate::journal::directory::Directory;
    use crate::journal::frame;

    const LAKE: &str = "/var/lake";

    fn record(id: &str, n_bytes: usize) -> Record {
        Record {
            kind: RecordKind::Event,
            scheme: Scheme::Import,
            webhook_id: id.to_owned(),
            received_at_ms: 0,
            body: Bytes::from(vec![b'x'; n_bytes]),
        }
    }

    /// Writes a segment of so many records of so many bytes.
    fn segment(directory: &Directory, sequence: u64, n: usize, n_bytes: usize) {
        let (mut file, header) = directory.create_segment(sequence, 0).unwrap();
        let mut bytes = vec![];
        for at in 0..n {
            let start = HEADER_BYTES + bytes.len() as u64;
            frame::encode(
                &record(&format!("{sequence}-{at}"), n_bytes),
                &header.uuid,
                start,
                &mut bytes,
            );
        }
        file.write_all(&bytes).unwrap();
    }

    #[test]
    fn what_is_behind_the_checkpoint_waits_for_its_own_lake() {
        let folder = tempfile::TempDir::new().unwrap();
        let root = folder.path();
        assert_eq!(waiting(root, LAKE).unwrap(), Waiting::default());
        let directory = Directory::open(root, &LAKE.into()).unwrap();
        segment(&directory, 1, 3, 10);
        segment(&directory, 2, 4, 10);
        let count = |n_events| Waiting { n_events, is_more: false };
        assert_eq!(waiting(root, LAKE).unwrap(), count(7));
        assert_eq!(waiting(root, "/var/another").unwrap(), count(0));
        fs::write(root.join("checkpoint"), "1\n").unwrap();
        assert_eq!(waiting(root, LAKE).unwrap(), count(4));
    }

    #[test]
    fn counting_ends_after_a_bounded_number_of_bytes() {
        let folder = tempfile::TempDir::new().unwrap();
        let directory = Directory::open(folder.path(), &LAKE.into()).unwrap();
        segment(&directory, 1, 9, 9 << 20);
        let waiting = waiting(folder.path(), LAKE).unwrap();
        assert_eq!(waiting, Waiting { n_events: 8, is_more: true });
    }
}
