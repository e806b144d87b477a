//! Results larger than what the aligned formats hold.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};

use super::{Format, batch, render};
use crate::report::render::fitted_table_renderer;

fn rows(n_rows: usize, name: &str) -> arrow::array::RecordBatch {
    let counts: ArrayRef = Arc::new(Int64Array::from_iter_values(0..n_rows as i64));
    let names: ArrayRef =
        Arc::new(StringArray::from_iter_values(std::iter::repeat_n(name, n_rows)));
    batch(vec![("name", names), ("n", counts)])
}

#[test]
fn every_row_comes_out_in_every_text_format() {
    let batches = [rows(8_192, "a"), rows(8_192, "wider"), rows(3, "widest of all")];
    let schema = batches[0].schema();
    for (format, n_lines_around) in [
        (Format::Table, 3),
        (Format::Csv, 1),
        (Format::Json, 2),
        (Format::Ndjson, 0),
        (Format::Markdown, 2),
    ] {
        let bytes = render(format, schema.clone(), &batches);
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text.lines().count(), 16_387 + n_lines_around, "{format}");
    }
}

#[test]
fn widths_come_from_the_first_rows() {
    let batches = [rows(10_000, "wider"), rows(3, "widest of all")];
    let bytes = render(Format::Table, batches[0].schema(), &batches);
    let text = String::from_utf8(bytes).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..3], ["name      n", "─────  ────", "wider     0"]);
    assert_eq!(
        lines[10_001..],
        [
            "wider  9999",
            "widest of all     0",
            "widest of all     1",
            "widest of all     2",
            "(10003 rows)"
        ]
    );
}

#[test]
fn long_text_is_not_held_beyond_its_bound() {
    let long = "x".repeat(1024 * 1024);
    let batches = [rows(20, &long)];
    let mut bytes = Vec::new();
    let mut renderer =
        super::renderer(Format::Markdown, batches[0].schema(), Box::new(&mut bytes)).unwrap();
    renderer.write(&batches[0]).unwrap();
    drop(renderer);
    assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 2 + 20);
}

#[test]
fn a_table_fits_its_terminal() {
    let wide = "x".repeat(50);
    let texts = || -> ArrayRef { Arc::new(StringArray::from_iter_values([&wide, &wide])) };
    let n: ArrayRef = Arc::new(Int64Array::from(vec![i64::MAX, 1]));
    let nothing: ArrayRef = Arc::new(StringArray::new_null(2));
    let batch =
        batch(vec![("a", texts()), ("n", n), ("b", texts()), ("c", texts()), ("d", nothing)]);
    for (width, n_tables, foot) in [(300, 1, "(2 rows)"), (60, 3, "(2 rows; not shown: d)")] {
        let mut bytes = vec![];
        let mut table = fitted_table_renderer(&batch.schema(), width, Box::new(&mut bytes));
        table.write(&batch).unwrap();
        table.finish().unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.lines().all(|line| line.chars().count() <= width), "{text}");
        assert_eq!(text.lines().filter(|line| line.starts_with('─')).count(), n_tables, "{text}");
        assert_eq!(text.matches("9223372036854775807").count(), 1, "{text}");
        assert!(text.ends_with(&format!("{foot}\n")), "{text}");
    }
}
