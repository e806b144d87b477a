//! Models that share out a path's conversions by its touches' places and channels.
//!
//! Formulas: position-based models as Adobe and Google publish them, `participation` 1 for each
//! distinct channel, `shapley` and `linear_unique` an equal share for each distinct channel, which
//! is the Shapley value of the game in which a set of channels is worth the conversions of the
//! paths within it (Zhao, Mahboobi, Bagheri 2018, arXiv:1804.05327).

use std::str::FromStr;

use super::{AttributionError, Journeys, Path};

/// A model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// All to the first touch.
    FirstTouch,
    /// All to the last touch.
    LastTouch,
    /// All to the last touch that is not Direct, else to the last.
    LastNonDirect,
    /// All to the first touch that is not Direct, else to the first.
    FirstNonDirect,
    /// All to the first paid touch, else to the first.
    FirstPaid,
    /// All to the last paid touch, else to the last.
    LastPaid,
    /// The same to each touch.
    Linear,
    /// The same to each distinct channel.
    LinearUnique,
    /// 40 % to the first and the last touch each, the rest between them.
    PositionBased,
    /// 20 % to the first, 60 % to the last touch, the rest between them.
    JShaped,
    /// 60 % to the first, 20 % to the last touch, the rest between them.
    InverseJ,
    /// The Shapley value.
    Shapley,
    /// All to each distinct channel, so that credit sums to more than there is.
    Participation,
    /// Shares of your own for first, middle and last touch.
    Custom,
    /// In proportion to what a Markov chain loses without the channel.
    Markov,
}

/// Shares of the first touch, of all between, and of the last one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// The first touch's.
    pub first: f64,
    /// That of all touches between.
    pub middle: f64,
    /// The last touch's.
    pub last: f64,
}

impl Default for Weights {
    fn default() -> Self {
        Self { first: 40.0, middle: 20.0, last: 40.0 }
    }
}

impl Model {
    /// Every model that paths can answer.
    pub const ALL: [Self; 15] = [
        Self::FirstTouch,
        Self::LastTouch,
        Self::LastNonDirect,
        Self::FirstNonDirect,
        Self::FirstPaid,
        Self::LastPaid,
        Self::Linear,
        Self::LinearUnique,
        Self::PositionBased,
        Self::JShaped,
        Self::InverseJ,
        Self::Shapley,
        Self::Participation,
        Self::Custom,
        Self::Markov,
    ];

    /// Returns its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FirstTouch => "first_touch",
            Self::LastTouch => "last_touch",
            Self::LastNonDirect => "last_non_direct",
            Self::FirstNonDirect => "first_non_direct",
            Self::FirstPaid => "first_paid",
            Self::LastPaid => "last_paid",
            Self::Linear => "linear",
            Self::LinearUnique => "linear_unique",
            Self::PositionBased => "position_based",
            Self::JShaped => "j_shaped",
            Self::InverseJ => "inverse_j",
            Self::Shapley => "shapley",
            Self::Participation => "participation",
            Self::Custom => "custom",
            Self::Markov => "markov",
        }
    }
}

impl FromStr for Model {
    type Err = AttributionError;

    fn from_str(text: &str) -> Result<Self, AttributionError> {
        if let Some(model) = Self::ALL.into_iter().find(|model| model.name() == text) {
            return Ok(model);
        }
        let needs = match text {
            "time_decay" => "needs the times of touches",
            "u_lead" | "w_shaped" | "full_path" => "needs the times of leads and deals",
            _ => {
                let names: Vec<&str> = Self::ALL.into_iter().map(Self::name).collect();
                let known = names.join(", ");
                let message = format!("there is no model `{text}`; there are {known}");
                return Err(AttributionError::Model(message));
            }
        };
        Err(AttributionError::Model(format!(
            "model `{text}` {needs}, which paths don't have; use `tributary report models`"
        )))
    }
}

impl FromStr for Weights {
    type Err = AttributionError;

