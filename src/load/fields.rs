//! The fields of loaded rows: which are needed, and how their text becomes a value.

use super::rows::Cells;
use tributary_ingest::flatten::channel::{Channels, Signals};
use tributary_ingest::flatten::slot::{Row, Slot};
use tributary_ingest::flatten::{account, time};

/// How a field's text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Any text.
    Text,
    /// Text in lower case.
    Lower,
    /// A domain or address, to its registrable domain.
    Domain,
    /// A number.
    Number,
    /// A time: ISO 8601, or milliseconds or seconds since the Unix epoch.
    Time,
    /// A day: YYYY-MM-DD.
    Day,
}

/// A field of a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    name: &'static str,
    form: Form,
    is_needed: bool,
}

const fn needed(name: &'static str, form: Form) -> Field {
    Field { name, form, is_needed: true }
}

const fn optional(name: &'static str, form: Form) -> Field {
    Field { name, form, is_needed: false }
}

/// Columns behind `event_id`, `tenant`, `session_id` and `visitor_id`.
pub(super) const CONVERSIONS: &[Field] = &[
    needed("conversion", Form::Text),
    needed("converted_at", Form::Time),
    optional("email", Form::Lower),
    optional("company_domain", Form::Domain),
    optional("value", Form::Number),
    optional("currency", Form::Text),
    optional("external_id", Form::Text),
    optional("stage", Form::Lower),
];

/// Columns behind the same four.
pub(super) const SPEND: &[Field] = &[
    needed("day", Form::Day),
    optional("source", Form::Lower),
    optional("medium", Form::Lower),
    optional("campaign", Form::Lower),
    needed("amount", Form::Number),
    optional("currency", Form::Text),
];

/// Fields that every row may have.
const LEADING: &[Field] = &[
    optional("tenant", Form::Text),
    optional("session_id", Form::Text),
    optional("visitor_id", Form::Text),
];
/// A conversion is matched by one of these.
const MATCHED_BY: [&str; 3] = ["email", "company_domain", "visitor_id"];

/// Turns rows of text into rows of a table.
pub(super) struct Reader<'a> {
    pub(super) kind_fields: &'static [Field],
    pub(super) loader: &'a str,
    pub(super) channels: &'a Channels,
    pub(super) loaded_at_ms: i64,
}

impl Reader<'_> {
    /// Tells whether a row may have a field of this name.
    pub(super) fn knows(&self, name: &str) -> bool {
        LEADING.iter().chain(self.kind_fields).any(|field| field.name == name)
    }

    /// Reads a row; returns its partition and its slots.
    pub(super) fn row(
        &self,
        columns: &[String],
        line: usize,
        cells: &Cells,
    ) -> Result<(i32, Row<'static>), String> {
        let mut row = vec![Slot::owned(Some(format!("{}-{line}", self.loader)))];
        let mut date = None;
        for field in LEADING.iter().chain(self.kind_fields) {
            let at = columns.iter().position(|column| column == field.name);
            if at.is_some_and(|at| columns[at + 1..].iter().any(|column| column == field.name)) {
                let name = field.name;
                return Err(format!("line {line}: `{name}` stands there twice; keep one of them"));
            }
            let text = at.and_then(|at| cells[at].as_deref()).map(str::trim);
            let text = text.filter(|text| !text.is_empty());
            let slot = field.read(text).map_err(|reason| format!("line {line}: {reason}"))?;
            match (field.form, slot.as_int()) {
                (Form::Time, Some(ms)) => date = time::day(ms),
                (Form::Day, Some(day)) => date = i32::try_from(day).ok(),
                _ => {}
            }
            row.push(slot);
        }
        let is_conversion = self.kind_fields.iter().any(|field| field.name == MATCHED_BY[0]);
        let position = |name: &str| {
            LEADING.iter().chain(self.kind_fields).position(|field| field.name == name)
        };
        let is_matched = MATCHED_BY
            .iter()
            .filter_map(|name| position(name))
            .any(|at| row[at + 1].as_filled().is_some());
        if is_conversion && !is_matched {
            return Err(format!("line {line}: give one of {}", MATCHED_BY.join(", ")));
        }
        row.push(Slot::Int(self.loaded_at_ms));
        if !is_conversion {
            row.push(Slot::owned(Some(self.channel_of(&row, position))));
        }
        let date =
            date.ok_or_else(|| format!("line {line}: the year is not between 1970 and 9999"))?;
        Ok((date, row))
    }
}

