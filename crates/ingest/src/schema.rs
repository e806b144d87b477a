//! What a table is: its columns, their types, where in the JSON they come from, what they mean.
//!
//! A table is data, not code: the decoder, the Arrow builders, `tributary schema`, the Delta
//! tables and the documentation all read the same lists.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

/// The type of a column, and how the JSON value becomes it.
#[derive(Debug, Clone, Copy)]
pub enum ColumnType {
    /// UTF-8 text; numbers and booleans become their text.
    Text,
    /// A 64-bit integer; a fraction is cut off, digits in a string are read.
    Int,
    /// A double; digits in a string are read.
    Float,
    /// A boolean.
    Bool,
    /// A time in milliseconds, UTC; seconds and ISO 8601 text are recognised.
    Time,
    /// A UTC day.
    Day,
    /// Any JSON value, kept as its text.
    Json,
    /// A list of text.
    TextList,
    /// An object.
    Struct(&'static [Column]),
    /// A list of objects; a lone object counts as a list of one.
    Structs(&'static [Column]),
}

/// A column of a table, or a field of an object in one.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// The value's place in the JSON object, keys joined by `.`; empty for a derived column.
    pub path: &'static str,
    /// Its type.
    pub column_type: ColumnType,
    /// What it means, one line.
    pub doc: &'static str,
}

/// Makes a column that is read from the JSON.
#[must_use]
pub const fn column(
    name: &'static str,
    path: &'static str,
    column_type: ColumnType,
    doc: &'static str,
) -> Column {
    Column { name, path, column_type, doc }
}

/// Makes a column that is not read from the JSON but worked out.
#[must_use]
pub const fn derived(name: &'static str, column_type: ColumnType, doc: &'static str) -> Column {
    Column { name, path: "", column_type, doc }
}

/// Finds a column's position when the program is compiled.
///
/// # Panics
/// If there is no such column; used in constants, so the program does not compile.
#[must_use]
#[expect(clippy::panic, reason = "evaluated at compile time only")]
pub const fn position(columns: &[Column], name: &str) -> usize {
    let mut at = 0;
    while at < columns.len() {
        if equal(columns[at].name.as_bytes(), name.as_bytes()) {
            return at;
        }
        at += 1;
    }
    panic!("no such column")
}

const fn equal(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let mut at = 0;
    while at < left.len() {
        if left[at] != right[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// A table of the lake.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Its name, also its folder in the lake.
    pub name: &'static str,
    /// What a row is, one line.
    pub doc: &'static str,
    /// Its columns in order, without the partition column `date`.
    pub columns: &'static [Column],
    /// The column of time by which rows are sorted within a tenant.
    pub time: &'static str,
    /// Which of a day's rows stand for the same.
    pub unique: Unique,
}

/// Which rows of a partition stand for the same thing, and which of them counts.
///
/// The views say the same in SQL; compaction leaves in the files what they show.
#[derive(Debug, Clone, Copy)]
pub struct Unique {
    /// What rows are about, such as a session: the values of these columns, of each list the
    /// first that is not null.
    pub group: &'static [&'static [&'static str]],
    /// Which of the events in a group count.
    pub latest: Latest,
    /// What tells rows of one event apart.
    pub row: &'static [&'static str],
    /// Of copies, the row with the least of this column counts.
    pub first: Option<&'static str>,
}

/// Which event of a group counts.
#[derive(Debug, Clone, Copy)]
pub enum Latest {
    /// All events do.
    All,
    /// That with the latest time in this column, null the earliest; of equals the least event id.
    By(&'static str),
    /// The same, but of equals the greatest event id.
    ByThenLast(&'static str),
}

/// Rows of a session belong to it, or to their event if it has none.
pub const OF_SESSION: &[&[&str]] = &[&["session_id", "event_id"]];

/// Name of the partition column, a UTC day.
pub const DATE: &str = "date";
/// Doc of the partition column.
pub const DATE_DOC: &str = "UTC day of the session's start; without a session of the event, without an envelope of receipt";

impl Table {
    /// Returns the Arrow schema of the table's files: all columns but `date`.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        Arc::new(Schema::new(fields(self.columns)))
    }

    /// Finds a column's position by name.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

/// Returns the Arrow fields of a list of columns.
#[must_use]
pub fn fields(columns: &[Column]) -> Fields {
    columns
        .iter()
        .map(|column| Field::new(column.name, data_type(column.column_type), true))
        .collect()
}

/// Returns the Arrow type of a kind.
#[must_use]
pub fn data_type(column_type: ColumnType) -> DataType {
    match column_type {
        ColumnType::Text | ColumnType::Json => DataType::Utf8,
        ColumnType::Int => DataType::Int64,
        ColumnType::Float => DataType::Float64,
        ColumnType::Bool => DataType::Boolean,
        ColumnType::Time => DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
        ColumnType::Day => DataType::Date32,
        ColumnType::TextList => {
            DataType::List(Arc::new(Field::new("element", DataType::Utf8, true)))
        }
        ColumnType::Struct(columns) => DataType::Struct(fields(columns)),
        ColumnType::Structs(columns) => {
            let element = Field::new("element", DataType::Struct(fields(columns)), true);
            DataType::List(Arc::new(element))
        }
    }
}

/// Returns a kind's name in SQL.
#[must_use]
pub fn sql_type(column_type: ColumnType) -> String {
    let list = |columns: &[Column]| {
        let fields: Vec<String> =
            columns.iter().map(|c| format!("{} {}", c.name, sql_type(c.column_type))).collect();
        format!("STRUCT({})", fields.join(", "))
    };
    match column_type {
        ColumnType::Text | ColumnType::Json => "VARCHAR".to_owned(),
        ColumnType::Int => "BIGINT".to_owned(),
        ColumnType::Float => "DOUBLE".to_owned(),
        ColumnType::Bool => "BOOLEAN".to_owned(),
        ColumnType::Time => "TIMESTAMP WITH TIME ZONE".to_owned(),
        ColumnType::Day => "DATE".to_owned(),
        ColumnType::TextList => "VARCHAR[]".to_owned(),
        ColumnType::Struct(columns) => list(columns),
        ColumnType::Structs(columns) => format!("{}[]", list(columns)),
    }
}
