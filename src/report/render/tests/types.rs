//! The types that queries return, each in the text formats.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, Decimal128Array, DictionaryArray, DurationMillisecondArray,
    Float32Array, Float64Array, Int32Array, IntervalMonthDayNanoArray, LargeStringArray, ListArray,
    NullArray, StringArray, StructArray, Time64MicrosecondArray, TimestampMicrosecondArray,
    TimestampNanosecondArray, TimestampSecondArray,
};
use arrow::datatypes::{DataType, Field, Int32Type, IntervalMonthDayNano};

use super::{Format, batch, render, render_text};

/// Checks the one value of `array` in the table, in CSV and in NDJSON, and that Parquet takes it.
fn check(array: impl arrow::array::Array + 'static, table: &str, csv: &str, json: &str) {
    let column: ArrayRef = Arc::new(array);
    let batch = batch(vec![("c", column)]);
    let lines = |format| render_text(format, &batch);
    assert_eq!(lines(Format::Table).lines().nth(2).map(str::trim_start), Some(table));
    assert_eq!(lines(Format::Csv), format!("c\n{csv}\n"));
    assert_eq!(lines(Format::Ndjson), format!("{{\"c\":{json}}}\n"));
    assert_eq!(lines(Format::Markdown).lines().count(), 3);
    render(Format::Parquet, batch.schema(), std::slice::from_ref(&batch));
}

#[test]
fn doubles() {
    for (value, table, exact) in [
        (0.1 + 0.2, "0.3", "0.30000000000000004"),
        (-0.00001, "0", "-0.00001"),
        (100.0, "100", "100.0"),
        (1_234_567.891, "1234567.891", "1234567.891"),
    ] {
        check(Float64Array::from(vec![value]), table, exact, exact);
    }
    check(Float64Array::from(vec![1e300]), "1e300", "1e300", "1.0e300");
    check(Float64Array::from(vec![f64::INFINITY]), "inf", "inf", "null");
    check(Float32Array::from(vec![0.1]), "0.1", "0.1", "0.1");
}

#[test]
fn decimals_keep_every_digit() {
    let column = |value, scale| {
        Decimal128Array::from(vec![value]).with_precision_and_scale(38, scale).unwrap()
    };
    check(column(1250, 2), "12.50", "12.50", "12.50");
    let digits = "1234567890123456789012345678901234.5678";
    check(column(12_345_678_901_234_567_890_123_456_789_012_345_678, 4), digits, digits, digits);
}

#[test]
fn timestamps_of_every_unit_are_utc() {
    let (day, instant) = ("2026-02-16 00:00:00Z", "2026-02-16T00:00:00Z");
    let seconds = 1_771_200_000;
    let json = format!("\"{instant}\"");
    check(TimestampSecondArray::from(vec![seconds]), day, instant, &json);
    let zoned = TimestampSecondArray::from(vec![seconds]).with_timezone("+02:00");
    check(zoned, day, instant, &json);
    check(
        TimestampMicrosecondArray::from(vec![seconds * 1_000_000 + 120_000]).with_timezone("UTC"),
        "2026-02-16 00:00:00.120Z",
        "2026-02-16T00:00:00.120Z",
        "\"2026-02-16T00:00:00.120Z\"",
    );
    check(
        TimestampNanosecondArray::from(vec![-1]),
        "1969-12-31 23:59:59.999999999Z",
        "1969-12-31T23:59:59.999999999Z",
        "\"1969-12-31T23:59:59.999999999Z\"",
    );
    let beyond = i64::MAX.to_string();
    check(TimestampSecondArray::from(vec![i64::MAX]), &beyond, &beyond, &format!("\"{beyond}\""));
}

#[test]
fn spans_of_time() {
    check(
        DurationMillisecondArray::from(vec![90_000]),
        "0 days 0 hours 1 mins 30.000 secs",
        "PT90S",
        "\"PT90S\"",
    );
    check(
        IntervalMonthDayNanoArray::from(vec![IntervalMonthDayNano::new(1, 2, 0)]),
        "1 mons 2 days",
        "1 mons 2 days",
        "\"1 mons 2 days\"",
    );
    check(
        Time64MicrosecondArray::from(vec![1_500_000]),
        "00:00:01.500",
        "00:00:01.500",
        "\"00:00:01.500\"",
    );
}

#[test]
fn strings_of_every_layout() {
    check(LargeStringArray::from(vec!["a"]), "a", "a", "\"a\"");
    let dictionary: DictionaryArray<Int32Type> = ["a"].into_iter().collect();
    check(dictionary, "a", "a", "\"a\"");
    check(BinaryArray::from(vec![b"\x00\xff".as_slice()]), "00ff", "00ff", "\"00ff\"");
}

#[test]
fn nulls() {
    check(NullArray::new(1), "", "\"\"", "null");
    let values: ArrayRef = Arc::new(StringArray::from(vec![None::<&str>]));
    let dictionary = DictionaryArray::new(Int32Array::from(vec![0]), values);
    check(dictionary, "", "\"\"", "null");
}

#[test]
fn nested_values_are_json_text() {
    let item = Arc::new(Field::new(
        "at",
        DataType::Timestamp(arrow::datatypes::TimeUnit::Second, None),
        true,
    ));
    let at: ArrayRef = Arc::new(TimestampSecondArray::from(vec![Some(0), None]));
    let record: ArrayRef = Arc::new(StructArray::from(vec![(item, at)]));
    let field = Arc::new(Field::new_list_field(record.data_type().clone(), true));
    let offsets = arrow::buffer::OffsetBuffer::from_lengths([2]);
    let list = ListArray::new(field, offsets, record, None);
    let json = r#"[{"at":"1970-01-01T00:00:00Z"},{"at":null}]"#;
    check(list, json, &format!("\"{}\"", json.replace('"', "\"\"")), json);
}

#[test]
fn a_dictionary_inside_a_list_may_hold_nulls() {
    let values: ArrayRef = Arc::new(StringArray::from(vec![None, Some("a")]));
    let dictionary: ArrayRef = Arc::new(DictionaryArray::new(Int32Array::from(vec![0, 1]), values));
    let field = Arc::new(Field::new_list_field(dictionary.data_type().clone(), true));
    let offsets = arrow::buffer::OffsetBuffer::from_lengths([2]);
    let list = ListArray::new(field, offsets, dictionary, None);
    check(list, "[null,\"a\"]", "\"[null,\"\"a\"\"]\"", "[null,\"a\"]");
}

#[test]
fn a_result_without_columns() {
    let schema = Arc::new(arrow::datatypes::Schema::empty());
    let text = |format| String::from_utf8(render(format, schema.clone(), &[])).unwrap();
    assert_eq!(text(Format::Table), "(0 rows)\n");
    assert_eq!(text(Format::Csv), "");
    assert_eq!(text(Format::Json), "[]\n");
    assert_eq!(text(Format::Markdown), "");
    render(Format::Parquet, schema, &[]);
}
