//! Text by strangers: nothing that steers a terminal leaves the formats for people.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, DictionaryArray, Float64Array, Int64Array, LargeStringArray,
    ListBuilder, StringArray, StringBuilder, StringViewArray,
};
use arrow::datatypes::Int8Type;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};
use unicode_width::UnicodeWidthStr;

use super::{Format, batch, raw_csv_renderer, render_text};

fn strings(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn check_cell(format: Format, value: &str, expected: &str) {
    let text = render_text(format, &batch(vec![("c", strings(&[value]))]));
    assert_eq!(text.lines().nth(2), Some(expected));
}

/// Returns what steers in `text` by a list of its own, line feeds aside.
fn steering(text: &str) -> Vec<char> {
    let steers = |character: &char| {
        let code = u32::from(*character);
        let is_control = code < 0x20 || (0x7f..=0x9f).contains(&code);
        let is_mark = [0x61c, 0x200e, 0x200f].contains(&code);
        let is_bidi = (0x202a..=0x202e).contains(&code) || (0x2066..=0x2069).contains(&code);
        (is_control && *character != '\n') || is_mark || is_bidi || code == 0x2028 || code == 0x2029
    };
    text.chars().filter(steers).collect()
}

/// Text in which every second character or so is one to watch.
fn hostile_text() -> impl Strategy<Value = String> {
    let codes = [0u32..0xa1, 0x200b..0x206a, 0x300..0x305, 0x4e00..0x4e05, 0x1f468..0x1f46a];
    let watched =
        proptest::strategy::Union::new(codes).prop_map(|code| char::from_u32(code).unwrap_or('x'));
    let character = proptest::prop_oneof![watched, any::<char>()];
    proptest::collection::vec(character, 0..150).prop_map(String::from_iter)
}

proptest! {
    #[test]
    fn no_control_leaves_table_or_markdown(name in hostile_text(), value in hostile_text()) {
        let mut list = ListBuilder::new(StringBuilder::new());
        list.append_value([Some(&value)]);
        list.append_null();
        let columns = vec![
            (name.as_str(), strings(&[&value, "plain"])),
            ("list", Arc::new(list.finish()) as ArrayRef),
        ];
        let batch = batch(columns);
        for (format, n_lines) in [(Format::Table, 5), (Format::Markdown, 4)] {
            let text = render_text(format, &batch);
            prop_assert_eq!(steering(&text), Vec::<char>::new());
            prop_assert_eq!(text.matches('\n').count(), n_lines);
        }
    }

    #[test]
    fn table_cells_stay_within_60_columns(value in hostile_text()) {
        let text = render_text(Format::Table, &batch(vec![("c", strings(&[&value]))]));
        let cell = text.lines().nth(2).unwrap_or_default();
        prop_assert!(cell.width() <= 60, "{} columns: {cell:?}", cell.width());
    }

    #[test]
    fn markdown_cells_cannot_end_early(value in hostile_text()) {
        let text = render_text(Format::Markdown, &batch(vec![("c", strings(&[&value]))]));
        let row = text.lines().nth(2).unwrap_or_default();
        let without_escapes = row.replace("\\\\", "").replace("\\|", "");
        prop_assert_eq!(without_escapes.matches('|').count(), 2);
    }
}

#[test]
fn controls_show_as_escapes() {
    check_cell(Format::Table, "a\r\nb\tc", "a\\r\\nb\\tc");
    check_cell(Format::Table, "\u{1b}]0;x\u{7}", "\\u{1b}]0;x\\u{7}");
    check_cell(Format::Table, "\u{9b}31m\u{7f}", "\\u{9b}31m\\u{7f}");
    check_cell(Format::Table, "C:\\new", "C:\\new");
    check_cell(Format::Markdown, "\u{1b}[31m", "| \\\\u{1b}\\[31m |");
    check_cell(Format::Markdown, "a\r\nb\nc", "| a<br>b<br>c |");
    check_cell(Format::Markdown, "![x](//h/p.png)", "| !\\[x](//h/p.png) |");
    check_cell(Format::Markdown, "<br> `a` *b*", "| \\<br> \\`a\\` \\*b\\* |");
}

#[test]
fn long_cells_are_cut() {
    check_cell(Format::Table, &"x".repeat(60), &"x".repeat(60));
    check_cell(Format::Table, &"x".repeat(61), &format!("{}…", "x".repeat(59)));
    check_cell(Format::Table, &"広".repeat(31), &format!("{}…", "広".repeat(29)));
    check_cell(Format::Table, &"x".repeat(10_000), &format!("{}…", "x".repeat(59)));
    let marks = "\u{301}".repeat(10_000);
    let text = render_text(Format::Table, &batch(vec![("c", strings(&[&marks]))]));
    assert!(text.chars().count() < 300);
}

#[test]
fn a_joined_emoji_is_one_wide_character() {
    let column = strings(&["👨\u{200d}👩\u{200d}👧", "ab", "e\u{301}"]);
    let text = render_text(Format::Table, &batch(vec![("c", column.clone()), ("d", column)]));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[1..5],
        [
            "──  ──",
            "👨\u{200d}👩\u{200d}👧  👨\u{200d}👩\u{200d}👧",
            "ab  ab",
            "e\u{301}   e\u{301}"
        ]
    );
}