impl Reader<'_> {
    /// Gives the channel of a spend by the tags it is spent on.
    fn channel_of(&self, row: &Row<'_>, position: impl Fn(&str) -> Option<usize>) -> String {
        let tag = |name: &str| position(name).and_then(|at| row[at + 1].as_filled());
        let signals = Signals {
            utm_source: tag("source"),
            utm_medium: tag("medium"),
            utm_campaign: tag("campaign"),
            ..Signals::default()
        };
        self.channels.classify_spend(&signals).channel.into_owned()
    }
}

impl Field {
    fn read(&self, text: Option<&str>) -> Result<Slot<'static>, String> {
        let Some(text) = text else {
            let name = self.name;
            return if self.is_needed {
                Err(format!("`{name}` is missing"))
            } else {
                Ok(Slot::Null)
            };
        };
        let refuse = |remedy: &str| format!("`{text}` is no `{}`; {remedy}", self.name);
        match self.form {
            Form::Text => Ok(Slot::owned(Some(text.to_owned()))),
            Form::Lower => Ok(Slot::owned(Some(text.to_lowercase()))),
            // A CRM has links to profiles there; they name no company.
            Form::Domain if account::is_profile(text) => Ok(Slot::Null),
            Form::Domain => {
                let domain = account::site_domain(text);
                domain
                    .map(|domain| Slot::owned(Some(domain)))
                    .ok_or_else(|| refuse("write a domain such as example.com"))
            }
            Form::Number => {
                let number: Option<f64> = text.parse().ok().filter(|n: &f64| n.is_finite());
                number.map(Slot::Float).ok_or_else(|| refuse("write a number such as 1234.50"))
            }
            Form::Time => time::parse(text)
                .map(Slot::Int)
                .ok_or_else(|| refuse("write a time such as 2026-02-16T10:00:00Z")),
            Form::Day => time::parse(text)
                .and_then(time::day)
                .map(|day| Slot::Int(i64::from(day)))
                .ok_or_else(|| refuse("write a day such as 2026-02-16")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads one conversion of these columns; returns its company's domain.
    fn read(cells: &[(&str, &str)]) -> Result<Option<String>, String> {
        let channels = Channels::default();
        let reader = Reader {
            kind_fields: CONVERSIONS,
            loader: "load",
            channels: &channels,
            loaded_at_ms: 0,
        };
        let columns: Vec<String> = cells.iter().map(|(name, _)| (*name).to_owned()).collect();
        let cells: Cells = cells.iter().map(|(_, cell)| Some((*cell).to_owned())).collect();
        let (_, row) = reader.row(&columns, 7, &cells)?;
        let at = 1
            + LEADING.len()
            + CONVERSIONS.iter().position(|field| field.name == "company_domain").unwrap();
        Ok(row[at].as_text().map(str::to_owned))
    }

    const DEAL: [(&str, &str); 3] =
        [("conversion", "deal"), ("converted_at", "2026-02-16"), ("email", "a@acme.com")];

    #[test]
    fn a_heading_that_is_read_stands_there_once() {
        let twice = [&DEAL[..], &[("email", "b@acme.com")]].concat();
        assert_eq!(
            read(&twice).unwrap_err(),
            "line 7: `email` stands there twice; keep one of them"
        );
        let unused = [&DEAL[..], &[("notes", "x"), ("notes", "y")]].concat();
        assert_eq!(read(&unused), Ok(None));
    }

    #[test]
    fn a_link_to_a_profile_is_no_companys_domain() {
        let of = |domain: &'static str| read(&[&DEAL[..], &[("company_domain", domain)]].concat());
        assert_eq!(of("https://www.acme.com/about"), Ok(Some("acme.com".to_owned())));
        assert_eq!(of("https://www.linkedin.com/company/acme"), Ok(None));
        assert!(of("no domain").unwrap_err().contains("company_domain"));
        let alone = [DEAL[0], DEAL[1], ("company_domain", "linkedin.com/company/acme")];
        assert!(read(&alone).unwrap_err().contains("give one of"));
    }
}
