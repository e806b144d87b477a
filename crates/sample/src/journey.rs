//! Journeys: when a visitor comes, through which channels, and whether it becomes a customer.
//!
//! People come back over days and weeks, each time perhaps by another way, and a journey that
//! touched the better channels ends in a conversion more often. That is what attribution is there
//! to find, so the sample holds it.

use super::random::{Dice, Topic};
use super::visitor::Being;
use super::vocabulary::campaigns::{CHANNELS, Channel, Habits};
use super::vocabulary::places::Place;
use super::world::World;

const MINUTE_MS: i64 = 60_000;
const DAY_MINUTES: i64 = 24 * 60;
const DAY_MS: i64 = DAY_MINUTES * MINUTE_MS;

/// The least time between the starts of two sessions of one visitor. It exceeds the longest
/// session with its timeout, so sessions never overlap.
const PAUSE_MS_MIN: i64 = 4 * 60 * MINUTE_MS;

/// How busy each local hour is, relative to the others.
const HOUR_WEIGHTS: &[(i64, u32)] = &[
    (0, 6),
    (1, 4),
    (2, 3),
    (3, 2),
    (4, 3),
    (5, 5),
    (6, 12),
    (7, 28),
    (8, 60),
    (9, 95),
    (10, 105),
    (11, 98),
    (12, 70),
    (13, 82),
    (14, 100),
    (15, 98),
    (16, 84),
    (17, 58),
    (18, 36),
    (19, 30),
    (20, 30),
    (21, 26),
    (22, 18),
    (23, 10),
];

/// How many sessions people have, with weights.
const N_VISITS: &[(u32, u32)] =
    &[(1, 420), (2, 200), (3, 130), (4, 85), (5, 55), (6, 40), (7, 25), (8, 18), (10, 14), (12, 8)];

/// A goal reached in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conversion {
    /// A demo was asked for.
    DemoRequested,
    /// An account was made.
    SignUp,
}

/// A visitor's way to one session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visit {
    /// When the session begins, in Unix milliseconds.
    pub(crate) start_ms: i64,
    /// What brought the visitor.
    pub(crate) channel: &'static Habits,
    /// What the session ends in.
    pub(crate) conversion: Option<Conversion>,
}

/// Derives all visits of visitor `idx`, in order of time; at least one.
pub(crate) fn visits(world: World, idx: u64, being: Being, place: &Place) -> Vec<Visit> {
    let mut dice = Dice::new(world.seed, Topic::Journey, idx, 0);
    match being {
        Being::Person(_) => visits_of_person(world, place, &mut dice),
        Being::Bot(_) => visits_of_bot(world, &mut dice),
    }
}

fn visits_of_person(world: World, place: &Place, dice: &mut Dice) -> Vec<Visit> {
    let n_visits = dice.weigh(N_VISITS, |(_, weight)| *weight).0;
    let mut day = i64::from(dice.below(world.n_days));
    let mut visits: Vec<Visit> = Vec::new();
    let mut assists_per_mille = 0;
    let mut has_converted = false;
    for _ in 0..n_visits {
        let earliest_ms = visits.last().map_or(world.start_ms, |last| last.start_ms + PAUSE_MS_MIN);
        let working_day = working_day(world, day, dice);
        let mut start_ms = moment(world, working_day, place.timezone.1, dice);
        if start_ms < earliest_ms {
            start_ms = earliest_ms + dice.between(0, 90 * MINUTE_MS);
        }
        if start_ms >= world.end_ms() && !visits.is_empty() {
            break;
        }
        let is_first = visits.is_empty();
        let weight =
            |habits: &Habits| if is_first { habits.first_weight } else { habits.later_weight };
        let channel = dice.weigh(CHANNELS, weight);
        let chance = channel.converts_per_mille + assists_per_mille;
        let is_goal = dice.chance(chance) && !has_converted;
        let conversion = is_goal.then(|| conversion(dice));
        has_converted |= is_goal;
        assists_per_mille += channel.assists_per_mille;
        visits.push(Visit { start_ms, channel, conversion });
        day += gap_days(dice);
    }
    visits
}

/// Bots come at any hour, straight to the page.
fn visits_of_bot(world: World, dice: &mut Dice) -> Vec<Visit> {
    let direct = CHANNELS.iter().find(|habits| habits.channel == Channel::Direct);
    let channel = direct.expect("the table of channels has one for direct visits");
    let n_visits = 1 + i64::from(dice.below(3));
    let span_ms = i64::from(world.n_days) * DAY_MS / n_visits;
    let visit = |part: i64| {
        let minutes = i64::from(dice.below(slot_minutes(span_ms)));
        let start_ms =
            world.start_ms + part * span_ms + minutes * MINUTE_MS + dice.between(0, 59_999);
        Visit { start_ms, channel, conversion: None }
    };
    (0..n_visits).map(visit).collect()
}

/// Gives the minutes in which a bot's visit may begin, so that visits keep their pause.
fn slot_minutes(span_ms: i64) -> u32 {
    u32::try_from((span_ms - PAUSE_MS_MIN) / MINUTE_MS).expect("a plan's days are few")
}

/// Moves most days at a weekend to the Friday before or the Monday after, within the plan.
fn working_day(world: World, day: i64, dice: &mut Dice) -> i64 {
    let weekday = (world.start_ms.div_euclid(DAY_MS) + day + 4).rem_euclid(7);
    let moved = match weekday {
        0 => day + 1,
        6 => day - 1,
        _ => day,
    };
    let is_moved = dice.chance(720) && (0..i64::from(world.n_days)).contains(&moved);
    if is_moved { moved } else { day }
}

fn moment(world: World, day: i64, utc_offset_minutes: i64, dice: &mut Dice) -> i64 {
    let hour = dice.weigh(HOUR_WEIGHTS, |(_, weight)| *weight).0;
    let local_minutes = hour * 60 + dice.between(0, 59);
    let utc_minutes = (local_minutes - utc_offset_minutes).rem_euclid(DAY_MINUTES);
    world.start_ms + day * DAY_MS + utc_minutes * MINUTE_MS + dice.between(0, 59_999)
}

fn gap_days(dice: &mut Dice) -> i64 {
    match dice.below(100) {
        0..12 => 0,
        12..50 => dice.between(1, 3),
        50..80 => dice.between(4, 9),
        _ => dice.between(10, 28),
    }
}

fn conversion(dice: &mut Dice) -> Conversion {
    if dice.chance(620) { Conversion::DemoRequested } else { Conversion::SignUp }
}
