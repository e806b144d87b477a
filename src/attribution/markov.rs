//! Removal effects of a Markov chain over paths, exact.
//!
//! A state is what the last `order` touches were; the chain goes from a start through the states
//! of each path to a conversion or to nothing, as often as the paths did. Equal states in a row
//! are one. The removal effect of a channel is `1 - p(without it) / p`, where p is the chance to
//! end in a conversion, and without it means that whoever would have gone to a state with the
//! channel ends in nothing (Anderl et al. 2016). For value, a conversion from a state is worth
//! what those from it were on average.
//!
//! p comes from eliminating one state after the other: what flows into it flows on to where it
//! flows out to, in the same proportions (Grassmann, Taksar, Heyman 1985). Nothing is subtracted,
//! so that the result is as exact as the numbers are, however slowly a chain ends. States with the
//! fewest ways through them go first, which keeps the chain sparse.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use rayon::prelude::*;

use super::{AttributionError, Journeys};

/// Highest order of a chain.
pub const ORDER_MAX: usize = 4;

/// Where every path begins.
const START: usize = 0;
/// Of all pairs of states left, this part at least must be linked to go on with a full matrix.
const FULL_PART: usize = 8;
/// States of a full matrix at most.
const FULL_STATES_MAX: usize = 4096;

/// What would be lost without a channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// The channel.
    pub channel: String,
    /// Share of conversions lost, 0 to 1.
    pub conversions: f64,
    /// Share of value lost, 0 to 1.
    pub value: f64,
}

/// How much flows out of a state, and where to.
#[derive(Debug, Clone, Default)]
struct State {
    channels: BTreeSet<usize>,
    to: BTreeMap<usize, f64>,
    conversions: f64,
    value: f64,
    nulls: f64,
}

/// Chances from the start.
#[derive(Debug, Clone, Copy)]
struct Chance {
    conversion: f64,
    value: f64,
}

/// Works out every channel's removal effect in a chain of this order.
///
/// # Errors
/// [`AttributionError::Order`].
pub fn removal_effects(journeys: &Journeys, order: usize) -> Result<Vec<Effect>, AttributionError> {
    if !(1..=ORDER_MAX).contains(&order) {
        return Err(AttributionError::Order(order));
    }
    let states = chain(journeys, order);
    let all = chance(states.clone());
    // A chain without one channel has nothing to do with a chain without another.
    let channels = journeys.channels().par_iter().with_max_len(1).enumerate();
    let effects = channels.map(|(channel, name)| {
        let rest = chance(without(&states, channel));
        Effect {
            channel: name.clone(),
            conversions: lost(rest.conversion, all.conversion),
            value: lost(rest.value, all.value),
        }
    });
    Ok(effects.collect())
}

fn lost(rest: f64, all: f64) -> f64 {
    if all > 0.0 { (1.0 - rest / all).clamp(0.0, 1.0) } else { 0.0 }
}

/// Counts how often paths went from state to state.
fn chain(journeys: &Journeys, order: usize) -> Vec<State> {
    let mut states = vec![State::default()];
    let mut ids: BTreeMap<Vec<usize>, usize> = BTreeMap::new();
    for path in journeys.paths() {
        let weight = path.conversions + path.nulls;
        if weight <= 0.0 {
            continue;
        }
        let mut from = START;
        for window in path.steps.windows(order.min(path.steps.len())) {
            let to = *ids.entry(window.to_vec()).or_insert_with(|| {
                states
                    .push(State { channels: window.iter().copied().collect(), ..State::default() });
                states.len() - 1
            });
            if to != from {
                *states[from].to.entry(to).or_default() += weight;
            }
            from = to;
        }
        let last = &mut states[from];
        last.conversions += path.conversions;
        last.value += path.value;
        last.nulls += path.nulls;
    }
    states
}

/// Sends to nothing whatever flows to a state with the channel.
fn without(states: &[State], channel: usize) -> Vec<State> {
    let is_gone: Vec<bool> = states.iter().map(|state| state.channels.contains(&channel)).collect();
    let mut rest = states.to_vec();
    for (state, is_gone_itself) in rest.iter_mut().zip(&is_gone) {
        if *is_gone_itself {
            *state = State::default();
            continue;
        }
        let mut nulls = state.nulls;
        state.to.retain(|to, weight| {
            if is_gone[*to] {
                nulls += *weight;
            }
            !is_gone[*to]
        });
        state.nulls = nulls;
    }
    rest
}

