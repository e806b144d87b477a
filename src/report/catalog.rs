//! The catalog: bundled reports and those of a user's folder.
//!
//! A report is one file: a header of comments, then SQL.
//!
//! ```text
//! -- title: Channels
//! -- description: Which channels bring sessions, people and accounts
//! -- note: visits are those of visitors that the sender identified
//! -- parameter: from date; first day, UTC
//! -- parameter: limit int = 50; rows at most
//! SELECT …
//! ```

use std::fs;
use std::path::Path;

use super::ReportError;
use super::parameter::Parameter;
use crate::query::Value;
use tributary_ingest::text;

/// The bundled reports: name and file.
const BUNDLED: [(&str, &str); 28] = [
    ("overview", include_str!("../../queries/overview.sql")),
    ("channels", include_str!("../../queries/channels.sql")),
    ("models", include_str!("../../queries/models.sql")),
    ("campaigns", include_str!("../../queries/campaigns.sql")),
    ("sources", include_str!("../../queries/sources.sql")),
    ("landing-pages", include_str!("../../queries/landing-pages.sql")),
    ("content", include_str!("../../queries/content.sql")),
    ("paths", include_str!("../../queries/paths.sql")),
    ("paths-null", include_str!("../../queries/paths-null.sql")),
    ("path-length", include_str!("../../queries/path-length.sql")),
    ("time-lag", include_str!("../../queries/time-lag.sql")),
    ("assists", include_str!("../../queries/assists.sql")),
    ("transitions", include_str!("../../queries/transitions.sql")),
    ("roi", include_str!("../../queries/roi.sql")),
    ("funnel", include_str!("../../queries/funnel.sql")),
    ("velocity", include_str!("../../queries/velocity.sql")),
    ("accounts", include_str!("../../queries/accounts.sql")),
    ("account", include_str!("../../queries/account.sql")),
    ("person", include_str!("../../queries/person.sql")),
    ("deals", include_str!("../../queries/deals.sql")),
    ("firmographics", include_str!("../../queries/firmographics.sql")),
    ("geo", include_str!("../../queries/geo.sql")),
    ("devices", include_str!("../../queries/devices.sql")),
    ("cohorts", include_str!("../../queries/cohorts.sql")),
    ("trends", include_str!("../../queries/trends.sql")),
    ("ai", include_str!("../../queries/ai.sql")),
    ("conversions", include_str!("../../queries/conversions.sql")),
    ("audit", include_str!("../../queries/audit.sql")),
];

/// A report.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Its name: the file's, without extension.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What it shows, one line.
    pub description: String,
    /// What a reader of its figures should know, one line, if anything.
    pub note: Option<String>,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// The whole file, which is valid SQL.
    pub sql: String,
}

/// All reports that can be run.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    reports: Vec<Report>,
}

impl Catalog {
    /// Reads the bundled reports.
    ///
    /// # Errors
    /// [`ReportError::File`] if one has no proper header; a test keeps that from happening.
    pub fn bundled() -> Result<Self, ReportError> {
        let reports = BUNDLED.iter().map(|(name, text)| Report::parse(name, text));
        Ok(Self { reports: reports.collect::<Result<_, _>>()? })
    }

    /// Adds the reports of a folder; one with a bundled name takes its place.
    ///
    /// # Errors
    /// [`ReportError::File`] if the folder or a file in it can't be used.
    pub fn add_folder(&mut self, folder: &Path) -> Result<(), ReportError> {
        let refuse = |path: &Path, error: std::io::Error| ReportError::File {
            file: path.display().to_string(),
            reason: error.to_string(),
        };
        let entries = fs::read_dir(folder).map_err(|error| refuse(folder, error))?;
        let mut paths = vec![];
        for entry in entries {
            paths.push(entry.map_err(|error| refuse(folder, error))?.path());
        }
        paths.sort();
        for path in paths {
            let is_sql = path.extension().is_some_and(|extension| extension == "sql");
            let Some(name) = path.file_stem().and_then(|stem| stem.to_str()).filter(|_| is_sql)
            else {
                continue;
            };
            let text = text::read(&path).map_err(|error| refuse(&path, error))?;
            let report = Report::parse(name, &text).map_err(|error| match error {
                ReportError::File { reason, .. } => {
                    ReportError::File { file: path.display().to_string(), reason }
                }
                other => other,
            })?;
            self.reports.retain(|known| known.name != report.name);
            self.reports.push(report);
        }
        Ok(())
    }

    /// Returns all reports.
    #[must_use]
    pub fn reports(&self) -> &[Report] {
        &self.reports
    }

