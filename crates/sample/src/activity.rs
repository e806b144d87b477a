//! Activity: which pages a session shows and which signals it sends.

use super::journey::{Conversion, Visit};
use super::random::Dice;
use super::timeline::N_GOAL_STEPS;
use super::vocabulary::pages::{
    BUTTONS, DEMO, INNER_PAGES, LANDING_PAGES, OUTLINKS, PLANS, PRICING, Page, SIGN_UP, THANK_YOU,
    VIDEOS,
};

/// One step of a session.
#[derive(Debug)]
pub(crate) struct Step {
    /// The page it happens on.
    pub(crate) page: &'static Page,
    /// What happens.
    pub(crate) signal: Signal,
}

/// What happens in a step.
#[derive(Debug)]
pub(crate) enum Signal {
    /// The page is opened.
    Pageview,
    /// A button is clicked.
    Click(&'static str),
    /// A link to another site is followed.
    Outlink(&'static str),
    /// A form is sent, with so many fields.
    FormSubmit(i64),
    /// A video is played, up to that percentage.
    VideoPlay(&'static str, i64),
    /// A goal is reached, for a plan and its value.
    Goal(Conversion, &'static (&'static str, i64)),
}

/// Draws the `n_steps` steps of a session; the first opens the landing page.
pub(crate) fn draw(visit: Visit, n_steps: usize, dice: &mut Dice) -> Vec<Step> {
    let n_free = if visit.conversion.is_some() { n_steps - N_GOAL_STEPS } else { n_steps };
    let mut page = dice.weigh(LANDING_PAGES, |page| page.weight);
    let mut steps = vec![Step { page, signal: Signal::Pageview }];
    while steps.len() < n_free {
        if dice.chance(230) {
            steps.push(Step { page, signal: custom(dice) });
        } else {
            page = dice.weigh(INNER_PAGES, |page| page.weight);
            steps.push(Step { page, signal: Signal::Pageview });
        }
    }
    if let Some(conversion) = visit.conversion {
        steps.extend(goal(conversion, dice));
    }
    steps
}

fn custom(dice: &mut Dice) -> Signal {
    match dice.below(100) {
        0..50 => Signal::Click(dice.pick(BUTTONS)),
        50..70 => Signal::Outlink(dice.pick(OUTLINKS)),
        70..82 => Signal::FormSubmit(dice.between(1, 6)),
        _ => Signal::VideoPlay(dice.pick(VIDEOS), dice.between(1, 4) * 25),
    }
}

fn goal(conversion: Conversion, dice: &mut Dice) -> [Step; N_GOAL_STEPS] {
    let form = match conversion {
        Conversion::DemoRequested => &DEMO,
        Conversion::SignUp => &SIGN_UP,
    };
    let plan = dice.choose(PLANS);
    [
        Step { page: &PRICING, signal: Signal::Pageview },
        Step { page: form, signal: Signal::Pageview },
        Step { page: form, signal: Signal::FormSubmit(dice.between(4, 9)) },
        Step { page: &THANK_YOU, signal: Signal::Pageview },
        Step { page: &THANK_YOU, signal: Signal::Goal(conversion, plan) },
    ]
}
