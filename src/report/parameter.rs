//! Parameters of reports: declared in the file's header, read from text, bound as typed values.

use std::str::FromStr;

use super::ReportError;
use crate::query::Value;
use tributary_lake::files::parse_day;

/// Seconds a day.
const DAY_SECONDS: f64 = 86_400.0;
/// Days that no lookback reaches.
const FOREVER_DAYS: f64 = 1e6;

/// The type of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A UTC day, `YYYY-MM-DD`.
    Date,
    /// Text.
    Text,
    /// An integer, `int` or `int(1..4)`, within these bounds.
    Int(i64, i64),
    /// A number.
    Float,
    /// A span of time, `30d` or a number of days; bound as days. `none` is longer than any.
    Days,
    /// Shares of the first touch, those between and the last one, `40,20,40`.
    Weights,
    /// One of these words.
    Choice(Vec<String>),
}

impl Kind {
    /// Returns its name, as a declaration begins with it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Text => "text",
            Self::Int(..) => "int",
            Self::Float => "float",
            Self::Days => "days",
            Self::Weights => "weights",
            Self::Choice(_) => "choice",
        }
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "date" => Ok(Self::Date),
            "text" => Ok(Self::Text),
            "int" => Ok(Self::Int(0, i64::MAX)),
            "weights" => Ok(Self::Weights),
            "float" => Ok(Self::Float),
            "days" => Ok(Self::Days),
            _ => {
                let of = |kind: &str| text.strip_prefix(kind)?.strip_prefix('(')?.strip_suffix(')');
                let words = of("choice").map(|words| words.split('|').map(str::to_owned).collect());
                let bounds = of("int").and_then(|bounds| bounds.split_once(".."));
                let bounds = bounds.and_then(|(low, high)| low.parse().ok().zip(high.parse().ok()));
                let kind = bounds.map(|(low, high)| Self::Int(low, high));
                kind.or(words.map(Self::Choice)).ok_or_else(|| {
                    format!(
                        "`{text}` is no type; use date, text, int, int(1..4), float, days, \
                         weights or choice(a|b)"
                    )
                })
            }
        }
    }
}

/// A parameter of a report.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name, `$name` in the SQL.
    pub name: String,
    /// Its type.
    pub kind: Kind,
    /// Its value if none is given.
    pub default: Value,
    /// What it means.
    pub doc: String,
}

impl Parameter {
    /// Reads a declaration, `NAME TYPE [= DEFAULT]; DOC`.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (declaration, doc) = text.split_once(';').unwrap_or((text, ""));
        let (head, default) = match declaration.split_once('=') {
            Some((head, default)) => (head, Some(default.trim())),
            None => (declaration, None),
        };
        let mut words = head.split_whitespace();
        let (Some(name), Some(kind), None) = (words.next(), words.next(), words.next()) else {
            return Err(format!("`{text}` is not NAME TYPE = DEFAULT; DOC"));
        };
        let kind: Kind = kind.parse()?;
        let default = match default {
            Some(default) => value(name, &kind, default).map_err(|error| error.to_string())?,
            None => null(&kind),
        };
        Ok(Self { name: name.to_owned(), kind, default, doc: doc.trim().to_owned() })
    }

    /// Reads a value as a user gives it.
    ///
    /// # Errors
    /// [`ReportError::Value`].
    pub fn value(&self, text: &str) -> Result<Value, ReportError> {
        value(&self.name, &self.kind, text)
    }
}

fn null(kind: &Kind) -> Value {
    match kind {
        Kind::Date => Value::Date(None),
        Kind::Text | Kind::Choice(_) | Kind::Weights => Value::Text(None),
        Kind::Int(..) => Value::Int(None),
        Kind::Float | Kind::Days => Value::Float(None),
    }
}

