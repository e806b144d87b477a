//! Statistics hold for the rows they are of, and are complete.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::array::{TimestampMillisecondArray, new_null_array};
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;

use super::*;
use crate::pages;
use crate::properties::zstd;
use tributary_ingest::flatten::{TABLES, utm};

/// Writes rows of `utm` with these texts and times, in row groups of two rows.
fn written(campaigns: &[Option<String>], times: &[Option<i64>]) -> Value {
    let table = &utm::TABLE;
    let schema = table.schema();
    let columns = schema.fields().iter().map(|field| -> ArrayRef {
        match field.name().as_str() {
            "campaign" => Arc::new(StringArray::from(campaigns.to_vec())),
            "touched_at" => {
                let times = TimestampMillisecondArray::from(times.to_vec());
                Arc::new(times.with_timezone("UTC"))
            }
            _ => new_null_array(field.data_type(), campaigns.len()),
        }
    });
    let rows = RecordBatch::try_new(table.schema(), columns.collect()).unwrap();
    let properties = WriterProperties::builder()
        .set_compression(zstd(1))
        .set_max_row_group_row_count(Some(2))
        .build();
    let (_, groups) = pages::write(&rows, properties).unwrap();
    serde_json::from_str(&stats(table, &groups)).unwrap()
}

#[test]
fn bounds_and_nulls_are_those_of_all_row_groups() {
    let texts = ["spring", "ada@example.com", "winter"].map(str::to_owned).map(Some);
    let campaigns = [&texts[..], &[None, None]].concat();
    let found = written(&campaigns, &[Some(1_771_200_000_075), None, Some(5), None, None]);
    assert_eq!(found["numRecords"], 5);
    assert_eq!(found["nullCount"]["campaign"], 2);
    assert_eq!(found["nullCount"]["channel"], 5);
    assert_eq!(found["minValues"]["campaign"], "ada");
    assert_eq!(found["maxValues"]["campaign"], "winter");
    assert_eq!(found["minValues"]["touched_at"], "1970-01-01T00:00:00.005Z");
    assert_eq!(found["maxValues"]["touched_at"], "2026-02-16T00:00:00.075Z");
    assert_eq!(found["minValues"].get("channel"), None);
}

#[test]
fn a_column_without_bounds_has_none_of_the_rest() {
    let stats = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let full =
        r#"{"numRecords":2,"minValues":{"a":"x"},"maxValues":{"a":"y"},"nullCount":{"a":1}}"#;
    assert!(has(&stats(full), "a"));
    assert!(has(&stats(r#"{"numRecords":2,"nullCount":{"a":2}}"#), "a"));
    for text in [
        "null",
        r#"{"numRecords":2}"#,
        r#"{"numRecords":2,"nullCount":{"a":0}}"#,
        r#"{"numRecords":2,"minValues":{"a":"x"},"maxValues":{"a":"y"}}"#,
        r#"{"numRecords":2,"minValues":{"a":"x"},"maxValues":{"a":null},"nullCount":{"a":0}}"#,
    ] {
        assert!(!has(&stats(text), "a"), "{text}");
    }
}

#[test]
fn columns_are_short_ones_and_the_time() {
    for table in TABLES {
        let named: Vec<&str> = columns(table).map(|column| column.name).collect();
        assert!(named.contains(&table.time) && named.contains(&"tenant"), "{}", table.name);
        assert_eq!(parse_names(&names(table)), named.into_iter().collect());
    }
    let is_short = |name: &str| NAMES.contains(&name);
    for name in ["email", "person_key", "visitor_id", "ip", "body", "url", "referrer", "value"] {
        assert!(!is_short(name), "{name}");
    }
}

proptest! {
    #[test]
    fn no_row_is_beyond_the_bounds(
        texts in prop::collection::vec(prop::option::of("[ -~é\u{10FFFF}]{0,80}"), 1..6),
    ) {
        let found = written(&texts, &vec![None; texts.len()]);
        prop_assert!(has(&found, "campaign"), "{found}");
        let known = texts.iter().flatten();
        let n_nulls = (texts.len() - known.clone().count()) as u64;
        prop_assert_eq!(found["nullCount"]["campaign"].as_u64(), Some(n_nulls));
        for text in known {
            prop_assert!(found["minValues"]["campaign"].as_str().unwrap() <= text.as_str());
            prop_assert!(found["maxValues"]["campaign"].as_str().unwrap() >= text.as_str());
        }
    }
}
