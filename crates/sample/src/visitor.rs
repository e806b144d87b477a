//! Visitors: a browser or a program that keeps its visitor id.

use super::ids;
use super::person;
use super::random::{Dice, Topic};
use super::vocabulary::agents::{
    BROWSERS, CRAWLERS, Crawler, DESKTOP_SCREENS, Device, MOBILE_SCREENS, TABLET_SCREENS,
};
use super::vocabulary::pages::{SITES, Site};
use super::vocabulary::places::{HOSTING_NETWORKS, NETWORKS, PLACES, Place};
use super::world::World;

/// Of a thousand visitors, how many are programs.
const BOTS_PER_MILLE: u32 = 44;

/// Of a thousand visitors with an odd number, how many are the second browser of the person
/// behind the visitor before.
const SECOND_BROWSERS_PER_MILLE: u32 = 170;

/// What is behind a visitor.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Being {
    /// A person, by number.
    Person(u64),
    /// A program.
    Bot(&'static Crawler),
}

/// A visitor, derived from its number.
#[derive(Debug)]
pub(crate) struct Visitor {
    /// What is behind it.
    pub(crate) being: Being,
    /// Its id, the same in all its sessions.
    pub(crate) vid: String,
    /// The site it visits.
    pub(crate) site: &'static Site,
    /// Where it is.
    pub(crate) place: &'static Place,
    /// What it sends as user agent.
    pub(crate) user_agent: String,
    /// The screen's width and height in pixels.
    pub(crate) screen: (i64, i64),
    /// Its network's number and name.
    pub(crate) network: (i64, &'static str),
    /// Its address, from the ranges kept for documentation.
    pub(crate) ip: String,
    /// Whether it comes through its employer's proxy.
    pub(crate) is_behind_proxy: bool,
}

/// Derives what is behind visitor `idx`, and where it is.
pub(crate) fn being_of(world: World, idx: u64) -> (Being, &'static Place) {
    let being = own_being(world, idx);
    match being {
        Being::Bot(_) => {
            let mut dice = Dice::new(world.seed, Topic::Visitor, idx, 2);
            (being, dice.weigh(&PLACES, |place| place.weight))
        }
        Being::Person(person_idx) => (being, person::home(world, person_idx).place),
    }
}

/// Derives visitor `idx`; `first_seen_ms` is the time in its id.
pub(crate) fn derive(world: World, idx: u64, first_seen_ms: i64) -> Visitor {
    let (being, place) = being_of(world, idx);
    let mut dice = Dice::new(world.seed, Topic::Visitor, idx, 1);
    let vid = ids::ulid(first_seen_ms, &mut dice);
    let site = dice.weigh(SITES, |site| site.weight);
    let (user_agent, device) = match being {
        Being::Bot(crawler) => (crawler.user_agent.to_owned(), Device::Desktop),
        Being::Person(_) => browser(&mut dice),
    };
    let screen = dice.pick(match device {
        Device::Desktop => DESKTOP_SCREENS,
        Device::Mobile => MOBILE_SCREENS,
        Device::Tablet => TABLET_SCREENS,
    });
    let is_bot = matches!(being, Being::Bot(_));
    let network = dice.pick(if is_bot { HOSTING_NETWORKS } else { NETWORKS });
    let ip = address(&mut dice);
    let is_behind_proxy = !is_bot && device == Device::Desktop && dice.chance(110);
    Visitor { being, vid, site, place, user_agent, screen, network, ip, is_behind_proxy }
}

fn own_being(world: World, idx: u64) -> Being {
    let mut dice = Dice::new(world.seed, Topic::Visitor, idx, 0);
    if dice.chance(BOTS_PER_MILLE) {
        return Being::Bot(dice.choose(CRAWLERS));
    }
    if idx % 2 == 1 && dice.chance(SECOND_BROWSERS_PER_MILLE) {
        let mut neighbour = Dice::new(world.seed, Topic::Visitor, idx - 1, 0);
        if !neighbour.chance(BOTS_PER_MILLE) {
            return Being::Person(idx - 1);
        }
    }
    Being::Person(idx)
}

fn browser(dice: &mut Dice) -> (String, Device) {
    let browser = dice.weigh(BROWSERS, |browser| browser.weight);
    let version = dice.between(browser.versions.0, browser.versions.1).to_string();
    (browser.user_agent.replace("{v}", &version), browser.device)
}

/// Draws an address from the ranges of RFC 5737 and RFC 3849.
fn address(dice: &mut Dice) -> String {
    let host = dice.between(1, 254);
    match dice.below(4) {
        0 => format!("192.0.2.{host}"),
        1 => format!("198.51.100.{host}"),
        2 => format!("203.0.113.{host}"),
        _ => format!("2001:db8:{:x}:{:x}::{host:x}", dice.below(0xffff), dice.below(0xffff)),
    }
}
