//! The user's own rules, tried in their order before the table.
//!
//! A rule names a channel and what must hold: one or several conditions on what a visit's origin
//! was resolved to, or on its addresses. Case does not matter. What a rule decided is recorded as
//! `user_1` for the first one and so on, or by the rule's own name.

use std::borrow::Cow;

use regex::{Regex, RegexBuilder};
use serde::Deserialize;

use super::Signals;
use super::resolve::Origin;
use crate::flatten::account::{host_of, path_of, referrer_host};

/// What a condition looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Field {
    /// The resolved source.
    Source,
    /// The resolved medium.
    Medium,
    /// The resolved campaign.
    Campaign,
    /// The UTM term.
    Term,
    /// The UTM content.
    Content,
    /// The address the visitor came from.
    Referrer,
    /// Its host.
    ReferrerHost,
    /// The address of the first page.
    LandingPage,
    /// Its host.
    LandingHost,
    /// Its path.
    LandingPath,
    /// The query key of the click id, such as `gclid`.
    ClickIdType,
}

/// How a condition compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Operator {
    Equals,
    NotEquals,
    Contains,
    NotContains,
    StartsWith,
    EndsWith,
    Regex,
    NotRegex,
    IsSet,
    IsNotSet,
}

/// A condition as the settings file has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ConditionText {
    field: Field,
    operator: Operator,
    value: Option<String>,
}

/// A rule as `[[channels]]` in the settings file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Definition {
    channel: String,
    name: Option<String>,
    field: Option<Field>,
    operator: Option<Operator>,
    value: Option<String>,
    #[serde(default)]
    when: Vec<ConditionText>,
}

/// A rule of the user's.
#[derive(Debug, Clone)]
pub struct UserRule {
    channel: String,
    name: Option<String>,
    conditions: Vec<Condition>,
}

#[derive(Debug, Clone)]
struct Condition {
    field: Field,
    operator: Operator,
    /// In lower case.
    value: String,
    pattern: Option<Regex>,
}

impl UserRule {
    /// Reads a rule of the settings file.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn from_toml(value: toml::Value) -> Result<Self, String> {
        let definition: Definition =
            value.try_into().map_err(|error: toml::de::Error| error.message().to_owned())?;
        let channel = definition.channel.trim().to_owned();
        let refuse = |reason: &str| format!("channel `{channel}`: {reason}");
        if channel.is_empty() {
            return Err("a rule needs a channel".to_owned());
        }
        let mut conditions = definition.when;
        match (definition.field, definition.operator) {
            (Some(field), Some(operator)) => {
                conditions.push(ConditionText { field, operator, value: definition.value });
            }
            (None, None) if definition.value.is_none() => {}
            _ => return Err(refuse("field and operator belong together")),
        }
        if conditions.is_empty() {
            return Err(refuse("give field, operator and value, or a list of them as when"));
        }
        let conditions = conditions.into_iter().map(|text| text.condition());
        let conditions = conditions.collect::<Result<_, _>>().map_err(|reason| refuse(&reason))?;
        Ok(Self { channel, name: definition.name, conditions })
    }

    /// Returns the channel it gives.
    pub(super) fn channel(&self) -> &str {
        &self.channel
    }

    /// Returns its name for audit; `place` is its place among the rules, from 0.
    pub(super) fn name(&self, place: usize) -> String {
        self.name.clone().unwrap_or_else(|| format!("user_{}", place + 1))
    }

    /// Whether all its conditions hold.
    pub(super) fn holds(&self, signals: &Signals<'_>, origin: &Origin<'_>) -> bool {
        self.conditions.iter().all(|condition| condition.holds(signals, origin))
    }
}

impl ConditionText {
    fn condition(self) -> Result<Condition, String> {
        let needs_value = !matches!(self.operator, Operator::IsSet | Operator::IsNotSet);
        if needs_value != self.value.is_some() {
            return Err(if needs_value {
                "a condition needs a value".to_owned()
            } else {
                "is_set and is_not_set take no value".to_owned()
            });
        }
        let value = self.value.unwrap_or_default();
        let pattern = match self.operator {
            Operator::Regex | Operator::NotRegex => {
                let pattern = RegexBuilder::new(&value).case_insensitive(true).build();
                Some(pattern.map_err(|_| format!("`{value}` is no regular expression"))?)
            }
            _ => None,
        };
        let value = value.to_lowercase();
        Ok(Condition { field: self.field, operator: self.operator, value, pattern })
    }
}

