//! People: who they are, where they live and work, and how to reach them.

use super::company;
use super::ids;
use super::random::{Dice, Topic};
use super::vocabulary::careers::{CAREERS, Career, FREE_MAIL};
use super::vocabulary::names::{Names, Tongue};
use super::vocabulary::places::{PLACES, Place};
use super::world::World;

/// The sizes of the largest companies are cut so that none employs more than a percent of all.
const LARGEST_CUT: u32 = 24;

/// Where a person lives and works.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Home {
    /// The employer's number.
    pub(crate) company_idx: u32,
    /// The home town.
    pub(crate) place: &'static Place,
}

/// A person, derived from its number.
#[derive(Debug)]
pub(crate) struct Person {
    /// Home and employer.
    pub(crate) home: Home,
    /// Given and family name as written at home.
    pub(crate) name: (&'static str, &'static str),
    /// Both names in their order.
    pub(crate) full_name: String,
    /// The last part of the profile's address.
    pub(crate) handle: String,
    /// The address vendors know, if any.
    pub(crate) email: Option<String>,
    /// Whether that address is the employer's, not a free mail service's.
    pub(crate) is_work_email: bool,
    /// The line of work.
    pub(crate) career: &'static Career,
    /// The current title.
    pub(crate) title: &'static str,
    /// The first language.
    pub(crate) language: &'static str,
}

/// Derives where person `idx` lives and works.
pub(crate) fn home(world: World, idx: u64) -> Home {
    let mut dice = Dice::new(world.seed, Topic::Person, idx, 0);
    let rank = dice.skewed(world.n_companies + LARGEST_CUT).saturating_sub(LARGEST_CUT + 1);
    // The largest ranks were cut; the people drawn for them spread over all companies.
    let company_idx = if rank == 0 { dice.below(world.n_companies) } else { rank };
    let headquarters = company::place(world, company_idx);
    let place =
        if dice.chance(800) { headquarters } else { dice.weigh(&PLACES, |place| place.weight) };
    Home { company_idx, place }
}

/// Derives person `idx`, who works at the company with that domain.
pub(crate) fn derive(world: World, idx: u64, home: Home, domain: &str) -> Person {
    let mut dice = Dice::new(world.seed, Topic::Person, idx, 1);
    let tongue = if dice.chance(820) { home.place.tongue } else { Tongue::ENGLISH };
    let names = tongue.names();
    let (given, given_plain) = dice.pick(&names.given);
    let (family, family_plain) = dice.pick(&names.family);
    let tag = ids::base_36(idx);
    let handle = format!("{given_plain}-{family_plain}-sample-{tag}");
    let kind = dice.below(1000);
    // The tag keeps addresses of namesakes apart.
    let email = match kind {
        0..650 => Some(format!("{given_plain}.{family_plain}.{tag}@{domain}")),
        650..780 => {
            let service = dice.pick(FREE_MAIL);
            Some(format!("{given_plain}{family_plain}.sample.{tag}@{service}"))
        }
        _ => None,
    };
    let career = dice.choose(CAREERS);
    let title = dice.pick(career.titles);
    Person {
        home,
        name: (given, family),
        full_name: full_name(names, given, family),
        handle,
        email,
        is_work_email: kind < 650,
        career,
        title,
        language: names.language,
    }
}

fn full_name(names: &Names, given: &str, family: &str) -> String {
    match names.family_first {
        Some(between) => format!("{family}{between}{given}"),
        None => format!("{given} {family}"),
    }
}
