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
use std::collections::{BinaryHeap, HashMap};

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

/// The states of a chain, the start first, and the channels that each stands for.
#[derive(Debug, Default)]
struct Chain {
    states: Vec<State>,
    channels: Vec<Vec<usize>>,
}

/// How much flows out of a state.
#[derive(Debug, Clone, Default)]
struct State {
    /// To other states, in the order of their numbers.
    to: Vec<(usize, f64)>,
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
    let chain = Chain::of(journeys, order);
    let all = chance(chain.states.clone());
    // A chain without one channel has nothing to do with a chain without another.
    let channels = journeys.channels().par_iter().with_max_len(1).enumerate();
    let effects = channels.map(|(channel, name)| {
        let rest = chance(chain.without(channel));
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

impl Chain {
    /// Counts how often paths went from state to state.
    fn of(journeys: &Journeys, order: usize) -> Self {
        let mut chain = Self { states: vec![State::default()], channels: vec![vec![]] };
        let mut ids: HashMap<Vec<usize>, usize> = HashMap::new();
        for path in journeys.paths() {
            let weight = path.conversions + path.nulls;
            if weight <= 0.0 {
                continue;
            }
            let mut from = START;
            for window in path.steps.windows(order.min(path.steps.len())) {
                let to = ids.get(window).copied().unwrap_or_else(|| {
                    ids.insert(window.to_vec(), chain.states.len());
                    chain.states.push(State::default());
                    chain.channels.push(window.to_vec());
                    chain.states.len() - 1
                });
                if to != from {
                    chain.states[from].to.push((to, weight));
                }
                from = to;
            }
            let last = &mut chain.states[from];
            last.conversions += path.conversions;
            last.value += path.value;
            last.nulls += path.nulls;
        }
        chain.states.iter_mut().for_each(State::sum_up);
        chain
    }

    /// Returns the states, with whatever flows to one with the channel sent to nothing.
    fn without(&self, channel: usize) -> Vec<State> {
        let is_gone: Vec<bool> =
            self.channels.iter().map(|channels| channels.contains(&channel)).collect();
        let rest = |(state, is_gone_itself): (&State, &bool)| {
            if *is_gone_itself {
                return State::default();
            }
            let (gone, to): (Vec<_>, Vec<_>) = state.to.iter().partition(|(to, _)| is_gone[*to]);
            let nulls = gone.iter().fold(state.nulls, |sum, (_, weight)| sum + weight);
            State { to, nulls, ..*state }
        };
        self.states.iter().zip(&is_gone).map(rest).collect()
    }
}

impl State {
    /// Puts ways in order and adds up those to the same state.
    fn sum_up(&mut self) {
        self.to.sort_by_key(|(to, _)| *to);
        self.to.dedup_by(|(to, weight), (known, sum)| {
            let is_same = to == known;
            if is_same {
                *sum += *weight;
            }
            is_same
        });
    }

    /// Takes a share of what ends in a state that is gone.
    fn take_ends(&mut self, share: f64, gone: &Self) {
        self.conversions += share * gone.conversions;
        self.value += share * gone.value;
        self.nulls += share * gone.nulls;
    }
}

/// A chain while its states are eliminated.
struct Elimination {
    states: Vec<State>,
    /// How much flows from the start to each state: it leads to most, so none is looked for.
    from_start: Vec<f64>,
    /// The states before each, but for the start.
    before: Vec<Vec<usize>>,
    is_done: Vec<bool>,
    row: Vec<(usize, f64)>,
}

/// Eliminates all states but the start.
fn chance(states: Vec<State>) -> Chance {
    let mut chain = Elimination::of(states);
    let mut n_left = chain.states.len();
    let mut queue: BinaryHeap<Reverse<(usize, usize)>> =
        (1..n_left).map(|at| Reverse((chain.ways(at), at))).collect();
    while let Some(Reverse((n_ways, at))) = queue.pop() {
        if chain.is_done[at] {
            continue;
        }
        // The number of ways may have changed since the state was queued.
        let n_ways_now = chain.ways(at);
        if n_ways_now > n_ways {
            queue.push(Reverse((n_ways_now, at)));
            continue;
        }
        if n_left <= FULL_STATES_MAX && n_ways_now > n_left * n_left / FULL_PART {
            return chain.full_chance();
        }
        n_left -= 1;
        chain.eliminate(at);
    }
    chance_of(&chain.states[START])
}

fn chance_of(start: &State) -> Chance {
    let sum = start.conversions + start.nulls;
    let part = |of: f64| if sum > 0.0 { of / sum } else { 0.0 };
    Chance { conversion: part(start.conversions), value: part(start.value) }
}

impl Elimination {
    fn of(mut states: Vec<State>) -> Self {
        let n = states.len();
        let mut from_start = vec![0.0; n];
        for (to, weight) in std::mem::take(&mut states[START].to) {
            from_start[to] = weight;
        }
        let mut before = vec![vec![]; n];
        for (from, state) in states.iter().enumerate() {
            for (to, _) in &state.to {
                before[*to].push(from);
            }
        }
        Self { states, from_start, before, is_done: vec![false; n], row: vec![] }
    }

    /// Returns how many ways lead through a state.
    fn ways(&self, at: usize) -> usize {
        let is_first = usize::from(self.from_start[at] > 0.0);
        self.states[at].to.len() * (self.before[at].len() + is_first)
    }

    /// Passes on what flows into a state to where it flows out to.
    fn eliminate(&mut self, at: usize) {
        self.is_done[at] = true;
        let gone = std::mem::take(&mut self.states[at]);
        let flows: f64 = gone.to.iter().map(|(_, weight)| weight).sum();
        let out = flows + gone.conversions + gone.nulls;
        for (to, _) in &gone.to {
            let before = &mut self.before[*to];
            if let Some(place) = before.iter().position(|from| *from == at) {
                before.swap_remove(place);
            }
        }
        let weight = std::mem::take(&mut self.from_start[at]);
        if out > 0.0 {
            let share = weight / out;
            for (to, onward) in &gone.to {
                self.from_start[*to] += share * onward;
            }
            self.states[START].take_ends(share, &gone);
        } else {
            self.states[START].nulls += weight;
        }
        for from in std::mem::take(&mut self.before[at]) {
            self.pass_on(from, at, &gone, out);
        }
    }

    /// Passes on what flows from one state into another that is gone.
    fn pass_on(&mut self, from: usize, at: usize, gone: &State, out: f64) {
        let state = &mut self.states[from];
        let Ok(place) = state.to.binary_search_by_key(&at, |(to, _)| *to) else { return };
        let (_, weight) = state.to.remove(place);
        if out <= 0.0 {
            state.nulls += weight;
            return;
        }
        let share = weight / out;
        // What comes back to where it came from is as if it had never left.
        let mut onward = gone.to.iter().filter(|(to, _)| *to != from).peekable();
        self.row.clear();
        for (to, known) in state.to.drain(..) {
            while let Some((new, flow)) = onward.next_if(|(new, _)| *new < to) {
                self.row.push((*new, share * flow));
                self.before[*new].push(from);
            }
            let more = onward.next_if(|(new, _)| *new == to).map_or(0.0, |(_, flow)| share * flow);
            self.row.push((to, known + more));
        }
        for (new, flow) in onward {
            self.row.push((*new, share * flow));
            self.before[*new].push(from);
        }
        std::mem::swap(&mut state.to, &mut self.row);
        state.take_ends(share, gone);
    }

    /// Does the same with the states left as a full matrix.
    fn full_chance(mut self) -> Chance {
        let left: Vec<usize> = (0..self.states.len()).filter(|at| !self.is_done[*at]).collect();
        let n = left.len();
        let mut places = vec![0; self.states.len()];
        let mut flows = vec![0.0; n * n];
        for (place, at) in left.iter().enumerate() {
            places[*at] = place;
            flows[place] = self.from_start[*at];
        }
        let mut rows: Vec<State> = vec![];
        for (row, at) in left.iter().enumerate() {
            let mut state = std::mem::take(&mut self.states[*at]);
            for (to, weight) in state.to.drain(..) {
                flows[row * n + places[to]] = weight;
            }
            rows.push(state);
        }
        for at in (1..n).rev() {
            let (above, below) = flows.split_at_mut(at * n);
            let onward = &below[..at];
            let gone = std::mem::take(&mut rows[at]);
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
                rows[row].take_ends(share, &gone);
            }
        }
        chance_of(&rows[START])
    }
}