impl Condition {
    fn holds(&self, signals: &Signals<'_>, origin: &Origin<'_>) -> bool {
        let found = self.field.of(signals, origin).map(|text| text.trim().to_lowercase());
        let text = found.as_deref().unwrap_or_default();
        let is_match = || self.pattern.as_ref().is_some_and(|pattern| pattern.is_match(text));
        match self.operator {
            Operator::Equals => text == self.value,
            Operator::NotEquals => text != self.value,
            Operator::Contains => text.contains(&self.value),
            Operator::NotContains => !text.contains(&self.value),
            Operator::StartsWith => text.starts_with(&self.value),
            Operator::EndsWith => text.ends_with(&self.value),
            Operator::Regex => is_match(),
            Operator::NotRegex => !is_match(),
            Operator::IsSet => !text.is_empty(),
            Operator::IsNotSet => text.is_empty(),
        }
    }
}

impl Field {
    fn of<'a>(self, signals: &Signals<'a>, origin: &'a Origin<'_>) -> Option<Cow<'a, str>> {
        let borrowed = |text: &'a Option<Cow<'_, str>>| text.as_deref().map(Cow::Borrowed);
        match self {
            Self::Source => borrowed(&origin.source),
            Self::Medium => borrowed(&origin.medium),
            Self::Campaign => borrowed(&origin.campaign),
            Self::Term => signals.utm_term.map(Cow::Borrowed),
            Self::Content => signals.utm_content.map(Cow::Borrowed),
            Self::Referrer => signals.referrer.map(Cow::Borrowed),
            Self::ReferrerHost => signals.referrer.and_then(referrer_host),
            Self::LandingPage => signals.landing_page.map(Cow::Borrowed),
            Self::LandingHost => signals.landing_page.and_then(host_of),
            Self::LandingPath => signals.landing_page.and_then(path_of).map(Cow::Borrowed),
            Self::ClickIdType => origin.click.as_ref().map(|click| Cow::Borrowed(click.key)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Channels, Grouping, Touch};
    use super::*;

    fn rule(text: &str) -> Result<UserRule, String> {
        UserRule::from_toml(text.parse::<toml::Table>().unwrap().into())
    }

    fn touch(rules: &[&str], signals: &Signals<'_>) -> Touch {
        let rules = rules.iter().map(|text| rule(text).unwrap()).collect();
        Channels { grouping: Grouping::Default, rules }.classify(signals)
    }

    #[test]
    fn the_first_rule_that_holds_decides_and_is_recorded() {
        let partners =
            "channel = 'Partners'\nfield = 'source'\noperator = 'equals'\nvalue = 'Acme'";
        let paid = "channel = 'Sponsored'\nname = 'sponsors'\n\
                    when = [{ field = 'medium', operator = 'regex', value = '^cp[cm]$' }, \
                            { field = 'landing_path', operator = 'starts_with', value = '/ev' }]";
        let signals = Signals {
            utm_source: Some("ACME"),
            utm_medium: Some("cpc"),
            landing_page: Some("https://example.com/events"),
            ..Signals::default()
        };
        let found = touch(&[partners, paid], &signals);
        assert_eq!((found.channel.as_ref(), found.rule.as_ref()), ("Partners", "user_1"));
        let found = touch(&[paid, partners], &signals);
        assert_eq!((found.channel.as_ref(), found.rule.as_ref()), ("Sponsored", "sponsors"));
        let other = Signals { utm_source: Some("google"), ..signals };
        let found = touch(&[partners], &other);
        assert_eq!((found.channel.as_ref(), found.rule.as_ref()), ("Paid Search", "paid_search"));
    }

    #[test]
    fn every_operator_does_what_its_name_says() {
        let signals = Signals { utm_source: Some("newsletter-may"), ..Signals::default() };
        for (operator, value, holds) in [
            ("equals", "newsletter-may", true),
            ("not_equals", "newsletter-may", false),
            ("contains", "letter", true),
            ("not_contains", "letter", false),
            ("starts_with", "news", true),
            ("ends_with", "may", true),
            ("regex", "^news.*(may|june)$", true),
            ("not_regex", "^news", false),
        ] {
            let text = format!(
                "channel = 'X'\nfield = 'source'\noperator = '{operator}'\nvalue = '{value}'"
            );
            assert_eq!(touch(&[&text], &signals).channel == "X", holds, "{operator}");
        }
        let unset = "channel = 'X'\nfield = 'campaign'\noperator = 'is_not_set'";
        assert_eq!(touch(&[unset], &signals).channel, "X");
    }

    #[test]
    fn a_rule_that_can_not_be_read_says_why() {
        for (text, wanted) in [
            ("channel = 'X'", "give field"),
            ("channel = 'X'\nfield = 'source'", "belong together"),
            ("channel = 'X'\nfield = 'sauce'\noperator = 'equals'\nvalue = 'a'", "sauce"),
            ("channel = 'X'\nfield = 'source'\noperator = 'equals'", "needs a value"),
            ("channel = 'X'\nfield = 'source'\noperator = 'regex'\nvalue = '('", "`(`"),
            ("channel = ' '\nfield = 'source'\noperator = 'is_set'", "needs a channel"),
        ] {
            let error = rule(text).unwrap_err();
            assert!(error.contains(wanted), "{text}: {error}");
        }
    }
}
