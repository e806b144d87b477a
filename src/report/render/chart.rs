//! Bars for people, one a row.
//!
//! ```text
//! channel         conversions
//! Email           ████████████████████████  22
//! Organic Search  ████████████████████▋     19
//! (2 rows)
//! ```
//!
//! A row is named by its first column and the text and dates that follow it. Bars start at zero;
//! a row that sums the others has none, nor has a figure below zero.

use std::fmt::Write as _;
use std::io::Write;

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Schema};
use unicode_width::UnicodeWidthStr as _;

use super::aligned::padding;
use super::cells::{self, Cells, Reader};
use super::sink::Sink;
use super::{RenderError, Renderer, columns, escape};

/// Columns that a row's name takes at most.
const NAME_WIDTH_MAX: usize = 40;
/// Columns that the longest bar has at least.
const BAR_WIDTH_MIN: usize = 10;
/// What a report calls the row that sums the others.
const TOTAL: &str = "(total)";
/// The ends of bars, an eighth of a column each.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
const GAP: &str = "  ";

/// A column that no bars can show.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no bars for `{given}`; columns with numbers are {}", .numbers.join(", "))]
pub struct NoFigure {
    /// The column that was asked for; empty if none was.
    pub given: String,
    /// Columns that bars can show.
    pub numbers: Vec<String>,
}

/// Draws bars.
pub(super) struct Chart<'a> {
    sink: Sink<'a>,
    title: String,
    figure_idx: usize,
    figure: String,
    n_name_columns: usize,
    width: usize,
    bars: Vec<Bar>,
}

struct Bar {
    name: String,
    /// What the bar shows, if it is drawn.
    length: Option<f64>,
    number: String,
}

impl<'a> Chart<'a> {
    /// Returns a renderer of bars for the column `figure`, else for the first that has numbers, on
    /// a terminal of `width` columns.
    pub(super) fn try_new(
        schema: &Schema,
        figure: Option<&str>,
        width: usize,
        out: Box<dyn Write + Send + 'a>,
    ) -> Result<Self, NoFigure> {
        let is_number = |at: usize| columns::plain_type(schema.field(at).data_type()).is_numeric();
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let numbers: Vec<usize> = (1..names.len()).filter(|&at| is_number(at)).collect();
        let mut wanted = numbers.iter().filter(|&&at| figure.is_none_or(|name| names[at] == name));
        let Some(&figure_idx) = wanted.next() else {
            return Err(NoFigure {
                given: figure.unwrap_or_default().to_owned(),
                numbers: numbers.iter().map(|&at| names[at].to_owned()).collect(),
            });
        };
        let n_name_columns = (1..names.len()).find(|&at| is_number(at)).unwrap_or(1);
        let title = shown(&names[..n_name_columns].join(" · "));
        let figure = shown(names[figure_idx]);
        let bars = vec![];
        Ok(Self { sink: Sink::new(out), title, figure_idx, figure, n_name_columns, width, bars })
    }

    fn draw(&self) -> String {
        let names = self.bars.iter().map(|bar| &bar.name).chain([&self.title]);
        let name_width = names.map(|name| name.width()).max().unwrap_or(0);
        let numbers = self.bars.iter().map(|bar| bar.number.width());
        let taken = name_width + numbers.max().unwrap_or(0) + 2 * GAP.len();
        let bar_width = self.width.saturating_sub(taken).max(BAR_WIDTH_MIN);
        let longest = self.bars.iter().filter_map(|bar| bar.length).fold(0.0, f64::max);
        let mut out = String::new();
        let line = |name: &str, rest: &str, out: &mut String| {
            out.push_str(name);
            out.extend(padding(name, name_width));
            out.push_str(GAP);
            out.push_str(rest);
            out.truncate(out.trim_end_matches(' ').len());
            out.push('\n');
        };
        line(&self.title, &self.figure, &mut out);
        for Bar { name, length, number } in &self.bars {
            let share = length.map_or(0.0, |length| length / longest);
            let blocks = blocks(if share.is_finite() { share } else { 0.0 }, bar_width);
            let fill: String = padding(&blocks, bar_width).collect();
            line(name, &format!("{blocks}{fill}{GAP}{number}"), &mut out);
        }
        let noun = if self.bars.len() == 1 { "row" } else { "rows" };
        writeln!(out, "({} {noun})", self.bars.len()).expect("a string takes any text");
        out
    }
}