/// Returns the records of CSV, header first, as a reader of RFC 4180 sees them.
fn records(text: &[u8]) -> Vec<Vec<String>> {
    let reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(text);
    let fields = |record: ::csv::StringRecord| record.iter().map(str::to_owned).collect();
    reader.into_records().map(|record| fields(record.unwrap())).collect()
}

/// Text that spreadsheets run, and what CSV makes of it.
const FORMULAS: [(&str, &str); 9] = [
    ("=1+1", "'=1+1"),
    ("+1", "'+1"),
    ("-2", "'-2"),
    ("@SUM(A1)", "'@SUM(A1)"),
    ("\t=1", "'\t=1"),
    ("\r=1", "'\r=1"),
    ("'=1", "'=1"),
    (" =1", " =1"),
    ("a=\"1\",-", "a=\"1\",-"),
];

#[test]
fn csv_quotes_text_that_a_spreadsheet_would_run() {
    let texts: Vec<&str> = FORMULAS.iter().map(|(text, _)| *text).collect();
    let expected: Vec<&str> = FORMULAS.iter().map(|(_, text)| *text).collect();
    let kinds: [ArrayRef; 4] = [
        strings(&texts),
        Arc::new(LargeStringArray::from(texts.clone())),
        Arc::new(StringViewArray::from(texts.clone())),
        Arc::new(texts.iter().copied().collect::<DictionaryArray<Int8Type>>()),
    ];
    for array in kinds {
        let numbers = Arc::new(Int64Array::from(vec![-5; texts.len()]));
        let batch = batch(vec![("=name", array), ("n", numbers)]);
        let records = records(render_text(Format::Csv, &batch).as_bytes());
        assert_eq!(records[0], ["'=name", "n"]);
        for (record, text) in records[1..].iter().zip(&expected) {
            assert_eq!(record, &[text.to_string(), "-5".to_owned()]);
        }
        assert_eq!(records.len(), 1 + texts.len());
    }
}

#[test]
fn csv_leaves_numbers_dates_times_and_lists_alone() {
    let mut list = ListBuilder::new(StringBuilder::new());
    list.append_value([Some("=1")]);
    let batch = batch(vec![
        ("double", Arc::new(Float64Array::from(vec![-0.5])) as ArrayRef),
        ("day", Arc::new(Date32Array::from(vec![-800_000]))),
        ("list", Arc::new(list.finish())),
        ("none", Arc::new(StringArray::from(vec![None::<&str>]))),
    ]);
    let records = records(render_text(Format::Csv, &batch).as_bytes());
    assert_eq!(records[1], ["-0.5", "-0221-09-04", "[\"=1\"]", ""]);
}

#[test]
fn raw_csv_leaves_formulas_as_they_are() {
    let batch = batch(vec![("=name", strings(&["=1+1", "-2"]))]);
    let mut bytes = vec![];
    let mut renderer = raw_csv_renderer(batch.schema(), Box::new(&mut bytes));
    renderer.write(&batch).unwrap();
    renderer.finish().unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap(), "=name\n=1+1\n-2\n");
}
