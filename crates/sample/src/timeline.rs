//! Timelines: the moments of one session, consistent with each other.

use super::journey::Visit;
use super::random::{Dice, Topic};
use super::visitor::Being;
use super::world::World;

/// The time without activity after which a session is over.
const TIMEOUT_MS: i64 = 30 * 60_000;

/// The steps a converting session ends with: price list, form, form sent, thanks, goal.
pub(crate) const N_GOAL_STEPS: usize = 5;

/// The moments of a session, in Unix milliseconds, rising from field to field.
#[derive(Debug)]
pub(crate) struct Timeline {
    /// When the session was made.
    pub(crate) created_ms: i64,
    /// When each step was seen; at least one.
    pub(crate) steps_ms: Vec<i64>,
    /// The last sign of life.
    pub(crate) last_activity_ms: i64,
    /// When the session was over.
    pub(crate) ended_ms: i64,
    /// When the vendor had put the session together.
    pub(crate) finalized_ms: i64,
    /// When the event was made.
    pub(crate) event_created_ms: i64,
}

/// Derives the moments of a visitor's session `ordinal`.
pub(crate) fn derive(world: World, idx: u64, ordinal: u64, being: Being, visit: Visit) -> Timeline {
    let mut dice = Dice::new(world.seed, Topic::Timeline, idx, ordinal);
    let n_steps = n_steps(being, visit, &mut dice);
    let created_ms = visit.start_ms;
    let mut now_ms = created_ms + dice.between(20, 900);
    let mut steps_ms = Vec::with_capacity(n_steps);
    for _ in 0..n_steps {
        steps_ms.push(now_ms);
        now_ms += dwell_ms(&mut dice);
    }
    let last_step_ms = *steps_ms.last().expect("sessions have a step or more");
    let last_activity_ms = last_step_ms + dice.between(0, 25_000);
    let silence_ms = if dice.chance(880) { TIMEOUT_MS } else { 0 };
    let ended_ms = last_activity_ms + silence_ms + dice.between(400, 9_000);
    let finalized_ms = ended_ms + dice.between(40, 90_000);
    let event_created_ms = finalized_ms + dice.between(5, 400);
    Timeline { created_ms, steps_ms, last_activity_ms, ended_ms, finalized_ms, event_created_ms }
}

fn n_steps(being: Being, visit: Visit, dice: &mut Dice) -> usize {
    if matches!(being, Being::Bot(_)) {
        return 1 + dice.below(3) as usize;
    }
    if visit.conversion.is_some() {
        return N_GOAL_STEPS + 1 + dice.below(10) as usize;
    }
    1 + match dice.below(100) {
        0..30 => 0,
        30..60 => dice.below(3) as usize,
        60..90 => 2 + dice.below(5) as usize,
        _ => 6 + dice.below(9) as usize,
    }
}

/// Draws how long a step is looked at: mostly seconds, at times minutes.
fn dwell_ms(dice: &mut Dice) -> i64 {
    match dice.below(100) {
        0..45 => dice.between(2_000, 20_000),
        45..85 => dice.between(20_000, 90_000),
        _ => dice.between(90_000, 420_000),
    }
}
