//! Touches: what the way to the site leaves in referrer, utm and click ids.

use std::fmt::Write;

use super::ids;
use super::random::Dice;
use super::vocabulary::campaigns::{Channel, Habits, TERMS};

/// The traces of one session's way to the site.
#[derive(Debug)]
pub(crate) struct Touch {
    /// The page before, on another site.
    pub(crate) referrer: Option<&'static str>,
    /// The utm values.
    pub(crate) utm: Utm,
    /// An advertising click id: its name and value.
    pub(crate) click_id: Option<(&'static str, String)>,
}

/// The five utm values.
#[derive(Debug, Default)]
pub(crate) struct Utm {
    /// The sender of the traffic.
    pub(crate) source: Option<&'static str>,
    /// The kind of traffic.
    pub(crate) medium: Option<&'static str>,
    /// The campaign.
    pub(crate) campaign: Option<&'static str>,
    /// The search words.
    pub(crate) term: Option<&'static str>,
    /// The variant of the advertisement or link.
    pub(crate) content: Option<&'static str>,
}

/// Draws the traces of a session that came through a channel.
pub(crate) fn draw(habits: &'static Habits, dice: &mut Dice) -> Touch {
    let trace = dice.weigh(habits.traces, |trace| trace.weight);
    let mut utm = Utm::default();
    if let Some((source, medium)) = trace.utm {
        utm.source = Some(source);
        utm.medium = Some(medium).filter(|medium| !medium.is_empty());
        if !habits.campaigns.is_empty() && dice.chance(930) {
            let (campaign, contents) = dice.choose(habits.campaigns);
            utm.campaign = Some(campaign);
            let content = dice.pick(contents);
            utm.content = dice.unless(350, content);
        }
        if habits.channel == Channel::PaidSearch {
            let term = dice.pick(TERMS);
            utm.term = dice.unless(250, term);
        }
    }
    let click_id = trace.click_id.map(|name| (name, click_id(name, dice)));
    Touch { referrer: trace.referrer, utm, click_id }
}

impl Touch {
    /// Gives the value of the click id of that name.
    pub(crate) fn click_id_named(&self, name: &str) -> Option<&str> {
        self.click_id.as_ref().filter(|(held, _)| *held == name).map(|(_, value)| value.as_str())
    }

    /// Gives the query the touch leaves in the landing page's address, beginning with `?`; empty
    /// if there is nothing to tell.
    pub(crate) fn query(&self) -> String {
        let utm = &self.utm;
        let values = [
            ("utm_source", utm.source),
            ("utm_medium", utm.medium),
            ("utm_campaign", utm.campaign),
            ("utm_term", utm.term),
            ("utm_content", utm.content),
        ];
        let mut query = String::new();
        for (name, value) in values {
            if let Some(value) = value {
                push_parameter(&mut query, name, value);
            }
        }
        if let Some((name, value)) = &self.click_id {
            push_parameter(&mut query, name, value);
        }
        query
    }
}

/// Imitates the form of each network's click ids.
fn click_id(name: &str, dice: &mut Dice) -> String {
    match name {
        "gclid" => format!("Cj0KCQ{}", ids::token(80, dice)),
        "fbclid" => format!("IwZXh0bgNhZW0{}", ids::token(60, dice)),
        "msclkid" => format!("{:016x}{:016x}", dice.bits(), dice.bits()),
        _ => ids::token(40, dice),
    }
}

fn push_parameter(query: &mut String, name: &str, value: &str) {
    query.push(if query.is_empty() { '?' } else { '&' });
    query.push_str(name);
    query.push('=');
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                query.push(char::from(byte));
            }
            b' ' => query.push('+'),
            _ => write!(query, "%{byte:02X}").expect("writing to memory cannot fail"),
        }
    }
}
