//! The table for people.
//!
//! ```text
//! channel      conversions  revenue
//! ───────────  ───────────  ───────
//! Paid Search           12   1234.5
//! Direct                 3
//! (2 rows)
//! ```
//!
//! Numbers stand at the right, a null is blank. Nothing that steers a terminal gets through: such
//! a character shows as `\n` or `\u{1b}`, a backslash as itself. A cell wider than 60 columns is
//! cut with `…`, unless it is a number: half a number is a wrong one. Widths are those of a
//! terminal: two columns for an East Asian wide character or an emoji, none for a combining mark.
//! On a terminal the table is made to fit ([`super::fit`]).

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::Write;

use arrow::datatypes::Schema;

use super::aligned::{Aligned, Column, Layout, padding};
use super::{Renderer, escape, fit};

/// Columns that a cell takes at most.
const CELL_WIDTH_MAX: usize = 60;

const GAP: &str = "  ";

/// Returns a renderer of tables with `schema`.
pub(super) fn renderer<'a>(
    schema: &Schema,
    out: Box<dyn Write + Send + 'a>,
) -> Box<dyn Renderer + 'a> {
    Box::new(Aligned::<Table>::new(schema, out))
}

/// Returns a renderer of tables whose lines have `line_max` terminal columns at most.
pub(super) fn fitted<'a>(
    schema: &Schema,
    line_max: usize,
    out: Box<dyn Write + Send + 'a>,
) -> Box<dyn Renderer + 'a> {
    let fit = move |columns: &mut [Column]| fit::fit(columns, GAP.len(), line_max);
    Box::new(Aligned::<Table>::new(schema, out).fitted(Box::new(fit)))
}

struct Table;

impl Layout for Table {
    const WIDTH_MAX: usize = usize::MAX;

    fn width_min(_is_number: bool) -> usize {
        1
    }

    fn cell(text: &str, is_number: bool) -> String {
        let mut cell = String::new();
        let n_chars_max = if is_number { usize::MAX } else { CELL_WIDTH_MAX * 4 + 1 };
        text.chars().take(n_chars_max).for_each(|character| escape::push(character, &mut cell));
        if !is_number {
            escape::cut(&mut cell, CELL_WIDTH_MAX);
        }
        cell
    }

    fn write_head(columns: &[Column], out: &mut String) {
        if columns.is_empty() {
            return;
        }
        write_line(columns, columns.iter().map(|column| column.title.as_str()), out);
        for (column_idx, column) in shown(columns).enumerate() {
            out.push_str(if column_idx == 0 { "" } else { GAP });
            out.extend(std::iter::repeat_n('─', column.width));
        }
        out.push('\n');
    }

    fn write_row(columns: &[Column], cells: &[String], out: &mut String) {
        if !columns.is_empty() {
            write_line(columns, cells.iter().map(String::as_str), out);
        }
    }

    fn write_foot(columns: &[Column], n_rows: usize, out: &mut String) {
        let noun = if n_rows == 1 { "row" } else { "rows" };
        let hidden = columns.iter().filter(|column| column.is_hidden);
        let hidden: Vec<&str> = hidden.map(|column| column.title.as_str()).collect();
        let more = match hidden.as_slice() {
            [] => String::new(),
            hidden => format!("; not shown: {}", hidden.join(", ")),
        };
        writeln!(out, "({n_rows} {noun}{more})").expect("a string takes any text");
    }
}

fn shown(columns: &[Column]) -> impl Iterator<Item = &Column> {
    columns.iter().filter(|column| !column.is_hidden)
}

fn write_line<'a>(columns: &[Column], cells: impl Iterator<Item = &'a str>, out: &mut String) {
    let start = out.len();
    let shown = columns.iter().zip(cells).filter(|(column, _)| !column.is_hidden);
    for (at, (column, cell)) in shown.enumerate() {
        out.push_str(if at == 0 { "" } else { GAP });
        let mut cell = Cow::Borrowed(cell);
        if column.is_narrow {
            escape::cut(cell.to_mut(), column.width);
        }
        if column.is_number {
            out.extend(padding(&cell, column.width));
            out.push_str(&cell);
        } else {
            out.push_str(&cell);
            out.extend(padding(&cell, column.width));
        }
    }
    let end = out.trim_end_matches(' ').len().max(start);
    out.truncate(end);
    out.push('\n');
}
