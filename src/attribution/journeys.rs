//! Journeys: distinct paths of channels, with what each ended in.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead as _, BufReader, Read};

use super::AttributionError;
use crate::text;

/// What stands between the steps of a path.
const SEPARATOR: &str = " > ";
const PATH: &str = "path";
const CONVERSIONS: &str = "total_conversions";
const VALUE: &str = "total_conversion_value";
const NULLS: &str = "total_null";

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

    /// Adds journeys of a path, its channels joined by ` > `.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the path.
    pub fn add(
        &mut self,
        path: &str,
        conversions: f64,
        value: f64,
        nulls: f64,
    ) -> Result<(), String> {
        let mut steps = vec![];
        for name in path.split(SEPARATOR).map(str::trim) {
            if name.is_empty() || name.starts_with('>') || name.ends_with('>') {
                return Err(format!(
                    "`{path}` is no {PATH}; write channels joined by ` > `, none of them empty"
                ));
            }
            steps.push(self.id(name));
        }
        let sums = self.paths.entry(steps).or_default();
        for (sum, addend) in sums.iter_mut().zip([conversions, value, nulls]) {
            *sum += addend;
        }
        Ok(())
    }

    /// Reads a CSV with the columns `path` and `total_conversions`, and perhaps
    /// `total_conversion_value` and `total_null`, separated by commas, semicolons or tabs.
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
            .trim(csv::Trim::All)
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
            let number = |column: Option<usize>, name: &str| {
                let text = column.and_then(|at| record.get(at)).unwrap_or_default();
                read_amount(text, name).map_err(|reason| refuse(&place, &reason))
            };
            let conversions = number(Some(columns.conversions), CONVERSIONS)?;
            let value = number(columns.value, VALUE)?;
            let nulls = number(columns.nulls, NULLS)?;
            let path = record.get(columns.path).unwrap_or_default();
            journeys
                .add(path, conversions, value, nulls)
                .map_err(|reason| refuse(&place, &reason))?;
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
        let at = |wanted: &str| header.iter().position(|name| name == wanted);
        let needed = |wanted: &str| {
            at(wanted).ok_or_else(|| {
                let columns = [PATH, CONVERSIONS, VALUE, NULLS].join(",");
                refuse("header", &format!("there is no column `{wanted}`; begin with {columns}"))
            })
        };
        Ok(Self {
            path: needed(PATH)?,
            conversions: needed(CONVERSIONS)?,
            value: at(VALUE),
            nulls: at(NULLS),
        })
    }
}

fn read_amount(text: &str, name: &str) -> Result<f64, String> {
    if text.is_empty() {
        return Ok(0.0);
    }
    let amount: Option<f64> = text.parse().ok().filter(|n: &f64| n.is_finite() && *n >= 0.0);
    amount.ok_or_else(|| format!("`{text}` is no {name}; write a number of at least 0"))
}

fn refuse(place: &str, reason: &str) -> AttributionError {
    AttributionError::Input { place: place.to_owned(), reason: reason.to_owned() }
}
