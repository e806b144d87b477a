//! Attribution over ready-made journeys: how often each path of touches ended in a conversion.
//!
//! `journeys.rs` holds the paths and reads them from a file, `path.rs` reads one, `models.rs` shares a path's
//! conversions among its touches, `markov.rs` asks what would be lost without a channel. Paths know
//! no times and no milestones, so models that need them live in SQL (`queries/macros/touches.sql`),
//! which has the same formulas for all others. Nothing is rounded here.

mod journeys;
mod markov;
mod models;
mod path;

pub use journeys::{Journeys, Path};
pub use markov::{Effect, ORDER_MAX, removal_effects};
pub use models::{Model, Weights};
pub use path::parse_path;

/// Why journeys can't be attributed; each names the culprit and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttributionError {
    /// The file can't be read as journeys.
    #[error("{place}: {reason}")]
    Input {
        /// Where: `line 7`, or `header`.
        place: String,
        /// What is wrong, and how to write it.
        reason: String,
    },
    /// There is no such model, or paths alone can't answer it.
    #[error("{0}")]
    Model(String),
    /// The order of the chain is out of bounds.
    #[error("order {0} is not from 1 to {ORDER_MAX}")]
    Order(usize),
}

/// A channel's credit by one model.
#[derive(Debug, Clone, PartialEq)]
pub struct Credit {
    /// The model.
    pub model: Model,
    /// The channel.
    pub channel: String,
    /// Conversions credited.
    pub conversions: f64,
    /// Value credited.
    pub value: f64,
    /// What share of conversions would be lost without the channel, for `markov`.
    pub removal_effect: Option<f64>,
}

/// Attributes journeys by each of these models; a model's rows begin with the largest credit.
///
/// # Errors
/// [`AttributionError::Order`].
pub fn attribute(
    journeys: &Journeys,
    models: &[Model],
    order: usize,
    weights: Weights,
) -> Result<Vec<Credit>, AttributionError> {
    let mut rows = vec![];
    for model in models {
        let mut credits = match model {
            Model::Markov => by_markov(journeys, order)?,
            model => by_rule(journeys, *model, weights),
        };
        credits.sort_by(|a, b| {
            b.conversions.total_cmp(&a.conversions).then_with(|| a.channel.cmp(&b.channel))
        });
        rows.append(&mut credits);
    }
    Ok(rows)
}

fn by_rule(journeys: &Journeys, model: Model, weights: Weights) -> Vec<Credit> {
    let mut sums = vec![(0.0, 0.0); journeys.channels().len()];
    for path in journeys.paths().filter(|path| path.conversions > 0.0 || path.value != 0.0) {
        for (channel, share) in models::shares(journeys, &path, model, weights) {
            sums[channel].0 += share * path.conversions;
            sums[channel].1 += share * path.value;
        }
    }
    let credits = sums.into_iter().zip(journeys.channels());
    credits
        .map(|((conversions, value), channel)| Credit {
            model,
            channel: channel.clone(),
            conversions,
            value,
            removal_effect: None,
        })
        .collect()
}

/// Shares all conversions out in proportion to removal effects.
fn by_markov(journeys: &Journeys, order: usize) -> Result<Vec<Credit>, AttributionError> {
    let effects = removal_effects(journeys, order)?;
    let (conversions, value) = journeys.paths().fold((0.0, 0.0), |(conversions, value), path| {
        (conversions + path.conversions, value + path.value)
    });
    let sum: f64 = effects.iter().map(|effect| effect.conversions).sum();
    let value_sum: f64 = effects.iter().map(|effect| effect.value).sum();
    let part = |of: f64, all: f64, total: f64| if all > 0.0 { of / all * total } else { 0.0 };
    let credits = effects.into_iter().map(|effect| Credit {
        model: Model::Markov,
        conversions: part(effect.conversions, sum, conversions),
        value: part(effect.value, value_sum, value),
        removal_effect: Some(effect.conversions),
        channel: effect.channel,
    });
    Ok(credits.collect())
}

#[cfg(test)]
mod tests;
