//! The table of GitHub-flavoured Markdown, to paste into an issue or a document.
//!
//! ```text
//! | channel     | revenue |
//! | ----------- | ------: |
//! | Paid Search |  1234.5 |
//! ```
//!
//! A cell shows the text that was stored: `|` and `\` get a backslash, so do `` ` ``, `*`, `<` and
//! `[`, with which a page title could put an image or a link into the document; a line break
//! becomes `<br>`. Other controls show as in the table. Nothing is cut; cells are padded up to 60
//! columns so that the source reads well too.
//!
//! The format: <https://github.github.com/gfm/#tables-extension->.

use std::io::Write;

use arrow::datatypes::Schema;

use super::aligned::{Aligned, Column, Layout, padding};
use super::{Renderer, escape};

/// Returns a renderer of Markdown tables with `schema`.
pub(super) fn renderer<'a>(
    schema: &Schema,
    out: Box<dyn Write + Send + 'a>,
) -> Box<dyn Renderer + 'a> {
    Box::new(Aligned::<Markdown>::new(schema, out))
}

struct Markdown;

impl Layout for Markdown {
    const WIDTH_MAX: usize = 60;

    /// Three dashes, and a colon after them for numbers.
    fn width_min(is_number: bool) -> usize {
        if is_number { 4 } else { 3 }
    }

    fn cell(text: &str, _is_number: bool) -> String {
        let mut cell = String::with_capacity(text.len());
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '\r' if characters.peek() == Some(&'\n') => {}
                '\r' | '\n' => cell.push_str("<br>"),
                '\\' | '|' | '`' | '*' | '<' | '[' => {
                    cell.push('\\');
                    cell.push(character);
                }
                _ if escape::is_steering(character) => {
                    // Its own backslash is to be seen, so Markdown needs two.
                    cell.push('\\');
                    escape::push(character, &mut cell);
                }
                _ => cell.push(character),
            }
        }
        cell
    }

    fn write_head(columns: &[Column], out: &mut String) {
        if columns.is_empty() {
            return;
        }
        write_line(columns, columns.iter().map(|column| column.title.as_str()), out);
        for column in columns {
            let (n_dashes, end) =
                if column.is_number { (column.width - 1, ":") } else { (column.width, "") };
            out.push_str("| ");
            out.extend(std::iter::repeat_n('-', n_dashes));
            out.push_str(end);
            out.push(' ');
        }
        out.push_str("|\n");
    }

    fn write_row(columns: &[Column], cells: &[String], out: &mut String) {
        if !columns.is_empty() {
            write_line(columns, cells.iter().map(String::as_str), out);
        }
    }

    fn write_foot(_columns: &[Column], _n_rows: usize, _out: &mut String) {}
}

fn write_line<'a>(columns: &[Column], cells: impl Iterator<Item = &'a str>, out: &mut String) {
    for (column, cell) in columns.iter().zip(cells) {
        out.push_str("| ");
        if column.is_number {
            out.extend(padding(cell, column.width));
            out.push_str(cell);
        } else {
            out.push_str(cell);
            out.extend(padding(cell, column.width));
        }
        out.push(' ');
    }
    out.push_str("|\n");
}
