//! How the memory of a query is shared out among its operators.
//!
//! DataFusion's fair pool gives each operator that can spill an equal part, from the start: a
//! report with a dozen of them leaves each a twelfth, which is too little to join or sort at all,
//! while most of the memory lies idle. Its greedy pool lets the first one take everything. Here
//! an operator may take up to half while a quarter of all stays free; from that quarter those
//! that came late get their equal parts. A sort may take up to a sixth, while half of all stays
//! free, since its merge needs as much again: a merge can do with less, but not with nothing. What
//! can't spill takes what is there, and a sixteenth of all is there for nobody else.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation, human_readable_size,
};

/// The share of what can be spilled that one consumer may have.
const LARGEST_SHARE: usize = 2;
/// The same for a sort, and for a merge of what is sorted.
const SORTED_SHARE: usize = 6;
/// The share of all that stays free for those that came late.
const FREE_SHARE: usize = 4;
/// The share that sorts leave free, for merges too.
const UNSORTED_SHARE: usize = 2;
/// The share of all that merges leave to others.
const UNMERGED_SHARE: usize = 8;
/// The share of all that stays free for what can't spill.
const FIXED_SHARE: usize = 16;

/// What sorts rows, by the beginning of the consumer's name.
const SORT: &str = "ExternalSorter[";
/// What merges sorted rows, by the beginnings of the consumers' names: one goes over spilled rows
/// twice if it may not hold all, the other spills those of a key.
const MERGES: [&str; 2] = ["ExternalSorterMerge", "SMJStream"];

/// What becomes of a consumer that is refused memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It spills, and sorts all the same.
    Sorts,
    /// It spills as far as it can: of a group with many distinct values it can't.
    Spills,
    /// It does with less.
    Merges,
    /// The query ends.
    Ends,
}

impl Kind {
    fn of(consumer: &MemoryConsumer) -> Self {
        if consumer.name().starts_with(SORT) {
            Self::Sorts
        } else if consumer.can_spill() {
            Self::Spills
        } else if MERGES.iter().any(|name| consumer.name().starts_with(name)) {
            Self::Merges
        } else {
            Self::Ends
        }
    }
}

/// Such a pool.
#[derive(Debug)]
pub(super) struct SharedPool {
    bytes_max: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default, Clone, Copy)]
struct State {
    /// Consumers that can spill.
    n_spilling: usize,
    /// Bytes that they and merges hold.
    yielding: usize,
    /// Bytes that the others hold.
    fixed: usize,
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
    fn taken(self) -> usize {
        self.yielding + self.fixed
    }

    /// Tells how much a consumer that holds `held` may hold.
    fn share(self, kind: Kind, held: usize, bytes_max: usize) -> usize {
        let all = match kind {
            Kind::Ends => bytes_max,
            Kind::Sorts | Kind::Spills => bytes_max - bytes_max / FIXED_SHARE,
            Kind::Merges => bytes_max - bytes_max / UNMERGED_SHARE,
        };
        let free = held + all.saturating_sub(self.taken());
        let for_yielding = all.saturating_sub(self.fixed);
        let equal = for_yielding / self.n_spilling.max(1);
        let early = |free_share: usize| {
            held + (bytes_max - bytes_max / free_share).saturating_sub(self.taken())
        };
        match kind {
            Kind::Sorts => {
                early(UNSORTED_SHARE).max(equal).min(for_yielding / SORTED_SHARE).min(free)
            }
            Kind::Spills => {
                early(FREE_SHARE).min(for_yielding / LARGEST_SHARE).max(equal).min(free)
            }
            Kind::Merges => free.min(for_yielding / SORTED_SHARE),
            Kind::Ends => free,
        }
    }

    /// Returns where bytes of such consumers are counted.
    fn bytes_of(&mut self, kind: Kind) -> &mut usize {
        match kind {
            Kind::Sorts | Kind::Spills | Kind::Merges => &mut self.yielding,
            Kind::Ends => &mut self.fixed,
        }
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
        *self.state().bytes_of(Kind::of(reservation.consumer())) += additional;
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        let mut state = self.state();
        let bytes = state.bytes_of(Kind::of(reservation.consumer()));
        *bytes = bytes.saturating_sub(shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let mut state = self.state();
        let held = reservation.size();
        let kind = Kind::of(reservation.consumer());
        let share = state.share(kind, held, self.bytes_max);
        if held + additional > share {
            return Err(DataFusionError::ResourcesExhausted(format!(
                "{} holds {} and can't have {} more, at most {} of {self}",
                reservation.consumer().name(),
                human_readable_size(held),
                human_readable_size(additional),
                human_readable_size(share),
            )));
        }
        *state.bytes_of(kind) += additional;
        Ok(())
    }

    fn reserved(&self) -> usize {
        self.state().taken()
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.bytes_max)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn pool() -> Arc<dyn MemoryPool> {
        Arc::new(SharedPool::new(1600))
    }

    fn spilling(pool: &Arc<dyn MemoryPool>, name: &str) -> MemoryReservation {
        MemoryConsumer::new(name).with_can_spill(true).register(pool)
    }

    #[test]
    fn one_may_have_half_and_late_ones_get_their_part() {
        let pool = pool();
        let groups: Vec<MemoryReservation> =
            (0..15).map(|n| spilling(&pool, &format!("groups {n}"))).collect();
        assert!(groups[0].try_grow(751).is_err(), "half");
        groups[0].try_grow(750).unwrap();
        groups[1].try_grow(250).unwrap();
        assert!(groups[2].try_grow(201).is_err(), "a quarter stays for others");
        for late in &groups[2..7] {
            late.try_grow(100).unwrap();
        }
        assert!(groups[7].try_grow(1).is_err(), "a sixteenth stays for what can't spill");
        let other = MemoryConsumer::new("join").register(&pool);
        assert!(other.try_grow(101).is_err());
        other.try_grow(100).unwrap();
        groups[0].shrink(750);
        groups[7].try_grow(90).unwrap();
        assert_eq!(pool.reserved(), 1600 - 750 + 90);
    }

    #[test]
    fn sorts_leave_room_for_their_merges() {
        let pool = pool();
        let sorts: Vec<MemoryReservation> =
            (0..15).map(|n| spilling(&pool, &format!("ExternalSorter[{n}]"))).collect();
        for early in &sorts[..3] {
            assert!(early.try_grow(251).is_err(), "a sixth");
            early.try_grow(250).unwrap();
        }
        assert!(sorts[3].try_grow(101).is_err(), "half stays for others");
        let merges = ["ExternalSorterMerge[0]", "ExternalSorterMerge[1]", "SMJStream[0]"];
        let merges = merges.map(|name| MemoryConsumer::new(name).register(&pool));
        for merge in &merges[..2] {
            assert!(merge.try_grow(251).is_err(), "a sixth for a merge too");
            merge.try_grow(230).unwrap();
        }
        assert!(merges[2].try_grow(191).is_err(), "an eighth stays for others");
        merges[2].try_grow(190).unwrap();
        sorts[3].try_grow(100).unwrap();
        assert!(sorts[4].try_grow(1).is_err(), "a sixteenth stays for what can't spill");
    }

    #[test]
    fn where_few_spill_each_may_have_more_but_a_sort() {
        let pool = pool();
        let (sort, groups) = (spilling(&pool, "ExternalSorter[0]"), spilling(&pool, "groups"));
        assert!(sort.try_grow(251).is_err());
        sort.try_grow(250).unwrap();
        assert!(groups.try_grow(751).is_err());
        groups.try_grow(750).unwrap();
    }
}
