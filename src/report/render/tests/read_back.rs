//! What programs read back from each format.

use std::sync::Arc;

use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use serde_json::{Value, json};

use super::{AWKWARD, Format, batch, render, render_text, sample};

fn expected_rows() -> Value {
    json!([
        {
            "channel": "Paid",
            "title": AWKWARD,
            "revenue": 1234.50004,
            "sessions": i64::MAX,
            "at": "2026-02-16T00:00:00Z",
            "day": "2026-02-16",
            "won": true,
            "tags": ["a,b", null],
        },
        {
            "channel": "広告🎉",
            "title": "e\u{301}",
            "revenue": null,
            "sessions": -1,
            "at": "2026-02-16T08:30:00.120Z",
            "day": null,
            "won": false,
            "tags": null,
        },
        {
            "channel": null,
            "title": "",
            "revenue": null,
            "sessions": null,
            "at": null,
            "day": "1970-01-01",
            "won": null,
            "tags": ["\""],
        },
    ])
}

#[test]
fn json_reads_back() {
    let text = render_text(Format::Json, &sample());
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected_rows());
}

#[test]
fn ndjson_reads_back() {
    let text = render_text(Format::Ndjson, &sample());
    let rows = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(Value::Array(rows), expected_rows());
}

#[test]
fn csv_reads_back() {
    let text = render_text(Format::Csv, &sample());
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let header = ["channel", "title", "revenue", "sessions", "at", "day", "won", "tags"];
    assert_eq!(reader.headers().unwrap(), header.as_slice());
    let records: Vec<::csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let largest = i64::MAX.to_string();
    let expected = [
        [
            "Paid",
            AWKWARD,
            "1234.50004",
            &largest,
            "2026-02-16T00:00:00Z",
            "2026-02-16",
            "true",
            "[\"a,b\",null]",
        ],
        ["広告🎉", "e\u{301}", "", "-1", "2026-02-16T08:30:00.120Z", "", "false", ""],
        ["", "", "NaN", "", "", "1970-01-01", "", "[\"\\\"\"]"],
    ];
    assert_eq!(records, expected.map(|fields| ::csv::StringRecord::from(fields.as_slice())));
}

#[test]
fn parquet_reads_back() {
    let batches = [sample(), sample()];
    let read = read_parquet(render(Format::Parquet, sample().schema(), &batches));
    assert_eq!(read, arrow::compute::concat_batches(&sample().schema(), &batches).unwrap());
}

#[test]
fn parquet_without_rows_keeps_its_schema() {
    let read = read_parquet(render(Format::Parquet, sample().schema(), &[]));
    assert_eq!(read, RecordBatch::new_empty(sample().schema()));
}

#[test]
fn columns_of_one_name_are_all_kept() {
    let column = |value| -> ArrayRef { Arc::new(Int64Array::from(vec![value])) };
    let joined =
        batch(vec![("id", column(1)), ("id", column(2)), ("id_1", column(3)), ("id", column(4))]);
    assert_eq!(
        render_text(Format::Ndjson, &joined),
        "{\"id\":1,\"id_2\":2,\"id_1\":3,\"id_3\":4}\n"
    );
    assert_eq!(render_text(Format::Csv, &joined), "id,id_2,id_1,id_3\n1,2,3,4\n");
    let read =
        read_parquet(render(Format::Parquet, joined.schema(), std::slice::from_ref(&joined)));
    let schema = read.schema();
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["id", "id_2", "id_1", "id_3"]);
    assert_eq!(read.columns(), joined.columns());
}

fn read_parquet(bytes: Vec<u8>) -> RecordBatch {
    let builder = ParquetRecordBatchReaderBuilder::try_new(::bytes::Bytes::from(bytes)).unwrap();
    let schema = builder.schema().clone();
    let batches: Vec<RecordBatch> = builder.build().unwrap().map(Result::unwrap).collect();
    arrow::compute::concat_batches(&schema, &batches).unwrap()
}