    fn from_str(text: &str) -> Result<Self, AttributionError> {
        let shares: Option<Vec<f64>> =
            text.split(',').map(|part| part.trim().parse().ok()).collect();
        let shares = shares.filter(|shares| {
            shares.iter().all(|share| share.is_finite() && *share >= 0.0)
                && shares.iter().sum::<f64>() > 0.0
        });
        match shares.as_deref() {
            Some([first, middle, last]) => Ok(Self { first: *first, middle: *middle, last: *last }),
            _ => Err(AttributionError::Model(format!(
                "`{text}` are no weights; write three shares such as 40,20,40, none negative"
            ))),
        }
    }
}

/// Returns the share of a path's conversions that each of its touches earns, by its channel.
pub(super) fn shares(
    journeys: &Journeys,
    path: &Path,
    model: Model,
    weights: Weights,
) -> Vec<(usize, f64)> {
    let steps = &path.steps;
    let last = steps.len() - 1;
    let name = |at: &usize| journeys.channels()[steps[*at]].as_str();
    let one = |at: usize| vec![(steps[at], 1.0)];
    let first_where =
        |is_wanted: fn(&str) -> bool| (0..=last).find(|at| is_wanted(name(at))).unwrap_or(0);
    let last_where =
        |is_wanted: fn(&str) -> bool| (0..=last).rfind(|at| is_wanted(name(at))).unwrap_or(last);
    match model {
        Model::FirstTouch => one(0),
        Model::LastTouch => one(last),
        Model::LastNonDirect => one(last_where(|name| !is_direct(name))),
        Model::FirstNonDirect => one(first_where(|name| !is_direct(name))),
        Model::FirstPaid => one(first_where(is_paid)),
        Model::LastPaid => one(last_where(is_paid)),
        Model::Linear => shaped(steps, 1.0, (last as f64 - 1.0).max(0.0), 1.0),
        Model::PositionBased => shaped(steps, 0.4, 0.2, 0.4),
        Model::JShaped => shaped(steps, 0.2, 0.2, 0.6),
        Model::InverseJ => shaped(steps, 0.6, 0.2, 0.2),
        Model::Custom => shaped(steps, weights.first, weights.middle, weights.last),
        Model::LinearUnique | Model::Shapley => {
            let distinct = distinct(steps);
            let share = 1.0 / distinct.len() as f64;
            distinct.into_iter().map(|channel| (channel, share)).collect()
        }
        Model::Participation => distinct(steps).into_iter().map(|channel| (channel, 1.0)).collect(),
        // A chain shares out all conversions at once, see `markov.rs`.
        Model::Markov => vec![],
    }
}

/// Gives shares to the first touch, to all between together, and to the last one. Without touches
/// between, theirs is dropped; the rest is scaled to 1.
fn shaped(steps: &[usize], first: f64, middle: f64, last: f64) -> Vec<(usize, f64)> {
    let n = steps.len();
    if n == 1 {
        return vec![(steps[0], 1.0)];
    }
    let (first, last) = if n == 2 && first + last == 0.0 { (1.0, 1.0) } else { (first, last) };
    let middle = if n == 2 { 0.0 } else { middle };
    // All weight may lie on the middle, or none but there.
    let sum = first + middle + last;
    let share = |at: usize| match at {
        0 => first / sum,
        at if at == n - 1 => last / sum,
        _ => middle / sum / (n - 2) as f64,
    };
    steps.iter().enumerate().map(|(at, channel)| (*channel, share(at))).collect()
}

fn distinct(steps: &[usize]) -> Vec<usize> {
    let mut distinct = steps.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    distinct
}

fn is_direct(name: &str) -> bool {
    name.eq_ignore_ascii_case("direct") || name.eq_ignore_ascii_case("(direct)")
}

/// As `queries/macros/is_paid_channel.sql` has it.
fn is_paid(name: &str) -> bool {
    name.starts_with("Paid") || name == "Display" || name == "Cross-network"
}