    /// Finds a report.
    ///
    /// # Errors
    /// [`ReportError::Unknown`].
    pub fn find(&self, name: &str) -> Result<&Report, ReportError> {
        self.reports.iter().find(|report| report.name == name).ok_or_else(|| {
            let known: Vec<&str> = self.reports.iter().map(|r| r.name.as_str()).collect();
            ReportError::Unknown { name: name.to_owned(), known: known.join(", ") }
        })
    }
}

impl Report {
    /// Reads a report's file.
    ///
    /// # Errors
    /// [`ReportError::File`].
    pub fn parse(name: &str, text: &str) -> Result<Self, ReportError> {
        let refuse = |reason: String| ReportError::File { file: format!("{name}.sql"), reason };
        let (mut title, mut description, mut note) = (None, None, None);
        let mut parameters = vec![];
        let header = text.lines().map_while(|line| line.strip_prefix("--"));
        for line in header {
            let Some((key, value)) = line.trim().split_once(':') else { continue };
            let value = value.trim();
            match key.trim() {
                "title" => title = Some(value.to_owned()),
                "description" => description = Some(value.to_owned()),
                "note" => note = Some(value.to_owned()),
                "parameter" => parameters.push(Parameter::parse(value).map_err(refuse)?),
                _ => {}
            }
        }
        let missing = |key: &str| refuse(format!("has no line `-- {key}: …` at its top"));
        Ok(Self {
            name: name.to_owned(),
            title: title.ok_or_else(|| missing("title"))?,
            description: description.ok_or_else(|| missing("description"))?,
            note,
            parameters,
            sql: text.to_owned(),
        })
    }

    /// Reads the values a user gave, and fills in the defaults of the others.
    ///
    /// # Errors
    /// [`ReportError::NoParameter`] and [`ReportError::Value`].
    pub fn bind(&self, given: &[(String, String)]) -> Result<Vec<(&str, Value)>, ReportError> {
        let mut values: Vec<(&str, Value)> =
            self.parameters.iter().map(|p| (p.name.as_str(), p.default.clone())).collect();
        for (name, text) in given {
            let at = self.parameters.iter().position(|parameter| parameter.name == *name);
            let at = at.ok_or_else(|| self.no_parameter(name))?;
            values[at].1 = self.parameters[at].value(text)?;
        }
        let day = |wanted: &str| match values.iter().find(|(name, _)| *name == wanted) {
            Some((_, Value::Date(day))) => *day,
            _ => None,
        };
        if let (Some(first), Some(end)) = (day("from"), day("to"))
            && first >= end
        {
            let text = |wanted: &str| {
                let given = given.iter().rfind(|(name, _)| name == wanted);
                given.map(|(_, text)| text.clone()).unwrap_or_default()
            };
            return Err(ReportError::Days { from: text("from"), to: text("to") });
        }
        Ok(values)
    }

    fn no_parameter(&self, name: &str) -> ReportError {
        let names: Vec<&str> = self.parameters.iter().map(|p| p.name.as_str()).collect();
        let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        ReportError::NoParameter { report: self.name.clone(), parameter: name.to_owned(), known }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bundled_report_has_its_header_and_the_common_parameters() {
        let catalog = Catalog::bundled().unwrap();
        for report in catalog.reports() {
            let names: Vec<&str> = report.parameters.iter().map(|p| p.name.as_str()).collect();
            assert!(names.starts_with(&["from", "to", "tenant"]), "{}: {names:?}", report.name);
            for name in names {
                assert!(report.sql.contains(&format!("${name}")), "{}: ${name}", report.name);
            }
        }
    }

    #[test]
    fn the_first_day_is_before_the_end() {
        let catalog = Catalog::bundled().unwrap();
        let bind = |from: &str, to: &str| {
            let given = [("from".into(), from.into()), ("to".into(), to.into())];
            catalog.find("channels").unwrap().bind(&given).map(drop).map_err(|e| e.to_string())
        };
        assert_eq!(bind("2026-02-01", "2026-02-02"), Ok(()));
        for from in ["2026-02-02", "2026-03-01"] {
            assert!(bind(from, "2026-02-02").unwrap_err().contains(from), "{from}");
        }
    }

    #[test]
    fn what_is_not_there_is_named_beside_what_is() {
        let catalog = Catalog::bundled().unwrap();
        let error = catalog.find("chanels").unwrap_err().to_string();
        assert!(error.contains("`chanels`") && error.contains("landing-pages"), "{error}");
        let overview = catalog.find("overview").unwrap();
        let error = overview.bind(&[("colour".into(), "red".into())]).unwrap_err().to_string();
        assert!(error.contains("`colour`") && error.contains("tenant"), "{error}");
    }
}
