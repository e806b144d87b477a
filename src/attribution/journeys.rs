//! Journeys: distinct paths of channels, with what each ended in.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead as _, BufReader, Read};

use super::AttributionError;
use super::path::parse_path;
use tributary_ingest::text;

/// Names of the columns of a file, the usual one first.
const PATH: &[&str] = &["path"];
const CONVERSIONS: &[&str] = &["total_conversions", "conversions"];
const VALUE: &[&str] = &["total_conversion_value", "value"];
const NULLS: &[&str] = &["total_null", "journeys_without"];

/// A path and what it ended in.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// Positions of the channels among [`Journeys::channels`], in the order of the touches.
    pub steps: Vec<usize>,
    /// How many journeys of this path ended in a conversion.
    pub conversions: f64,
    /// What those conversions were worth together.
    pub value: f64,
    /// How many ended in none.
    pub nulls: f64,
}

/// All paths, each once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Journeys {
    channels: Vec<String>,
    ids: HashMap<String, usize>,
    paths: BTreeMap<Vec<usize>, [f64; 3]>,
}

impl Journeys {
    /// Returns the names of the channels.
    #[must_use]
    pub fn channels(&self) -> &[String] {
        &self.channels
    }

    /// Returns the paths.
    pub fn paths(&self) -> impl Iterator<Item = Path> + '_ {
        self.paths.iter().map(|(steps, [conversions, value, nulls])| Path {
            steps: steps.clone(),
            conversions: *conversions,
            value: *value,
            nulls: *nulls,
        })
    }

    /// Adds journeys through these channels: conversions, their value, and those that ended in
    /// none. Without a channel there is nothing to add.
    pub fn add<'n>(&mut self, names: impl IntoIterator<Item = &'n str>, sums: [f64; 3]) {
        let steps: Vec<usize> = names.into_iter().map(|name| self.id(name)).collect();
        if steps.is_empty() {
            return;
        }
        for (sum, addend) in self.paths.entry(steps).or_default().iter_mut().zip(sums) {
            *sum += addend;
        }
    }

    /// Reads a CSV with the columns `path` and `total_conversions`, and perhaps
    /// `total_conversion_value` and `total_null`, separated by commas, semicolons or tabs. The
    /// names that the reports of paths give these columns will do as well.
    ///
    /// # Errors
    /// [`AttributionError::Input`].
    pub fn from_csv(input: impl Read) -> Result<Self, AttributionError> {
        let mut input = BufReader::new(input);
        let head = input.fill_buf().map_err(|error| refuse("header", &error.to_string()))?;
        if text::is_utf16(head) {
            return Err(refuse("header", "is UTF-16 text; save it as UTF-8"));
        }
        let n_mark_bytes = head.len() - text::without_mark(head).len();
        input.consume(n_mark_bytes);
        let head = input.buffer();
        let header = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let count = |wanted: u8| header.iter().filter(|byte| **byte == wanted).count();
        let delimiter = [b',', b';', b'\t'].into_iter().max_by_key(|byte| (count(*byte), 0));
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter.filter(|byte| count(*byte) > 0).unwrap_or(b','))
            .from_reader(input);
        let columns = Columns::of(&mut reader)?;
        let mut journeys = Self::default();
        let mut record = csv::StringRecord::new();
        loop {
            let line = reader.position().line();
            let place = format!("line {line}");
            match reader.read_record(&mut record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return Err(refuse(&place, &error.to_string())),
            }
            let place = record.position().map_or(place, |at| format!("line {}", at.line()));
            let (names, sums) = columns.read(&record).map_err(|reason| refuse(&place, &reason))?;
            journeys.add(names.iter().map(AsRef::as_ref), sums);
        }
        if journeys.paths.is_empty() {
            return Err(refuse("header", "no journeys stand below it; give at least one row"));
        }
        Ok(journeys)
    }

    fn id(&mut self, name: &str) -> usize {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        let id = self.channels.len();
        self.channels.push(name.to_owned());
        self.ids.insert(name.to_owned(), id);
        id
    }
}

/// Where the columns stand.
struct Columns {
    path: usize,
    conversions: usize,
    value: Option<usize>,
    nulls: Option<usize>,
}

impl Columns {
    fn of(reader: &mut csv::Reader<impl Read>) -> Result<Self, AttributionError> {
        let header =
            reader.headers().map_err(|error| refuse("header", &error.to_string()))?.clone();
        let places = |wanted: &'static str| {
            let name = move |name: &str| name.trim() == wanted;
            header.iter().enumerate().filter(move |(_, found)| name(found)).map(|(at, _)| at)
        };
        let at = |names: &[&'static str]| {
            for name in names {
                let mut found = places(name);
                match (found.next(), found.next()) {
                    (None, _) => {}
                    (Some(at), None) => return Ok(Some(at)),
                    (Some(_), Some(_)) => {
                        let reason = format!("`{name}` stands there twice; leave one column of it");
                        return Err(refuse("header", &reason));
                    }
                }
            }
            Ok(None)
        };
        let needed = |names: &[&'static str]| {
            at(names)?.ok_or_else(|| {
                let columns = [PATH, CONVERSIONS, VALUE, NULLS].map(|names| names[0]).join(",");
                let reason = format!("there is no column `{}`; begin with {columns}", names[0]);
                refuse("header", &reason)
            })
        };
        Ok(Self {
            path: needed(PATH)?,
            conversions: needed(CONVERSIONS)?,
            value: at(VALUE)?,
            nulls: at(NULLS)?,
        })
    }

    /// Reads a row: the names of its path, and conversions, value and nulls.
    fn read<'r>(
        &self,
        record: &'r csv::StringRecord,
    ) -> Result<(Vec<Cow<'r, str>>, [f64; 3]), String> {
        let number = |column: Option<usize>, names: &[&str]| {
            read_number(column.and_then(|at| record.get(at)).unwrap_or_default().trim(), names)
        };
        let sums = [
            number(Some(self.conversions), CONVERSIONS)?,
            number(self.value, VALUE)?,
            number(self.nulls, NULLS)?,
        ];
        let path = record.get(self.path).unwrap_or_default();
        Ok((parse_path(unquoted(path))?, sums))
    }
}

/// Returns a text without the `'` that keeps a spreadsheet from taking it for a formula.
fn unquoted(text: &str) -> &str {
    let rest = text.strip_prefix('\'');
    rest.filter(|rest| rest.starts_with(['=', '+', '-', '@', '\t', '\r'])).unwrap_or(text)
}

/// Reads a number; a value may be less than 0, where more was given back than paid.
fn read_number(text: &str, names: &[&str]) -> Result<f64, String> {
    if text.is_empty() {
        return Ok(0.0);
    }
    let may_be_negative = names == VALUE;
    let number = text.parse().ok();
    let number = number.filter(|n: &f64| n.is_finite() && (may_be_negative || *n >= 0.0));
    let remedy = if may_be_negative { "write a number" } else { "write a number of at least 0" };
    number.ok_or_else(|| format!("`{text}` is no {}; {remedy}", names[0]))
}

fn refuse(place: &str, reason: &str) -> AttributionError {
    AttributionError::Input { place: place.to_owned(), reason: reason.to_owned() }
}
