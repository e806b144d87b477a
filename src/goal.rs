//! Goals: what counts as a conversion on the site.
//!
//! A goal is a page, a signal or a whole session. Each becomes one row of the relation
//! `files.goals`, its patterns turned into regular expressions that match from start to end, so
//! that the SQL of reports needs one operator for all of them and reads the same on any engine.

use serde::Deserialize;

/// What is counted of the times that a goal is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Counting {
    /// Each time.
    #[default]
    Every,
    /// The first time in a session.
    Session,
    /// A person's first time.
    Person,
    /// An account's first time.
    Account,
}

impl Counting {
    /// Returns its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Every => "every",
            Self::Session => "session",
            Self::Person => "person",
            Self::Account => "account",
        }
    }
}

/// How a page's pattern is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Match {
    /// The path is the pattern; a query string does not matter unless the pattern has one.
    #[default]
    Exact,
    /// The path starts with the pattern.
    Prefix,
    /// `*` stands for anything but `/`, `**` for anything.
    Glob,
    /// A regular expression, found anywhere in path and query.
    Regex,
}

/// A goal as a row of the relation.
#[derive(Debug, Clone, PartialEq)]
pub struct Goal {
    /// Its name, the conversion's.
    pub name: String,
    /// `page`, `signal` or `session`.
    pub kind: &'static str,
    /// Regular expression on path and query, or on the signal.
    pub pattern: Option<String>,
    /// Regular expression on the signal's properties.
    pub props_pattern: Option<String>,
    /// Regular expression whose first group is the value, on the properties.
    pub value_pattern: Option<String>,
    /// Page views of a session at least.
    pub min_pages: Option<i64>,
    /// Seconds of a session at least.
    pub min_seconds: Option<i64>,
    /// Value of a conversion.
    pub value: f64,
    /// What is counted.
    pub counting: Counting,
}

/// A goal as `[[goals]]` in the settings file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Definition {
    name: String,
    page: Option<String>,
    #[serde(default, rename = "match")]
    how: Match,
    signal: Option<String>,
    prop: Option<String>,
    equals: Option<String>,
    min_pages: Option<i64>,
    min_seconds: Option<i64>,
    #[serde(default)]
    value: f64,
    value_prop: Option<String>,
    #[serde(default)]
    count: Counting,
}

/// Returns the goals that count when the user has none: the signals `signup` and
/// `demo_requested`.
#[must_use]
pub fn default_goals() -> Vec<Goal> {
    ["signup", "demo_requested"].into_iter().map(signal).collect()
}

fn signal(name: &str) -> Goal {
    Goal {
        name: name.to_owned(),
        kind: "signal",
        pattern: Some(whole(&escape(name))),
        props_pattern: None,
        value_pattern: Some(value_pattern("value")),
        min_pages: None,
        min_seconds: None,
        value: 0.0,
        counting: Counting::Every,
    }
}

/// Reads a goal of the settings file.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn from_toml(value: toml::Value) -> Result<Goal, String> {
    let definition: Definition =
        value.try_into().map_err(|error: toml::de::Error| error.message().to_owned())?;
    definition.goal()
}

/// Reads a goal of the command line.
///
/// It is `NAME=page:PATTERN`, `NAME=signal:NAME` or `NAME=session:PAGES`, then any of `;match=…`, `;prop=NAME:VALUE`, `;value=…`,
/// `;value-prop=NAME`, `;count=…`, `;seconds=…`.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn parse(text: &str) -> Result<Goal, String> {
    let form = "write NAME=page:/path, NAME=signal:NAME or NAME=session:PAGES";
    let (name, rest) = text.split_once('=').ok_or(form)?;
    let mut parts = rest.split(';');
    let (kind, pattern) = parts.next().and_then(|part| part.split_once(':')).ok_or(form)?;
    let mut table = toml::Table::new();
    let mut set = |key: &str, value: toml::Value| _ = table.insert(key.to_owned(), value);
    set("name", name.into());
    match kind {
        "page" | "signal" => set(kind, pattern.into()),
        "session" => set("min-pages", integer(pattern)?),
        _ => return Err(form.to_owned()),
    }
    for part in parts {
        let (key, value) =
            part.split_once('=').ok_or_else(|| format!("`{part}` is not KEY=VALUE"))?;
        match key {
            "prop" => {
                let (prop, equals) = value.split_once(':').ok_or("write prop=NAME:VALUE")?;
                set("prop", prop.into());
                set("equals", equals.into());
            }
            "value" => set(key, value.parse::<f64>().map_err(|_| "value is a number")?.into()),
            "seconds" => set("min-seconds", integer(value)?),
            "match" | "value-prop" | "count" => set(key, value.into()),
            _ => return Err(format!("`{key}` is not known")),
        }
    }
    from_toml(table.into())
}

fn integer(text: &str) -> Result<toml::Value, String> {
    text.parse::<i64>().map(Into::into).map_err(|_| format!("`{text}` is no whole number"))
}

