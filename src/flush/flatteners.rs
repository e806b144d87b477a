//! Flatteners that wait for work, one for each thread that flattens.
//!
//! Making one compiles the shape of a payload, and one that was used remembers user agents and the
//! order of keys.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::error::ArrowError;

use tributary_ingest::event::Record;
use tributary_ingest::flatten::channel::Channels;
use tributary_ingest::flatten::{BodyAt, Flattened, Flattener};

/// Records with the places of their bodies.
pub(super) type Group = VecDeque<(Record, BodyAt)>;

/// Rows, and how much memory they and their bodies take.
pub(super) struct Rows {
    pub(super) flattened: Flattened,
    pub(super) bytes: usize,
}

/// The flatteners that nobody uses at the moment.
#[derive(Debug)]
pub(super) struct Flatteners {
    channels: Arc<Channels>,
    idle: Mutex<Vec<Flattener>>,
}

impl Flatteners {
    /// Makes flatteners that put visits into these channels.
    pub(super) fn new(channels: Channels) -> Self {
        Self { channels: Arc::new(channels), idle: Mutex::default() }
    }

    /// Flattens records until they take `bytes_max`; returns the rows, and the records left over.
    pub(super) fn flatten(
        &self,
        mut group: Group,
        bytes_max: usize,
    ) -> Result<(Rows, Group), ArrowError> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let last = idle().pop();
        let mut flattener = last.unwrap_or_else(|| Flattener::new(Arc::clone(&self.channels)));
        let (mut bytes, mut n_body_bytes) = (0, 0);
        while bytes < bytes_max
            && let Some((record, body_at)) = group.pop_front()
        {
            flattener.add(&record, body_at);
            // A body is fetched again for its file, so it counts beside its rows.
            n_body_bytes += body_at.length;
            bytes = flattener.bytes() + n_body_bytes;
        }
        let flattened = flattener.finish()?;
        idle().push(flattener);
        Ok((Rows { flattened, bytes }, group))
    }
}
