//! The walk against the decoder, on the vendor's payloads with every value replaced in turn.

use std::path::Path;

use serde_json::{Value, json};

use super::*;
use crate::flatten::event;

/// Reads a payload both ways; returns whether the walk took it.
fn check(shape: &Shape, data: &str) -> bool {
    let (walk_reading, reading) = (Reading::default(), Reading::default());
    let walked = Walk::new(data).and_then(|mut walk| {
        let row = row(&mut walk, shape, &walk_reading)?;
        walk.end().map(|()| row)
    });
    if let Some(row) = &walked {
        let read = shape.read(data, &reading).unwrap();
        assert_eq!(Some(row), read.as_ref(), "{data}");
        assert!(!reading.has_mismatch() && !reading.has_overflow(), "{data}");
    }
    walked.is_some()
}

/// Lists the places of all values within one.
fn places(value: &Value, place: &str, found: &mut Vec<String>) {
    found.push(place.to_owned());
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| places(value, &format!("{place}/{key}"), found));
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(at, value)| places(value, &format!("{place}/{at}"), found));
        }
        _ => {}
    }
}

#[test]
fn a_payload_is_read_as_the_decoder_reads_it() {
    let shape = Shape::new(event::DATA);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/payloads");
    let (mut n_payloads, mut n_walked, mut n_left) = (0, 0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let Ok(mut body) = serde_json::from_str::<Value>(&text) else { continue };
        let Some(data) = body.get_mut("data").filter(|data| data.is_object()) else { continue };
        n_payloads += 1;
        let mut found = vec![];
        places(data, "", &mut found);
        for place in &found {
            for value in replacements() {
                let slot = data.pointer_mut(place).unwrap();
                let kept = std::mem::replace(slot, value);
                let is_walked = check(&shape, &data.to_string());
                *data.pointer_mut(place).unwrap() = kept;
                n_walked += usize::from(is_walked);
                n_left += usize::from(!is_walked);
            }
        }
    }
    assert!(n_payloads > 5 && n_walked > 1000 && n_left > 1000, "{n_payloads} {n_walked} {n_left}");
}

fn replacements() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(17),
        json!(-2.5),
        json!(1_771_200_000),
        json!(""),
        json!(" 12 "),
        json!("2026-02-16T00:00:00Z"),
        json!("quoted \" and \u{e9}"),
        json!([]),
        json!(["a", null]),
        json!([{"name": "a"}, null, {"ts": 1}]),
        json!([["a"]]),
        json!({}),
        json!({"name": "a", "unknown": [1, {"b": []}]}),
    ]
}

#[test]
fn more_rows_than_fit_are_left_to_the_decoder() {
    let shape = Shape::new(event::DATA);
    let companies = |n: usize| {
        let list = vec!["{}"; n].join(",");
        format!(r#"{{"enrichment":{{"companies":[{list}]}}}}"#)
    };
    // The payload is a row itself.
    assert!(check(&shape, &companies(super::super::reading::ROWS_MAX - 1)));
    assert!(!check(&shape, &companies(super::super::reading::ROWS_MAX)));
}

#[test]
fn a_key_that_comes_twice_counts_as_it_does_for_the_decoder() {
    let shape = Shape::new(event::DATA);
    assert!(check(&shape, r#"{"eventCount":1,"eventCount":2,"session":{"sid":"a"},"session":{}}"#));
    assert!(check(&shape, r#"{"session":{"utm":{"source":"a"},"utm":{"medium":"b"}}}"#));
}
