//! The durable inbox: what was answered 2xx is in here before the answer, until the lake has it.
//!
//! # Design constraints
//! - A record is acknowledged only after the `fdatasync` that covers it has returned.
//! - After a failed write or sync nothing of the batch counts, and that segment is never
//!   synced again: the kernel marks pages clean after a failed sync, so a second one would lie.
//! - A torn tail (bytes never acknowledged) is cut off. Damage before acknowledged bytes is set
//!   aside and reported, never skipped in silence; what stands behind it is still read.
//! - Each record counts once: ids are remembered exactly over a window, across restarts.
//! - One process a journal, by a lock on a file.
//!
//! # On disk
//! The folder is drawn in [`directory`], a segment's header in [`segment`], a frame in [`frame`],
//! the index of ids in [`ids`]. Segments are numbered from 1, and a number is never used twice,
//! because file names in the lake derive from it.
//!
//! # Life of a segment
//! ```text
//! created (header synced) ─▶ open (batches appended, one fdatasync each)
//!   ─▶ sealed (full, or old enough, or given up after an error)
//!   ─▶ flushed (all tables committed) ─▶ ids synced ─▶ checkpoint moved ─▶ name taken away
//!   ─▶ file written over as another segment, or removed
//! ```
//! A crash anywhere leaves a state from which [`open`] goes on: a segment at or below the
//! checkpoint is removed, one above it is read again and flushed again under the same names.

pub mod bond;
pub mod directory;
mod error;
pub mod frame;
mod group_commit;
mod handle;
pub mod ids;
pub mod layout;
mod log;
mod metrics;
mod mutex;
mod opening;
pub mod quota;
mod recovery;
mod recycled_segments;
pub mod request;
pub mod segment;
mod segment_state;
mod shared;
pub mod waiting;

pub use self::error::{AppendError, JournalError};
pub use self::handle::{Danger, Journal};
pub use self::log::{Log, Options, Outcome};
pub use self::metrics::JournalMetrics;
pub use self::opening::open;
pub use self::quota::{Quota, Usage};
pub use self::recovery::Recovery;
pub use self::segment_state::{OpenState, SealedSegment};
pub use self::shared::Shared;
