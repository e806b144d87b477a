//! Flattening: any body gives rows, a dead letter, or both, and the walk over a body reads what the
//! parser reads.
//!
//! The first byte chooses. Even: the rest is the body. Odd: a real payload is the body, some of
//! whose values, as the rest says, are replaced by others.

#![no_main]

use std::cell::RefCell;
use std::sync::Arc;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use tributary_ingest::event::{Record, RecordKind, Scheme};
use tributary_ingest::flatten::channel::Channels;
use tributary_ingest::flatten::event::{DATA, read, read_by_parser};
use tributary_ingest::flatten::shape::Shape;
use tributary_ingest::flatten::{BodyAt, Flattened, Flattener, body_text};

const PAYLOADS: [&str; 4] = [
    include_str!("../../fixtures/payloads/identity.session.finalized.json"),
    include_str!("../../fixtures/payloads/identity.enriched.json"),
    include_str!("../../fixtures/payloads/identity.resolved.json"),
    include_str!("../../fixtures/payloads/identity.validated.json"),
];

thread_local! {
    static FLATTENER: RefCell<Flattener> =
        RefCell::new(Flattener::new(Arc::new(Channels::default())));
    static SHAPE: Shape = Shape::new(DATA);
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, rest)) = data.split_first() else { return };
    let body = if choice % 2 == 0 { rest.to_vec() } else { changed(*choice, rest) };
    // Few ids conflict, and then little is done.
    let record = Record {
        kind: if choice % 32 == 1 { RecordKind::IdConflict } else { RecordKind::Event },
        scheme: Scheme::Import,
        webhook_id: "evt_fuzz".to_owned(),
        received_at_ms: 1_771_286_400_000,
        body: Bytes::from(body),
    };
    check(&flatten(&record), &record);
    SHAPE.with(|shape| {
        assert_eq!(read(shape, &record), read_by_parser(shape, &record));
    });
});

fn flatten(record: &Record) -> Flattened {
    FLATTENER.with_borrow_mut(|flattener| {
        flattener.add(record, BodyAt { offset: 0, length: record.body.len() });
        flattener.finish().expect("rows make a batch")
    })
}

fn check(flattened: &Flattened, record: &Record) {
    let is_event = record.kind == RecordKind::Event;
    assert_eq!(flattened.raw.num_rows(), usize::from(is_event));
    assert_eq!(flattened.bodies.len(), usize::from(is_event));
    let n_parse_failures: u64 = flattened.parse_failures.iter().map(|(_, n)| n).sum();
    let n_dead = flattened.batches.iter().find(|(table, _)| table.name == "dead_letters");
    assert_eq!(n_dead.map_or(0, |(_, batch)| batch.num_rows() as u64), n_parse_failures);
    assert!(is_event || n_parse_failures == 1);
    for (table, batch) in &flattened.batches {
        assert_eq!(batch.num_columns(), table.columns.len() + 1, "{}", table.name);
    }
    let text = body_text(&record.body);
    assert!(text.as_bytes() == &record.body[..] || text.starts_with("base64:"));
}

/// Returns a payload with values replaced; three bytes name a place and what comes there.
fn changed(choice: u8, rest: &[u8]) -> Vec<u8> {
    let payload = PAYLOADS[usize::from(choice / 2) % PAYLOADS.len()];
    let mut value: Value = serde_json::from_str(payload).expect("payloads are JSON");
    let text = String::from_utf8_lossy(rest.get(12..).unwrap_or_default());
    for change in rest.chunks_exact(3).take(4) {
        let place = usize::from(u16::from_le_bytes([change[0], change[1]]));
        let mut place = place % n_values(&value);
        *at(&mut value, &mut place).expect("the place is one of them") = hostile(change[2], &text);
    }
    serde_json::to_vec(&value).expect("a value is JSON")
}

fn n_values(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(n_values).sum(),
        Value::Object(fields) => fields.values().map(n_values).sum(),
        _ => 0,
    }
}

/// Finds the value at a place in reading order, counting the place down.
fn at<'a>(value: &'a mut Value, place: &mut usize) -> Option<&'a mut Value> {
    if *place == 0 {
        return Some(value);
    }
    *place -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| at(item, place)),
        Value::Object(fields) => fields.values_mut().find_map(|field| at(field, place)),
        _ => None,
    }
}

fn hostile(choice: u8, text: &str) -> Value {
    match choice % 16 {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(-1),
        3 => json!(i64::MIN),
        4 => json!(u64::MAX),
        5 => json!(9_007_199_254_740_993_u64),
        6 => json!(1.7e308),
        7 => json!({}),
        8 => json!([]),
        9 => json!([[[null, text]]]),
        10 => json!({ "a": { "b": text } }),
        11 => json!([text, 1, null, {}]),
        12 => json!(""),
        13 => json!(text.repeat(3)),
        14 => json!(format!("https://{text}/{text}?utm_source={text}&gclid={text}#{text}")),
        _ => json!(text),
    }
}
