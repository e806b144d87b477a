//! When the events of a segment were received, in memory that does not grow with their number.

use std::collections::BTreeMap;

/// Times that are counted together, milliseconds: as fine as the first bucket of what is told.
const SLOT_MS: i64 = 100;

/// How many events were received in each tenth of a second.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Received {
    n_by_slot: BTreeMap<i64, u64>,
}

impl Received {
    /// Counts events by their times of receipt, milliseconds since the Unix epoch.
    pub(super) fn extend(&mut self, received_ms: &[i64]) {
        // Times in a row are nearly the same: one lookup for all of a slot.
        for run in received_ms.chunk_by(|a, b| slot_of(*a) == slot_of(*b)) {
            *self.n_by_slot.entry(slot_of(run[0])).or_default() += run.len() as u64;
        }
    }

    /// Returns how old the events are at a time, in milliseconds to the nearest half slot, and how
    /// many are of each age; what came later than that is 0 old.
    pub(super) fn ages_ms(&self, now_ms: i64) -> impl Iterator<Item = (i64, u64)> {
        self.n_by_slot.iter().map(move |(slot, n)| {
            let middle_ms = slot.saturating_mul(SLOT_MS).saturating_add(SLOT_MS / 2);
            (now_ms.saturating_sub(middle_ms).max(0), *n)
        })
    }

    /// Returns the number of events.
    #[cfg(test)]
    pub(super) fn n_events(&self) -> u64 {
        self.n_by_slot.values().sum()
    }
}

fn slot_of(received_ms: i64) -> i64 {
    received_ms.div_euclid(SLOT_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_right_to_half_a_slot() {
        let times = [-1, 0, 1_000, 1_001, 1_099, 1_100, 1_050, 9_000, i64::MIN, i64::MAX];
        let mut received = Received::default();
        received.extend(&times);
        received.extend(&[]);
        assert_eq!(received.n_events(), times.len() as u64);
        let ages: Vec<(i64, u64)> = received.ages_ms(2_000).collect();
        let expected = [(i64::MAX, 1), (2_050, 1), (1_950, 1), (950, 4), (850, 1), (0, 1), (0, 1)];
        assert_eq!(ages, expected);
        let mut sorted = times;
        sorted.sort_unstable();
        let exact = sorted.map(|time| 2_000_i64.saturating_sub(time).max(0));
        let told = ages.iter().flat_map(|(age, n)| vec![*age; usize::try_from(*n).unwrap()]);
        assert!(exact.iter().zip(told).all(|(exact, told)| (exact - told).abs() <= SLOT_MS / 2));
    }

    #[test]
    fn memory_is_that_of_the_time_between() {
        let mut received = Received::default();
        let times: Vec<i64> = (0..1_000_000).map(|n| n / 100).collect();
        received.extend(&times);
        assert_eq!((received.n_events(), received.n_by_slot.len()), (1_000_000, 100));
    }
}
