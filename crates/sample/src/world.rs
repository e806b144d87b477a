//! The world a plan describes: the few numbers everything else is derived from.

/// Seed, size and calendar of the sample world.
#[derive(Debug, Clone, Copy)]
pub(crate) struct World {
    /// The seed all dice start from.
    pub(crate) seed: u64,
    /// How many companies there are.
    pub(crate) n_companies: u32,
    /// The first moment, in Unix milliseconds.
    pub(crate) start_ms: i64,
    /// How many days sessions begin in; at least one.
    pub(crate) n_days: u32,
}

impl World {
    /// Gives the moment after the last day, in Unix milliseconds.
    pub(crate) fn end_ms(self) -> i64 {
        self.start_ms + i64::from(self.n_days) * 24 * 60 * 60_000
    }
}
