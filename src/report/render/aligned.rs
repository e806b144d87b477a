//! What the table and the Markdown table share: columns of one width.
//!
//! A width is known once every cell is seen, and a result can be too large to hold. So the first
//! rows are held (10,000 of them, or 8 MiB of text), the widths are taken from these, and later
//! rows go out as they come; a wider cell among them pushes its own row's rest to the right.

use std::io::Write;
use std::marker::PhantomData;

use arrow::array::RecordBatch;
use arrow::datatypes::{FieldRef, Schema};
use arrow::error::ArrowError;
use unicode_width::UnicodeWidthStr;

use super::cells::{self, Cells, Reader};
use super::sink::Sink;
use super::{RenderError, Renderer, columns};

/// Rows held to measure the columns.
const HELD_ROWS_MAX: usize = 10_000;

/// Bytes of text held to measure the columns.
const HELD_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A column and where its cells stand.
pub(super) struct Column {
    /// The name, as the layout shows it.
    pub(super) title: String,
    /// Whether cells stand at the right.
    pub(super) is_number: bool,
    /// The width of cells in terminal columns.
    pub(super) width: usize,
    /// Whether cells are cut to the width.
    pub(super) is_narrow: bool,
    /// Whether a cell so far has any text.
    pub(super) has_values: bool,
    /// Whether it is left out, for want of space.
    pub(super) is_hidden: bool,
}

/// The drawing of a table; every line ends with a line feed.
pub(super) trait Layout: Send {
    /// The widest that a column gets; a wider cell hangs over.
    const WIDTH_MAX: usize;

    /// Returns the narrowest that a column gets.
    fn width_min(is_number: bool) -> usize;

    /// Returns a cell or a title, made safe to show.
    fn cell(text: &str, is_number: bool) -> String;

    /// Appends what stands above the rows.
    fn write_head(columns: &[Column], out: &mut String);

    /// Appends one row.
    fn write_row(columns: &[Column], cells: &[String], out: &mut String);

    /// Appends what stands below the rows.
    fn write_foot(columns: &[Column], n_rows: usize, out: &mut String);
}

/// Returns the spaces that fill `text` up to `width` columns.
pub(super) fn padding(text: &str, width: usize) -> impl Iterator<Item = char> {
    std::iter::repeat_n(' ', width.saturating_sub(text.width()))
}

/// A renderer that aligns columns, drawn by `L`.
pub(super) struct Aligned<'a, L> {
    sink: Sink<'a>,
    columns: Vec<Column>,
    stage: Stage,
    n_rows: usize,
    /// Called with the columns when their widths are known, if these are to change.
    fit: Option<Fit>,
    layout: PhantomData<L>,
}

/// Changes widths, and returns which columns stand in each of several tables.
pub(super) type Fit = Box<dyn Fn(&mut [Column]) -> Vec<Vec<usize>> + Send>;

enum Stage {
    /// Rows wait for the widths.
    Measuring { rows: Vec<Vec<String>>, n_bytes: usize },
    /// The head is written and rows follow it.
    Streaming,
}

impl<'a, L: Layout> Aligned<'a, L> {
    /// Returns a renderer of a result with `schema`.
    pub(super) fn new(schema: &Schema, out: Box<dyn Write + Send + 'a>) -> Self {
        let column = |field: &FieldRef| {
            let title = L::cell(field.name(), false);
            let is_number = columns::plain_type(field.data_type()).is_numeric();
            let width = title.width().max(L::width_min(is_number)).min(L::WIDTH_MAX);
            Column {
                title,
                is_number,
                width,
                is_narrow: false,
                has_values: false,
                is_hidden: false,
            }
        };
        Self {
            sink: Sink::new(out),
            columns: schema.fields().iter().map(column).collect(),
            stage: Stage::Measuring { rows: Vec::new(), n_bytes: 0 },
            n_rows: 0,
            fit: None,
            layout: PhantomData,
        }
    }

    /// Has widths changed before anything is written.
    pub(super) fn fitted(mut self, fit: Fit) -> Self {
        self.fit = Some(fit);
        self
    }

    fn add(&mut self, row: Vec<String>) {
        self.n_rows += 1;
        let Stage::Measuring { rows, n_bytes } = &mut self.stage else {
            return self.write_row(&row);
        };
        for (column, cell) in self.columns.iter_mut().zip(&row) {
            column.width = column.width.max(cell.width().min(L::WIDTH_MAX));
            column.has_values |= !cell.is_empty();
            *n_bytes += cell.len();
        }
        rows.push(row);
        if rows.len() >= HELD_ROWS_MAX || *n_bytes >= HELD_BYTES_MAX {
            self.stream(false);
        }
    }

    /// Takes the widths as they are and writes the head and what is held. Only with a whole result
    /// can it stand in several tables.
    fn stream(&mut self, is_whole: bool) {
        let Stage::Measuring { rows, .. } = std::mem::replace(&mut self.stage, Stage::Streaming)
        else {
            return;
        };
        let mut tables = match &self.fit {
            Some(fit) => fit(&mut self.columns),
            None => vec![(0..self.columns.len()).collect()],
        };
        if !is_whole {
            tables.truncate(1);
        }
        for (n, table) in tables.iter().enumerate() {
            for (at, column) in self.columns.iter_mut().enumerate() {
                column.is_hidden = !table.contains(&at);
            }
            let mut head = if n == 0 { String::new() } else { "\n".to_owned() };
            L::write_head(&self.columns, &mut head);
            self.sink.push(&head);
            for row in &rows {
                self.write_row(row);
            }
        }
        for (at, column) in self.columns.iter_mut().enumerate() {
            column.is_hidden = !tables.iter().flatten().any(|&shown| shown == at);
        }
    }

    fn write_row(&mut self, row: &[String]) {
        let mut line = String::new();
        L::write_row(&self.columns, row, &mut line);
        self.sink.push(&line);
    }
}

impl<L: Layout> Renderer for Aligned<'_, L> {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), RenderError> {
        columns::check_count(self.columns.len(), batch.num_columns())?;
        let read = |column| cells::readable(column, Reader::Person);
        let arrays = batch.columns().iter().map(read).collect::<Result<Vec<_>, ArrowError>>()?;
        let mut columns = arrays
            .iter()
            .map(|array| Cells::try_new(array.as_ref(), Reader::Person))
            .collect::<Result<Vec<_>, ArrowError>>()?;
        let mut text = String::new();
        for row_idx in 0..batch.num_rows() {
            let mut row = Vec::with_capacity(columns.len());
            for (cells, column) in columns.iter_mut().zip(&self.columns) {
                text.clear();
                cells.write(row_idx, &mut text);
                row.push(L::cell(&text, column.is_number));
            }
            self.add(row);
            self.sink.spill()?;
        }
        Ok(self.sink.drain()?)
    }

    fn finish(mut self: Box<Self>) -> Result<(), RenderError> {
        self.stream(true);
        let mut foot = String::new();
        L::write_foot(&self.columns, self.n_rows, &mut foot);
        self.sink.push(&foot);
        Ok(self.sink.finish()?)
    }
}
