//! What is known of a segment without reading it: how full the open one is, and what a sealed one
//! holds.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

/// How full the open segment is; what a flush policy looks at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpenState {
    /// Records in it.
    pub n_records: u64,
    /// Bytes in it.
    pub bytes: u64,
    /// Time of receipt of its first record, milliseconds since the Unix epoch.
    pub first_at_ms: Option<i64>,
    /// Since when it has held anything, by the clock that never goes backwards.
    pub since: Option<Duration>,
}

/// A segment that takes no more records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSegment {
    /// Its number.
    pub sequence: u64,
    /// Its random identity.
    pub uuid: [u8; 16],
    /// Its file.
    pub path: PathBuf,
    /// Bytes of it that count; what follows was never acknowledged.
    pub length: u64,
    /// Records in it.
    pub n_records: u64,
    /// Offsets of frames that another segment holds too, to be left out here.
    pub skip: BTreeSet<u64>,
    /// When it was created, milliseconds since the Unix epoch.
    pub created_at_ms: i64,
}