/// Returns a bar of a share of `width` columns, to the eighth of one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a width")]
fn blocks(share: f64, width: usize) -> String {
    let n_eighths = (share.clamp(0.0, 1.0) * (width * 8) as f64).round() as usize;
    format!("{}{}", "█".repeat(n_eighths / 8), EIGHTHS[n_eighths % 8])
}

fn shown(text: &str) -> String {
    let mut shown = escape::harmless(text);
    escape::cut(&mut shown, NAME_WIDTH_MAX);
    shown
}

impl Renderer for Chart<'_> {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), RenderError> {
        let read = |at: usize| cells::readable(batch.column(at), Reader::Person);
        let arrays = (0..self.n_name_columns).chain([self.figure_idx]).map(read);
        let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
        let texts = arrays.iter().map(|array| Cells::try_new(array.as_ref(), Reader::Person));
        let mut texts = texts.collect::<Result<Vec<_>, _>>()?;
        let numbers = cast(batch.column(self.figure_idx), &DataType::Float64)?;
        let numbers = numbers.as_primitive::<Float64Type>();
        for row_idx in 0..batch.num_rows() {
            let mut parts: Vec<String> = texts
                .iter_mut()
                .map(|cells| {
                    let mut text = String::new();
                    cells.write(row_idx, &mut text);
                    text
                })
                .collect();
            let number = parts.pop().unwrap_or_default();
            parts.retain(|part| !part.is_empty());
            let is_total = parts.iter().any(|part| part == TOTAL);
            let length = numbers.is_valid(row_idx).then(|| numbers.value(row_idx));
            let length = length.filter(|length| !is_total && length.is_finite() && *length > 0.0);
            self.bars.push(Bar { name: shown(&parts.join(" · ")), length, number });
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), RenderError> {
        let text = self.draw();
        self.sink.push(&text);
        Ok(self.sink.finish()?)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};

    use super::*;

    fn batch() -> RecordBatch {
        let channels = ["Email", "Organic Search", "\u{1b}[31mred", TOTAL];
        RecordBatch::try_from_iter([
            ("channel", Arc::new(StringArray::from_iter_values(channels)) as ArrayRef),
            ("sessions", Arc::new(Int64Array::from(vec![8, 16, 0, 24]))),
            ("value", Arc::new(Float64Array::from(vec![Some(1.5), None, Some(-1.0), None]))),
        ])
        .unwrap()
    }

    fn drawn(figure: Option<&str>, width: usize) -> Result<String, NoFigure> {
        let mut out = vec![];
        let mut chart =
            Box::new(Chart::try_new(&batch().schema(), figure, width, Box::new(&mut out))?);
        chart.write(&batch()).unwrap();
        chart.finish().unwrap();
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn the_longest_bar_fills_the_line_and_others_keep_their_proportion() {
        let text = drawn(None, 38).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "channel         sessions");
        assert_eq!(lines[1], "Email           █████████           8");
        assert_eq!(lines[2], "Organic Search  ██████████████████  16");
        assert_eq!(lines[3], "\\u{1b}[31mred                       0");
        assert_eq!(lines[4], "(total)                             24");
        assert_eq!(lines[5..], ["(4 rows)"]);
    }

    #[test]
    fn nothing_and_less_than_nothing_have_no_bar() {
        let text = drawn(Some("value"), 60).unwrap();
        let bars: Vec<bool> = text.lines().map(|line| line.contains('█')).collect();
        assert_eq!(bars, [false, true, false, false, false, false]);
        assert!(text.contains("  1.5\n") && text.contains("  -1\n"), "{text}");
    }

    #[test]
    fn a_column_without_numbers_is_refused_with_those_that_have_some() {
        let error = drawn(Some("channel"), 60).unwrap_err().to_string();
        assert_eq!(error, "no bars for `channel`; columns with numbers are sessions, value");
    }
}