/// Eliminates all states but the start.
fn chance(mut states: Vec<State>) -> Chance {
    let mut before: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); states.len()];
    for (from, state) in states.iter().enumerate() {
        for to in state.to.keys() {
            before[*to].insert(from);
        }
    }
    let ways = |at: usize, states: &[State], before: &[BTreeSet<usize>]| {
        states[at].to.len() * before[at].len()
    };
    let mut queue: BinaryHeap<Reverse<(usize, usize)>> =
        (1..states.len()).map(|at| Reverse((ways(at, &states, &before), at))).collect();
    let mut is_done = vec![false; states.len()];
    let mut n_left = states.len();
    while let Some(Reverse((n_ways, at))) = queue.pop() {
        if is_done[at] {
            continue;
        }
        // The number of ways may have changed since the state was queued.
        let n_ways_now = ways(at, &states, &before);
        if n_ways_now > n_ways {
            queue.push(Reverse((n_ways_now, at)));
            continue;
        }
        if n_left <= FULL_STATES_MAX && n_ways_now > n_left * n_left / FULL_PART {
            let left = (0..states.len()).filter(|at| !is_done[*at]).collect::<Vec<_>>();
            return full_chance(&states, &left);
        }
        is_done[at] = true;
        n_left -= 1;
        eliminate(at, &mut states, &mut before);
    }
    chance_of(&states[START])
}

fn chance_of(start: &State) -> Chance {
    let sum = start.conversions + start.nulls;
    let part = |of: f64| if sum > 0.0 { of / sum } else { 0.0 };
    Chance { conversion: part(start.conversions), value: part(start.value) }
}

/// Passes on what flows into a state to where it flows out to.
fn eliminate(at: usize, states: &mut [State], before: &mut [BTreeSet<usize>]) {
    let gone = std::mem::take(&mut states[at]);
    let out = gone.to.values().sum::<f64>() + gone.conversions + gone.nulls;
    for to in gone.to.keys() {
        before[*to].remove(&at);
    }
    for from in std::mem::take(&mut before[at]) {
        let Some(weight) = states[from].to.remove(&at) else { continue };
        if out <= 0.0 {
            states[from].nulls += weight;
            continue;
        }
        let share = weight / out;
        for (to, onward) in &gone.to {
            // What comes back to where it came from is as if it had never left.
            if *to != from {
                *states[from].to.entry(*to).or_default() += share * onward;
                before[*to].insert(from);
            }
        }
        states[from].conversions += share * gone.conversions;
        states[from].value += share * gone.value;
        states[from].nulls += share * gone.nulls;
    }
}

/// Does the same with the states left, the start first, as a full matrix.
fn full_chance(states: &[State], left: &[usize]) -> Chance {
    let n = left.len();
    let places: BTreeMap<usize, usize> =
        left.iter().enumerate().map(|(to, at)| (*at, to)).collect();
    let mut flows = vec![0.0; n * n];
    let mut rows: Vec<State> = vec![];
    for (row, at) in left.iter().enumerate() {
        for (to, weight) in &states[*at].to {
            flows[row * n + places[to]] = *weight;
        }
        rows.push(State { to: BTreeMap::new(), ..states[*at].clone() });
    }
    for at in (1..n).rev() {
        let (above, below) = flows.split_at_mut(at * n);
        let onward = &below[..at];
        let gone = rows[at].clone();
        let out = onward.iter().sum::<f64>() + gone.conversions + gone.nulls;
        for (row, from) in above.chunks_exact_mut(n).enumerate() {
            let weight = from[at];
            if weight == 0.0 {
                continue;
            }
            let share = weight / out;
            for (to, onward) in from.iter_mut().zip(onward) {
                *to += share * onward;
            }
            // What comes back to where it came from is as if it had never left.
            from[row] = 0.0;
            rows[row].conversions += share * gone.conversions;
            rows[row].value += share * gone.value;
            rows[row].nulls += share * gone.nulls;
        }
    }
    chance_of(&rows[START])
}
