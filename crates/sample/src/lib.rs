//! Sample events: a made-up world whose visitors behave enough like real ones.
//!
//! Trying out a receiver, a lake or a report needs data, and nobody's visitors should be lent for
//! that. This stage invents companies, the people who work there, their browsers, and the journeys
//! that lead some of them to ask for a demo, and tells each session as the vendor would: as the
//! compact JSON of one `identity.session.finalized` event.
//!
//! Promises:
//! - The same [`Plan`] gives the same bytes, on any machine and at any time.
//! - Events come in order of `created`; event and session ids are unique.
//! - Memory grows by some twenty bytes an event: only the schedule is kept, and everything else is
//!   derived again from the seed when its event is written.
//! - Nobody in it exists. Network addresses and numbers are those reserved for documentation.
//!
//! How a fact is found: `random` opens a stream of dice for a topic and a subject; `visitor`,
//! `person` and `company` derive who is who; `journey`, `timeline`, `touch` and `activity` derive
//! what happens; `session`, `profile` and `figures` write it down with `writer`.

mod activity;
mod company;
mod figures;
mod ids;
mod journey;
mod person;
mod profile;
mod random;
mod session;
mod timeline;
mod touch;
mod visitor;
mod vocabulary;
mod world;
mod writer;

#[cfg(test)]
mod tests;

use self::random::{Dice, Topic};
use self::session::Session;
use self::visitor::Being;
use self::world::World;
use self::writer::Writer;

/// Midnight UTC of 1 January 2026, in Unix milliseconds.
const NEW_YEAR_2026_MS: i64 = 1_767_225_600_000;

/// A company for so many events, within bounds.
const EVENTS_PER_COMPANY: u64 = 12;
const N_COMPANIES_MIN: u64 = 16;
const N_COMPANIES_MAX: u64 = 200_000;

/// Of a thousand sessions of people, how many stay unrecognised.
const ANONYMOUS_PER_MILLE: u32 = 220;

/// What to generate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// How many events to give.
    pub n_events: u64,
    /// Which of the possible worlds to show.
    pub seed: u64,
    /// The first moment a session may begin, in Unix milliseconds. Meant to be a midnight UTC.
    pub start_ms: i64,
    /// How many days sessions begin in; 0 counts as 1.
    pub days: u32,
}

impl Default for Plan {
    /// Plans no events, seed 0, ninety days from 1 January 2026.
    fn default() -> Self {
        Self { n_events: 0, seed: 0, start_ms: NEW_YEAR_2026_MS, days: 90 }
    }
}

/// One event, as the vendor would send it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleEvent {
    /// The event's id: `evt_` and a ULID of 26 characters.
    pub id: String,
    /// The compact JSON of the event, of type `identity.session.finalized`.
    pub body: String,
}

/// Gives the events of a plan, in order of `created`.
#[derive(Debug)]
pub struct Generator {
    world: World,
    schedule: std::vec::IntoIter<Entry>,
}

/// A session due to be told: of which visitor, and which of its visits.
///
/// The derived order is the order of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    event_created_ms: i64,
    visitor_idx: u32,
    ordinal: u32,
}

impl Generator {
    /// Draws up the schedule of a plan.
    ///
    /// Takes about a microsecond and sixteen bytes an event; at most 2^32 visitors are invented.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        let n_companies =
            (plan.n_events / EVENTS_PER_COMPANY).clamp(N_COMPANIES_MIN, N_COMPANIES_MAX);
        let world = World {
            seed: plan.seed,
            n_companies: u32::try_from(n_companies).expect("the bounds fit"),
            start_ms: plan.start_ms,
            n_days: plan.days.max(1),
        };
        Self { world, schedule: schedule(world, plan.n_events).into_iter() }
    }
}

impl Iterator for Generator {
    type Item = SampleEvent;

    fn next(&mut self) -> Option<SampleEvent> {
        self.schedule.next().map(|entry| tell(self.world, entry))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.schedule.size_hint()
    }
}

impl ExactSizeIterator for Generator {}

/// Invents visitors until their sessions suffice, and puts the sessions in order.
fn schedule(world: World, n_events: u64) -> Vec<Entry> {
    let n_events = usize::try_from(n_events).unwrap_or(usize::MAX);
    let mut entries = Vec::new();
    for visitor_idx in 0..u32::MAX {
        if entries.len() >= n_events {
            break;
        }
        let idx = u64::from(visitor_idx);
        let (being, place) = visitor::being_of(world, idx);
        for (ordinal, visit) in (0..).zip(journey::visits(world, idx, being, place)) {
            let timeline = timeline::derive(world, idx, u64::from(ordinal), being, visit);
            let event_created_ms = timeline.event_created_ms;
            entries.push(Entry { event_created_ms, visitor_idx, ordinal });
        }
    }
    entries.truncate(n_events);
    entries.sort_unstable();
    entries
}

/// Derives a session and writes its event.
fn tell(world: World, entry: Entry) -> SampleEvent {
    let (idx, ordinal) = (u64::from(entry.visitor_idx), u64::from(entry.ordinal));
    let (being, place) = visitor::being_of(world, idx);
    let visits = journey::visits(world, idx, being, place);
    let visit = visits[entry.ordinal as usize];
    let visitor = visitor::derive(world, idx, visits[0].start_ms);
    let timeline = timeline::derive(world, idx, ordinal, being, visit);
    let open = |topic| Dice::new(world.seed, topic, idx, ordinal);
    let touch = touch::draw(visit.channel, &mut open(Topic::Touch));
    let steps = activity::draw(visit, timeline.steps_ms.len(), &mut open(Topic::Activity));
    let mut ids = open(Topic::Ids);
    let sid = ids::ulid(timeline.created_ms, &mut ids);
    let id = format!("evt_{}", ids::ulid(timeline.event_created_ms, &mut ids));
    let mut dice = open(Topic::Session);
    // Who converts has given a name, so it is recognised more often.
    let anonymous_per_mille = if visit.conversion.is_some() { 40 } else { ANONYMOUS_PER_MILLE };
    let recognised = match being {
        Being::Person(person_idx) => dice.unless(anonymous_per_mille, person_idx),
        Being::Bot(_) => None,
    };
    let is_enriched = recognised.is_some();
    let session = Session {
        sid,
        visitor: &visitor,
        timeline: &timeline,
        touch: &touch,
        steps: &steps,
        is_enriched,
    };

    let mut writer = Writer::with_capacity(8 * 1024);
    writer.open_item();
    writer.text("id", &id);
    writer.text("type", "identity.session.finalized");
    writer.number("created", timeline.event_created_ms);
    writer.open_object("data");
    session::write(&mut writer, &session, &mut dice);
    match recognised {
        Some(person_idx) => profile::write(&mut writer, world, person_idx, timeline.created_ms),
        None => writer.null("enrichment"),
    }
    writer.number("sessionEndedAt", timeline.ended_ms);
    writer.number("eventCount", i64::try_from(steps.len()).expect("steps are few"));
    writer.number("finalizedAt", timeline.finalized_ms);
    writer.close_object();
    writer.close_object();
    SampleEvent { id, body: writer.finish() }
}