fn value(name: &str, kind: &Kind, text: &str) -> Result<Value, ReportError> {
    let refuse = |remedy: &str| ReportError::Value {
        parameter: name.to_owned(),
        value: text.to_owned(),
        remedy: remedy.to_owned(),
    };
    match kind {
        Kind::Date => {
            let day = parse_day(text).filter(|_| text.len() == "YYYY-MM-DD".len());
            day.map(|day| Value::Date(Some(day)))
                .ok_or_else(|| refuse("write a day as YYYY-MM-DD, such as 2026-02-16"))
        }
        Kind::Text => Ok(Value::Text(Some(text.to_owned()))),
        Kind::Int(low, high) => {
            let number: Option<i64> = text.parse().ok().filter(|n| (low..=high).contains(&n));
            number.map(|n| Value::Int(Some(n))).ok_or_else(|| match *high {
                i64::MAX => refuse("write a whole number of at least 0"),
                high => refuse(&format!("write a whole number from {low} to {high}")),
            })
        }
        Kind::Weights => weights(text)
            .map(|weights| Value::Text(Some(weights)))
            .ok_or_else(|| refuse("write three shares such as 40,20,40, none of them negative")),
        Kind::Float => {
            let number: Option<f64> = text.parse().ok().filter(|n: &f64| n.is_finite());
            number.map(|n| Value::Float(Some(n))).ok_or_else(|| refuse("write a number"))
        }
        Kind::Days => {
            let days = days(text).filter(|days| *days > 0.0);
            days.map(|n| Value::Float(Some(n)))
                .ok_or_else(|| refuse("write a span such as 30d, a number of days, or none"))
        }
        Kind::Choice(words) if words.iter().any(|word| word == text) => {
            Ok(Value::Text(Some(text.to_owned())))
        }
        Kind::Choice(words) => Err(refuse(&format!("use one of {}", words.join(", ")))),
    }
}

/// Reads three numbers of which none is negative and one is more than 0.
fn weights(text: &str) -> Option<String> {
    let shares: Vec<f64> =
        text.split(',').map(|part| part.trim().parse().ok()).collect::<Option<_>>()?;
    let is_sound = shares.len() == 3
        && shares.iter().all(|share| share.is_finite() && *share >= 0.0)
        && shares.iter().sum::<f64>() > 0.0;
    is_sound.then(|| format!("{:?},{:?},{:?}", shares[0], shares[1], shares[2]))
}

fn days(text: &str) -> Option<f64> {
    if text == "none" {
        return Some(FOREVER_DAYS);
    }
    if let Ok(number) = text.parse::<f64>() {
        return Some(number).filter(|number| number.is_finite());
    }
    Some(humantime::parse_duration(text).ok()?.as_secs_f64() / DAY_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declaration_has_name_type_default_and_doc() {
        let parameter = Parameter::parse("limit int = 50; rows at most").unwrap();
        assert_eq!((parameter.name.as_str(), &parameter.kind), ("limit", &Kind::Int(0, i64::MAX)));
        assert_eq!(
            (parameter.default, parameter.doc.as_str()),
            (Value::Int(Some(50)), "rows at most")
        );
        assert_eq!(Parameter::parse("from date; first day").unwrap().default, Value::Date(None));
        assert!(Parameter::parse("from").is_err() && Parameter::parse("a b c; d").is_err());
    }

    #[test]
    fn spans_are_days_and_choices_are_closed() {
        let lookback = Parameter::parse("lookback days = 30d; days back").unwrap();
        assert_eq!(lookback.default, Value::Float(Some(30.0)));
        assert_eq!(lookback.value("12h").unwrap(), Value::Float(Some(0.5)));
        assert!(lookback.value("-3").is_err() && lookback.value("0d").is_err());
        let unit = Parameter::parse("unit choice(person|account) = person; whose").unwrap();
        assert_eq!(unit.value("account").unwrap(), Value::Text(Some("account".into())));
        let error = unit.value("company").unwrap_err().to_string();
        assert!(error.contains("`company`") && error.contains("person, account"), "{error}");
    }

    #[test]
    fn a_wrong_value_names_itself_and_the_remedy() {
        let from = Parameter::parse("from date; first day").unwrap();
        assert_eq!(from.value("2026-02-16").unwrap(), Value::Date(Some(20_500)));
        for text in ["yesterday", "2026-2-16", "2026-02-30", ""] {
            let error = from.value(text).unwrap_err().to_string();
            assert!(
                error.contains(&format!("`{text}`")) && error.contains("YYYY-MM-DD"),
                "{error}"
            );
        }
    }
}