impl Definition {
    fn goal(self) -> Result<Goal, String> {
        let refuse = |reason: &str| format!("goal `{}`: {reason}", self.name);
        let is_session = self.min_pages.is_some() || self.min_seconds.is_some();
        let n_kinds = [self.page.is_some(), self.signal.is_some(), is_session];
        if n_kinds.iter().filter(|is_given| **is_given).count() != 1 {
            return Err(refuse("give one of page, signal, or min-pages and min-seconds"));
        }
        if self.name.trim().is_empty() {
            return Err("a goal needs a name".to_owned());
        }
        if self.prop.is_some() != self.equals.is_some() {
            return Err(refuse("prop and equals belong together"));
        }
        if !self.value.is_finite() || self.value < 0.0 {
            return Err(refuse("value is a number of at least 0"));
        }
        if let (Some(page), Match::Regex) = (&self.page, self.how)
            && regex::Regex::new(page).is_err()
        {
            return Err(refuse(&format!(
                "`{page}` is no regular expression; write \\ before signs that stand for themselves"
            )));
        }
        let (kind, pattern) = match (&self.page, &self.signal) {
            (Some(page), _) => ("page", Some(page_pattern(page, self.how))),
            (None, Some(signal)) => ("signal", Some(whole(&escape(signal)))),
            (None, None) => ("session", None),
        };
        let props = self.prop.as_deref().zip(self.equals.as_deref());
        Ok(Goal {
            kind,
            pattern,
            props_pattern: props.map(|(name, value)| props_pattern(name, value)),
            value_pattern: self.value_prop.as_deref().map(value_pattern),
            min_pages: is_session.then(|| self.min_pages.unwrap_or(0)),
            min_seconds: is_session.then(|| self.min_seconds.unwrap_or(0)),
            value: self.value,
            counting: self.count,
            name: self.name,
        })
    }
}

fn page_pattern(page: &str, how: Match) -> String {
    match how {
        Match::Exact if page.contains('?') => whole(&format!("{}(#.*)?", escape(page))),
        Match::Exact => whole(&format!("{}/?([?#].*)?", escape(page.trim_end_matches('/')))),
        Match::Prefix => whole(&format!("{}.*", escape(page))),
        Match::Glob => {
            let parts = page
                .split("**")
                .map(|part| part.split('*').map(escape).collect::<Vec<_>>().join("[^/?#]*"));
            whole(&format!("{}/?([?#].*)?", parts.collect::<Vec<_>>().join(".*")))
        }
        Match::Regex => whole(&format!(".*(?:{page}).*")),
    }
}

/// Finds a property of a JSON object by its text, as a string or a bare value.
fn props_pattern(name: &str, value: &str) -> String {
    let (name, value) = (escape(name), escape(value));
    whole(&format!(r#".*"{name}"\s*:\s*(?:"{value}"|{value}\s*[,}}]).*"#))
}

/// Finds a number among a JSON object's properties: at most 15 digits before the point and an
/// exponent of one digit, since a visitor may send any, and sums have to stay exact. What goes on
/// as a longer number is none.
fn value_pattern(name: &str) -> String {
    let number = r"-?[0-9]{1,15}(?:\.[0-9]+)?(?:[eE][+-]?[0-9])?";
    let rest = r"(?:[^0-9eE].*|[eE](?:[^0-9+-].*)?)?";
    whole(&format!(r#".*"{}"\s*:\s*"?({number}){rest}"#, escape(name)))
}

/// Matches from start to end, over lines.
fn whole(pattern: &str) -> String {
    format!("(?s)^(?:{pattern})$")
}

/// Escapes what a regular expression would read as its own.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if r"\.+*?()|[]{}^$#&-~".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_a_page_a_signal_or_a_session() {
        let page = parse("thanks=page:/thank-you").unwrap();
        assert_eq!((page.kind, page.counting), ("page", Counting::Every));
        let signal = parse("demo=signal:demo_requested;value=50;count=person").unwrap();
        assert_eq!((signal.value, signal.counting), (50.0, Counting::Person));
        let session = parse("engaged=session:5;seconds=60").unwrap();
        assert_eq!((session.min_pages, session.min_seconds), (Some(5), Some(60)));
        for text in [
            "x",
            "x=page",
            "x=thing:1",
            "=page:/",
            "x=session:many",
            "x=page:/;colour=1",
            "x=page:[;match=regex",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_value_is_a_number_that_can_be_summed() {
        let pattern = regex::Regex::new(&value_pattern("value")).unwrap();
        let check = |props: &str, expected: Option<&str>| {
            let found = pattern.captures(props).map(|found| found[1].to_owned());
            assert_eq!(found.as_deref(), expected, "{props}");
        };
        check(r#"{"value":49.90}"#, Some("49.90"));
        check(r#"{"value": "-3 EUR", "x": 1}"#, Some("-3"));
        check(r#"{"value":"49EUR"}"#, Some("49"));
        check(r#"{"value":1.5e3,"a":[]}"#, Some("1.5e3"));
        check(r#"{"value":999999999999999}"#, Some("999999999999999"));
        for none in ["1e400", "1e15", "9999999999999999", "1e+99", "\"NaN\"", "\"inf\"", "[1]"] {
            check(&format!(r#"{{"value":{none}}}"#), None);
        }
        check(r#"{"note":"\"value\": 5"}"#, None);
    }

    #[test]
    fn a_goal_of_the_file_names_what_is_wrong_with_it() {
        let read = |text: &str| from_toml(text.parse::<toml::Table>().unwrap().into());
        assert!(read("name = 'a'\nsignal = 's'\nprop = 'plan'").unwrap_err().contains("equals"));
        assert!(read("name = 'a'").unwrap_err().contains("give one of"));
        assert!(read("name = 'a'\nsignl = 's'").unwrap_err().contains("signl"));
    }
}
