//! The values of one column as text.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, LargeStringBuilder};
use arrow::buffer::{NullBuffer, ScalarBuffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use arrow::error::ArrowError;
use arrow::json::writer::NullableEncoder;
use arrow::util::display::{ArrayFormatter, DurationFormat, FormatOptions};

use super::instant::Instants;
use super::{columns, nested};

/// From here on a double has no decimals to show and its digits say less than its exponent.
const POSITIONAL_MAX: f64 = 1e16;

/// Whom the text is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// Doubles to four decimals, timestamps with a space, durations in words.
    Person,
    /// Every digit, RFC 3339, ISO 8601.
    Program,
}

/// Returns `array` in a form that [`Cells`] reads for `reader`.
pub(super) fn readable(array: &ArrayRef, reader: Reader) -> Result<ArrayRef, ArrowError> {
    let array = columns::plain(array)?;
    match array.data_type() {
        DataType::Float16 | DataType::Float32 if reader == Reader::Person => {
            cast(&array, &DataType::Float64)
        }
        _ => Ok(array),
    }
}

/// Returns `array` as strings for a program: RFC 3339 for timestamps, JSON for nested values.
pub(super) fn text_column(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let array = readable(array, Reader::Program)?;
    let mut cells = Cells::try_new(array.as_ref(), Reader::Program)?;
    let mut builder = LargeStringBuilder::new();
    let mut text = String::new();
    for row_idx in 0..array.len() {
        text.clear();
        match cells.write(row_idx, &mut text) {
            Cell::Null => builder.append_null(),
            Cell::Value => builder.append_value(&text),
        }
    }
    Ok(Arc::new(builder.finish()))
}

/// What a cell holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    /// Nothing, and nothing was written.
    Null,
    /// A value, which may be the empty string.
    Value,
}

/// The cells of a column of one batch.
pub(super) struct Cells<'a> {
    values: Values<'a>,
    nulls: Option<NullBuffer>,
    reader: Reader,
}

enum Values<'a> {
    Doubles(ScalarBuffer<f64>),
    Instants(Instants),
    Nested(NullableEncoder<'a>, Vec<u8>),
    Others(ArrayFormatter<'a>),
}

impl<'a> Cells<'a> {
    /// Returns the cells of `array`, which comes from [`readable`] for the same reader.
    pub(super) fn try_new(array: &'a dyn Array, reader: Reader) -> Result<Self, ArrowError> {
        Ok(Self { values: values(array, reader)?, nulls: array.logical_nulls(), reader })
    }

    /// Appends the text of a row's cell.
    pub(super) fn write(&mut self, row_idx: usize, out: &mut String) -> Cell {
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row_idx)) {
            return Cell::Null;
        }
        match (&mut self.values, self.reader) {
            (Values::Doubles(values), _) => write_double(values[row_idx], out),
            (Values::Instants(instants), Reader::Person) => instants.write_plain(row_idx, out),
            (Values::Instants(instants), Reader::Program) => instants.write_rfc3339(row_idx, out),
            (Values::Nested(encoder, json), _) => {
                json.clear();
                encoder.encode(row_idx, json);
                out.push_str(&String::from_utf8_lossy(json));
            }
            (Values::Others(formatter), _) => {
                write!(out, "{}", formatter.value(row_idx)).expect("a string takes any text");
            }
        }
        Cell::Value
    }
}

fn values(array: &dyn Array, reader: Reader) -> Result<Values<'_>, ArrowError> {
    if let Some(instants) = Instants::of(array) {
        return Ok(Values::Instants(instants));
    }
    if *array.data_type() == DataType::Float64 && reader == Reader::Person {
        return Ok(Values::Doubles(array.as_primitive::<Float64Type>().values().clone()));
    }
    if array.data_type().is_nested()
        && let Ok(encoder) = nested::encoder(array)
    {
        return Ok(Values::Nested(encoder, Vec::new()));
    }
    let duration_format = match reader {
        Reader::Person => DurationFormat::Pretty,
        Reader::Program => DurationFormat::ISO8601,
    };
    let options = FormatOptions::new().with_duration_format(duration_format);
    Ok(Values::Others(ArrayFormatter::try_new(array, &options)?))
}

/// Appends `value` rounded to four decimals, without trailing zeros.
fn write_double(value: f64, out: &mut String) {
    if !value.is_finite() {
        return write!(out, "{value}").expect("a string takes any text");
    }
    if value.abs() >= POSITIONAL_MAX {
        return write!(out, "{value:e}").expect("a string takes any text");
    }
    let digits = format!("{value:.4}");
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    out.push_str(if digits == "-0" { "0" } else { digits });
}
