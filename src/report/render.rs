//! Query results in the six formats of `report` and `sql`.
//!
//! A [`Renderer`] takes the record batches of one result and writes them to any [`Write`]. It
//! never holds the whole result: CSV, JSON and NDJSON keep one batch, Parquet one row group, and
//! the two aligned formats (table and Markdown) hold the first rows to measure their columns and
//! let the rest through.
//!
//! | for people | for programs |
//! |---|---|
//! | `table`, `markdown`: doubles to four decimals, no control character gets out | `csv`, `json`, `ndjson`, `parquet`: every digit and every character, as stored |
//!
//! One exception: text that a spreadsheet would run as a formula gets a `'` in front in CSV, unless
//! [`raw_csv_renderer`] writes it.
//!
//! Every timestamp is an instant in UTC: a stored time zone only labels it, and one without a
//! time zone counts as UTC.

use std::fmt;
use std::io::Write;
use std::str::FromStr;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

mod aligned;
mod cells;
mod chart;
mod columns;
mod csv;
mod error;
mod escape;
mod fit;
mod instant;
mod json;
mod markdown;
mod nested;
mod parquet;
mod sink;
mod table;
#[cfg(test)]
mod tests;

pub use chart::NoFigure;
pub use error::{RenderError, UnknownFormat};
pub use escape::harmless;

/// A way to write a query result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Aligned text for a terminal, with the number of rows below.
    Table,
    /// Comma-separated values with a header, after RFC 4180.
    Csv,
    /// One JSON array with an object a row.
    Json,
    /// A JSON object a line.
    Ndjson,
    /// A table in GitHub-flavoured Markdown.
    Markdown,
    /// A Parquet file.
    Parquet,
}

impl Format {
    /// Every format, in the order a help text lists them.
    pub const ALL: [Self; 6] =
        [Self::Table, Self::Csv, Self::Json, Self::Ndjson, Self::Markdown, Self::Parquet];

    /// Returns the name a user types; [`FromStr`] reads it back.
    pub fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Markdown => "markdown",
            Self::Parquet => "parquet",
        }
    }

    /// Returns the media type of the format, for an HTTP `Content-Type` header.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Table => "text/plain; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Markdown => "text/markdown; charset=utf-8",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    /// Reads a format's [`name`](Format::name), in lower case.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|format| format.name() == name)
            .ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

/// Writes one query result, batch by batch, in one format.
pub trait Renderer: Send {
    /// Writes the rows of `batch`, which has the columns of the schema given to [`renderer`].
    ///
    /// After an error the output is incomplete and the renderer is to be dropped.
    fn write(&mut self, batch: &RecordBatch) -> Result<(), RenderError>;

    /// Writes what is still held and the end of the format, and flushes the output.
    ///
    /// Without it the output is incomplete. A result without rows still gets its header.
    fn finish(self: Box<Self>) -> Result<(), RenderError>;
}

/// Returns a renderer that writes a result of `schema` to `out` in `format`.
///
/// `out` gets few, large writes and needs no buffer of its own. Nothing is written before the
/// first batch. Fails if the format cannot hold the schema.
pub fn renderer<'a>(
    format: Format,
    schema: SchemaRef,
    out: Box<dyn Write + Send + 'a>,
) -> Result<Box<dyn Renderer + 'a>, RenderError> {
    Ok(match format {
        Format::Table => table::renderer(&schema, out),
        Format::Csv => Box::new(csv::Csv::new(schema, csv::Formulas::Quoted, out)),
        Format::Json => Box::new(json::Json::array(&schema, out)),
        Format::Ndjson => Box::new(json::Json::lines(&schema, out)),
        Format::Markdown => markdown::renderer(&schema, out),
        Format::Parquet => Box::new(parquet::Parquet::try_new(&schema, out)?),
    })
}

/// Returns a renderer of CSV that leaves text which a spreadsheet takes for a formula as it is.
pub fn raw_csv_renderer<'a>(
    schema: SchemaRef,
    out: Box<dyn Write + Send + 'a>,
) -> Box<dyn Renderer + 'a> {
    Box::new(csv::Csv::new(schema, csv::Formulas::Kept, out))
}

/// Returns a renderer of tables that fit a terminal of `width` columns.
pub fn fitted_table_renderer<'a>(
    schema: &SchemaRef,
    width: usize,
    out: Box<dyn Write + Send + 'a>,
) -> Box<dyn Renderer + 'a> {
    table::fitted(schema, width, out)
}

/// Returns a renderer of bars for the column `figure`, else for the first that has numbers, for a
/// terminal of `width` columns.
///
/// # Errors
/// [`NoFigure`] if there is no such column, or it has no numbers.
pub fn chart_renderer<'a>(
    schema: &SchemaRef,
    figure: Option<&str>,
    width: usize,
    out: Box<dyn Write + Send + 'a>,
) -> Result<Box<dyn Renderer + 'a>, NoFigure> {
    Ok(Box::new(chart::Chart::try_new(schema, figure, width, out)?))
}
