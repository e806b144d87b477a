//! How the memory of a query is shared out among its operators.
//!
//! DataFusion's fair pool gives each operator that can spill an equal part, from the start: a
//! report with a dozen of them leaves each a twelfth, which is too little to join or sort at all,
//! while most of the memory lies idle. Its greedy pool lets the first one take everything. Here
//! an operator may take up to a third while a quarter of all stays free; from that quarter those
//! that came late get their equal parts. What can't spill takes what is there.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation, human_readable_size,
};

/// The share of what can be spilled that one operator may have.
const LARGEST_SHARE: usize = 3;
/// The share of all that stays free for those that came late.
const FREE_SHARE: usize = 4;

/// Such a pool.
#[derive(Debug)]
pub(super) struct SharedPool {
    bytes_max: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default, Clone, Copy)]
struct State {
    /// Operators that can spill.
    n_spilling: usize,
    /// Bytes that they hold.
    spillable: usize,
    /// Bytes that the others hold.
    unspillable: usize,
}

impl SharedPool {
    /// Shares out so many bytes.
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What it holds stays whole even if a holder panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Tells how much an operator that holds `held` and can spill may hold.
    fn share(self, held: usize, bytes_max: usize) -> usize {
        let for_spilling = bytes_max.saturating_sub(self.unspillable);
        let equal = for_spilling / self.n_spilling.max(1);
        let taken = self.spillable + self.unspillable;
        let kept_free = bytes_max - bytes_max / FREE_SHARE;
        let free = held + kept_free.saturating_sub(taken);
        let large = free.min(for_spilling / LARGEST_SHARE);
        equal.max(large).min(held + bytes_max.saturating_sub(taken))
    }
}

impl fmt::Display for SharedPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shared({})", human_readable_size(self.bytes_max))
    }
}

impl MemoryPool for SharedPool {
    fn name(&self) -> &str {
        "shared"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.state().n_spilling += usize::from(consumer.can_spill());
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        let mut state = self.state();
        state.n_spilling = state.n_spilling.saturating_sub(usize::from(consumer.can_spill()));
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        let mut state = self.state();
        match reservation.consumer().can_spill() {
            true => state.spillable += additional,
            false => state.unspillable += additional,
        }
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        let mut state = self.state();
        match reservation.consumer().can_spill() {
            true => state.spillable = state.spillable.saturating_sub(shrink),
            false => state.unspillable = state.unspillable.saturating_sub(shrink),
        }
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let mut state = self.state();
        let held = reservation.size();
        let can_spill = reservation.consumer().can_spill();
        let share = match can_spill {
            true => state.share(held, self.bytes_max),
            false => held + self.bytes_max.saturating_sub(state.spillable + state.unspillable),
        };
        if held + additional > share {
            return Err(DataFusionError::ResourcesExhausted(format!(
                "{} holds {} and can't have {} more, at most {} of {self}",
                reservation.consumer().name(),
                human_readable_size(held),
                human_readable_size(additional),
                human_readable_size(share),
            )));
        }
        match can_spill {
            true => state.spillable += additional,
            false => state.unspillable += additional,
        }
        Ok(())
    }

    fn reserved(&self) -> usize {
        let state = self.state();
        state.spillable + state.unspillable
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.bytes_max)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn one_may_have_a_third_and_late_ones_get_their_part() {
        let pool: Arc<dyn MemoryPool> = Arc::new(SharedPool::new(1200));
        let spilling: Vec<MemoryReservation> = (0..12)
            .map(|n| MemoryConsumer::new(format!("sort {n}")).with_can_spill(true).register(&pool))
            .collect();
        assert!(spilling[0].try_grow(401).is_err());
        spilling[0].try_grow(400).unwrap();
        spilling[1].try_grow(400).unwrap();
        assert!(spilling[2].try_grow(101).is_err(), "a quarter stays for others");
        for late in &spilling[2..5] {
            late.try_grow(100).unwrap();
        }
        let other = MemoryConsumer::new("join").register(&pool);
        assert!(other.try_grow(101).is_err());
        other.try_grow(99).unwrap();
        assert!(spilling[5].try_grow(2).is_err(), "nothing is left");
        spilling[0].shrink(400);
        spilling[5].try_grow(90).unwrap();
        assert_eq!(pool.reserved(), 1199 - 400 + 90);
    }
}
