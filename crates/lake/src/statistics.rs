//! What a commit says of a file's columns, so that a reader leaves out files without reading them.
//!
//! ```text
//! "stats": {"numRecords": 9, "minValues": {"channel": "Direct", …}, "maxValues": {…},
//!           "nullCount": {"channel": 0, "campaign": 9, …}}
//! ```
//!
//! deltalake takes a column whose statistics it expects and does not find for one that fits no
//! filter. What it expects is what the table's property [`PROPERTY`] names, so every file has to
//! have all of that: the number of nulls, and the least and the greatest value unless all are
//! null. [`super::describe`] sees to it in tables that others wrote to as well.
//!
//! Columns are those that people filter by and whose values are short. There are no numbers among
//! them, so no NaN, and no booleans, for which the protocol has no least value. Entries of a log
//! stay when a person is forgotten, so of a text only its beginning is shown ([`bounds`]).

use std::collections::BTreeSet;

use chrono::{DateTime, SecondsFormat};
use parquet::basic::{LogicalType, TimeUnit};
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use parquet::file::statistics::Statistics;
use serde_json::{Map, Value, json};

use super::files::day;
use tributary_ingest::schema::{Column, ColumnType, Table};

mod bounds;

/// The property of a table that names the columns which have statistics in all its files.
pub(super) const PROPERTY: &str = "delta.dataSkippingStatsColumns";
/// Columns that have statistics in whatever table has them, beside the time it is sorted by.
const NAMES: [&str; 19] = [
    "tenant",
    "received_at",
    "created_at",
    "finalized_at",
    "loaded_at",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "channel",
    "source",
    "medium",
    "campaign",
    "country",
    "signal",
    "reason",
    "validity",
    "conversion",
    "stage",
    "currency",
];

/// A value as statistics have it; those of a column are all of one kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Bound {
    Text(String),
    /// Milliseconds since the Unix epoch.
    Time(i64),
    /// Days since the Unix epoch.
    Day(i32),
}

/// What is known of a column in a file.
#[derive(Debug, Default)]
struct Range {
    n_nulls: u64,
    bounds: Option<(Bound, Bound)>,
}

/// Returns the columns of a table that have statistics.
pub(super) fn columns(table: &Table) -> impl Iterator<Item = &'static Column> {
    let time = table.time;
    let is_short = |column_type: ColumnType| {
        matches!(column_type, ColumnType::Text | ColumnType::Time | ColumnType::Day)
    };
    let is_described = move |column: &&Column| column.name == time || NAMES.contains(&column.name);
    table.columns.iter().filter(is_described).filter(move |column| is_short(column.column_type))
}

/// Returns the names of these columns as [`PROPERTY`] has them.
pub(super) fn names(table: &Table) -> String {
    columns(table).map(|column| column.name).collect::<Vec<_>>().join(",")
}

/// Reads the names that [`PROPERTY`] has.
pub(super) fn parse_names(property: &str) -> BTreeSet<&str> {
    property.split(',').map(str::trim).filter(|name| !name.is_empty()).collect()
}

/// Returns the statistics of a file as the Delta protocol wants them, JSON.
///
/// A column whose row groups say too little has none.
#[must_use]
pub fn stats(table: &Table, groups: &[RowGroupMetaData]) -> String {
    let n_rows: i64 = groups.iter().map(RowGroupMetaData::num_rows).sum();
    let (mut least, mut most, mut n_nulls) = (Map::new(), Map::new(), Map::new());
    for column in columns(table) {
        let Some(range) = range(column, groups) else { continue };
        let shown = match range.bounds {
            Some((low, high)) => match low.shown_low().zip(high.shown_high()) {
                Some(shown) => Some(shown),
                None => continue,
            },
            None => None,
        };
        n_nulls.insert(column.name.to_owned(), json!(range.n_nulls));
        if let Some((low, high)) = shown {
            least.insert(column.name.to_owned(), json!(low));
            most.insert(column.name.to_owned(), json!(high));
        }
    }
    let stats = json!({
        "numRecords": n_rows, "minValues": least, "maxValues": most, "nullCount": n_nulls,
    });
    stats.to_string()
}

/// Whether statistics say of a column all that a reader relies on.
pub(super) fn has(stats: &Value, column: &str) -> bool {
    let of = |kind: &str| stats.get(kind).and_then(|found| found.get(column));
    let Some(n_nulls) = of("nullCount").and_then(Value::as_u64) else { return false };
    let is_bound = |kind| of(kind).is_some_and(|bound| !bound.is_null());
    stats.get("numRecords").and_then(Value::as_u64) == Some(n_nulls)
        || (is_bound("minValues") && is_bound("maxValues"))
}

/// Returns what the row groups of a file say of a column; `None` if that is not enough.
fn range(column: &Column, groups: &[RowGroupMetaData]) -> Option<Range> {
    let mut range = Range::default();
    for group in groups {
        let n_rows = group.num_rows().unsigned_abs();
        let mut chunks = group.columns().iter();
        let chunk = chunks.find(|chunk| chunk.column_path().parts() == [column.name]);
        // A file of an older program has nothing in a column that it does not know.
        let Some(chunk) = chunk else {
            range.n_nulls += n_rows;
            continue;
        };
        let n_nulls = chunk.statistics()?.null_count_opt()?;
        range.n_nulls += n_nulls;
        if n_nulls == n_rows {
            continue;
        }
        let (low, high) = bounds_of(column.column_type, chunk)?;
        range.bounds = Some(match range.bounds {
            Some((least, most)) => (least.min(low), most.max(high)),
            None => (low, high),
        });
    }
    Some(range)
}

/// Returns the least and the greatest value of a chunk, or what is beyond them.
fn bounds_of(column_type: ColumnType, chunk: &ColumnChunkMetaData) -> Option<(Bound, Bound)> {
    let statistics = chunk.statistics()?;
    match (column_type, statistics) {
        (ColumnType::Text, Statistics::ByteArray(found)) if !statistics.is_min_max_deprecated() => {
            let text = |bytes: &[u8]| Some(Bound::Text(str::from_utf8(bytes).ok()?.to_owned()));
            text(found.min_opt()?.data()).zip(text(found.max_opt()?.data()))
        }
        (ColumnType::Time, Statistics::Int64(found)) => {
            let (low, high) = (*found.min_opt()?, *found.max_opt()?);
            match chunk.column_descr().logical_type_ref()? {
                LogicalType::Timestamp(of) if of.unit == TimeUnit::MILLIS => {
                    Some((Bound::Time(low), Bound::Time(high)))
                }
                LogicalType::Timestamp(of) if of.unit == TimeUnit::MICROS => {
                    let up = high.div_euclid(1000) + i64::from(high.rem_euclid(1000) > 0);
                    Some((Bound::Time(low.div_euclid(1000)), Bound::Time(up)))
                }
                _ => None,
            }
        }
        (ColumnType::Day, Statistics::Int32(found)) => {
            Some((Bound::Day(*found.min_opt()?), Bound::Day(*found.max_opt()?)))
        }
        _ => None,
    }
}

impl Bound {
    /// Shows a value, or one below it.
    fn shown_low(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(bounds::lower(text).to_owned()),
            other => other.shown(),
        }
    }

    /// Shows a value, or one above it.
    fn shown_high(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(bounds::upper(text)),
            other => other.shown(),
        }
    }

    fn shown(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Time(ms) => {
                let time = DateTime::from_timestamp_millis(*ms)?;
                Some(time.to_rfc3339_opts(SecondsFormat::Millis, true))
            }
            Self::Day(days) => Some(day(*days)),
        }
    }
}

#[cfg(test)]
mod tests;
