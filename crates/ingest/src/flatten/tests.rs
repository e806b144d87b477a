//! Flattening as a whole: payloads into rows, and anything at all without a panic.

use std::sync::Arc;

use std::path::Path;

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMillisecondType};
use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::event::Scheme;

const RECEIVED_MS: i64 = 1_771_286_400_000;
const AT: BodyAt = BodyAt { offset: 0, length: 0 };

fn record(body: &[u8]) -> Record {
    Record {
        kind: RecordKind::Event,
        scheme: Scheme::StandardBase64,
        webhook_id: "evt_header".to_owned(),
        received_at_ms: RECEIVED_MS,
        body: Bytes::copy_from_slice(body),
    }
}

fn flatten(bodies: &[&[u8]]) -> Flattened {
    let mut flattener = Flattener::new(Arc::default());
    bodies.iter().for_each(|body| flattener.add(&record(body), AT));
    flattener.finish().unwrap()
}

fn rows<'f>(flattened: &'f Flattened, table: &str) -> Option<&'f RecordBatch> {
    flattened.batches.iter().find(|(known, _)| known.name == table).map(|(_, batch)| batch)
}

fn text(batch: &RecordBatch, column: &str) -> Option<String> {
    let column = batch.column_by_name(column).unwrap().as_string::<i32>();
    column.is_valid(0).then(|| column.value(0).to_owned())
}

fn payload(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/payloads").join(name);
    std::fs::read(path).unwrap()
}

/// Replaces the value at a JSON pointer of the finalized payload.
fn finalized_with(pointer: &str, value: serde_json::Value) -> Vec<u8> {
    let body = payload("identity.session.finalized.json");
    let mut body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    *body.pointer_mut(pointer).unwrap() = value;
    serde_json::to_vec(&body).unwrap()
}

fn check_dead_letter(body: &[u8], reason: &str, path: Option<&str>) {
    let flattened = flatten(&[body]);
    let letters = rows(&flattened, "dead_letters").expect("a dead letter");
    assert_eq!(text(letters, "reason").as_deref(), Some(reason));
    if path.is_some() {
        assert_eq!(text(letters, "path").as_deref(), path);
    }
    assert_eq!(text(letters, "body"), Some(body_text(body)));
    assert_eq!(flattened.raw.num_rows(), 1, "it is kept as received");
}

#[test]
fn what_is_no_event_is_a_dead_letter_and_kept() {
    check_dead_letter(b"\xff\xfe", "not_utf8", None);
    check_dead_letter(b"hello", "not_json", None);
    check_dead_letter(b"", "not_json", None);
    check_dead_letter(b"[1, 2]", "no_envelope", None);
    check_dead_letter(br#"{"id": "evt_1", "data": {}}"#, "no_envelope", Some("type"));
    check_dead_letter(br#"{"type": "x", "data": 3}"#, "no_envelope", Some("data"));
}

#[test]
fn a_byte_order_mark_in_front_of_a_body_is_no_part_of_it() {
    let body = payload("identity.session.finalized.json");
    let marked = [&b"\xef\xbb\xbf"[..], &body].concat();
    let (plain, marked_rows) = (flatten(&[&body]), flatten(&[&marked]));
    assert!(rows(&marked_rows, "dead_letters").is_none());
    let ids = |flattened: &Flattened| text(rows(flattened, "sessions").unwrap(), "session_id");
    assert_eq!(ids(&marked_rows), ids(&plain));
}

#[test]
fn a_dead_letters_path_names_the_place_and_nothing_of_the_body() {
    let nobody = r#""jane@example.com""#;
    check_dead_letter(
        nobody.as_bytes(),
        "no_envelope",
        Some("expected an object at line 1 column 18"),
    );
    check_dead_letter(
        br#"{"id": "jane@example.com", "type":"#,
        "not_json",
        Some("EOF while parsing a value at line 1 column 34"),
    );
    let list = "/data/enrichment/person/skills";
    let body = finalized_with(list, serde_json::json!(["sql", {"name": "jane"}]));
    check_dead_letter(&body, "unexpected_type", Some("data.enrichment.person.skills[1]"));
}

#[test]
fn an_unknown_type_is_kept_without_a_complaint() {
    let flattened = flatten(&[br#"{"id": "evt_1", "type": "identity.new", "data": {"a": 1}}"#]);
    assert!(flattened.batches.is_empty());
    assert_eq!(text(&flattened.raw, "type").as_deref(), Some("identity.new"));
    assert_eq!(text(&flattened.raw, "event_id").as_deref(), Some("evt_1"));
}

#[test]
fn a_value_of_an_unexpected_type_is_null_in_its_row_and_named() {
    for (pointer, value, path) in [
        ("/data/session/screen/width", serde_json::json!("wide"), "data.session.screen.width"),
        ("/data/session/events/1/ts", serde_json::json!({}), "data.session.events[1].ts"),
        ("/data/session/utm/source", serde_json::json!([1]), "data.session.utm.source"),
        ("/data/session/utm", serde_json::json!("x"), "data.session.utm"),
        ("/data/session/network/asn", serde_json::json!(5), "data.session.network.asn"),
        ("/data/session/events", serde_json::json!([{}, {"ts": 1}, 7]), "data.session.events[2]"),
    ] {
        let body = finalized_with(pointer, value);
        check_dead_letter(&body, "unexpected_type", Some(path));
        assert_eq!(rows(&flatten(&[&body]), "sessions").unwrap().num_rows(), 1, "{path}");
    }
}

#[test]
fn a_profile_as_a_companys_domain_leaves_it_to_the_web_site() {
    let site = "https://www.lco-example.com";
    for (domain, website, account) in [
        ("linkedin.com/company/lco", site, Some("lco-example.com")),
        ("linkedin.com", site, Some("lco-example.com")),
        ("https://github.com/lco", "https://x.com/lco", None),
        ("lco.com", "https://facebook.com/lco", Some("lco.com")),
    ] {
        let body = serde_json::json!({"id": "e", "type": "identity.session.finalized", "data": {
            "session": {"sid": "s"},
            "enrichment": {"companies": [{"domain": domain, "website": website}]}}});
        let flattened = flatten(&[body.to_string().as_bytes()]);
        for table in ["sessions", "companies"] {
            let found = text(rows(&flattened, table).unwrap(), "company_domain");
            assert_eq!(found.as_deref(), account, "{table} {domain}");
        }
    }
}

#[test]
fn a_number_that_no_column_holds_is_null_and_named() {
    for (pointer, number, column, path) in [
        ("/data/eventCount", "9223372036854775808", "event_count", "data.eventCount"),
        ("/data/eventCount", "-99999999999999999999", "event_count", "data.eventCount"),
        ("/data/eventCount", "1e300", "event_count", "data.eventCount"),
        ("/data/session/createdAt", "1e18", "started_at", "data.session.createdAt"),
        ("/data/session/createdAt", "-9e99", "started_at", "data.session.createdAt"),
        ("/data/session/utm/term", "99999999999999999999", "utm_term", "data.session.utm.term"),
        ("/created", "1e18", "created_at", "created"),
        ("/created", "-1", "created_at", "created"),
    ] {
        let body = finalized_with(pointer, serde_json::json!("PLACE"));
        let body = String::from_utf8(body).unwrap().replace("\"PLACE\"", number);
        check_dead_letter(body.as_bytes(), "unexpected_type", Some(path));
        let flattened = flatten(&[body.as_bytes()]);
        let column = rows(&flattened, "sessions").unwrap().column_by_name(column).unwrap();
        assert!(column.is_null(0), "{path} {number}");
    }
    for number in ["9223372036854775807", "-9223372036854775808"] {
        let body = finalized_with("/data/eventCount", serde_json::json!("PLACE"));
        let body = String::from_utf8(body).unwrap().replace("\"PLACE\"", number);
        let flattened = flatten(&[body.as_bytes()]);
        assert!(rows(&flattened, "dead_letters").is_none(), "{number}");
        let count = rows(&flattened, "sessions").unwrap().column_by_name("event_count").unwrap();
        assert_eq!(count.as_primitive::<Int64Type>().value(0).to_string(), number);
    }
}

#[test]
fn numbers_in_strings_and_strings_for_numbers_are_understood() {
    let body = finalized_with("/data/session/screen/width", serde_json::json!("1920"));
    let flattened = flatten(&[&body]);
    let sessions = rows(&flattened, "sessions").unwrap();
    let width = sessions.column_by_name("screen_width").unwrap().as_primitive::<Int64Type>();
    assert_eq!(width.value(0), 1920);
    assert!(rows(&flattened, "dead_letters").is_none());
}

#[test]
fn seconds_are_recognised_as_such() {
    let ms = finalized_with("/data/finalizedAt", serde_json::json!(1_771_200_000_000_i64));
    let s = finalized_with("/data/finalizedAt", serde_json::json!(1_771_200_000));
    for body in [ms, s] {
        let flattened = flatten(&[&body]);
        let sessions = rows(&flattened, "sessions").unwrap();
        let column = sessions.column_by_name("finalized_at").unwrap();
        assert_eq!(column.as_primitive::<TimestampMillisecondType>().value(0), 1_771_200_000_000);
    }
}

#[test]
fn a_broken_clock_does_not_choose_the_partition() {
    for value in [serde_json::json!("soon"), serde_json::json!(i64::MAX), serde_json::json!(-1e300)]
    {
        let flattened = flatten(&[&finalized_with("/data/session/createdAt", value)]);
        let dates = flattened.raw.column(0).as_primitive::<arrow::datatypes::Date32Type>();
        assert!((20_000..21_000).contains(&dates.value(0)), "{}", dates.value(0));
    }
}

#[test]
fn an_id_used_for_another_body_is_set_aside() {
    let mut flattener = Flattener::new(Arc::default());
    let body = payload("identity.session.finalized.json");
    flattener.add(&Record { kind: RecordKind::IdConflict, ..record(&body) }, AT);
    let flattened = flattener.finish().unwrap();
    assert_eq!(flattened.raw.num_rows(), 0);
    let letters = rows(&flattened, "dead_letters").unwrap();
    assert_eq!(text(letters, "reason").as_deref(), Some("id_conflict"));
    assert!(rows(&flattened, "sessions").is_none());
}

#[test]
fn text_that_json_can_hold_and_others_can_not_is_kept() {
    let body = finalized_with("/data/session/landingTitle", serde_json::json!("a\0b\u{2028}é"));
    let flattened = flatten(&[&body]);
    let title = text(rows(&flattened, "sessions").unwrap(), "landing_title");
    assert_eq!(title.as_deref(), Some("a\0b\u{2028}é"));
}

#[test]
fn what_nests_too_deep_or_holds_too_much_is_not_read() {
    let deep = format!(r#"{{"id":"e","type":"t","data":{}1{}}}"#, "[".repeat(70), "]".repeat(70));
    check_dead_letter(deep.as_bytes(), "too_deep", Some("byte 91: deeper than 64"));
    let many = format!(r#"{{"id":"e","type":"t","data":[{}0]}}"#, "0,".repeat(1_000_000));
    check_dead_letter(many.as_bytes(), "too_large", None);
}

/// Three bytes of body must not take the room of a row of eighty columns each.
#[test]
fn a_body_of_tiny_objects_takes_bounded_room() {
    let tiny = format!("[{}{{}}]", "{},".repeat(300_000));
    let body = |events: &str, companies: &str| {
        format!(
            r#"{{"id":"evt_1","type":"identity.session.finalized","data":{{"session":{{"sid":"s","events":{events}}},"enrichment":{{"companies":{companies}}}}}}}"#
        )
    };
    for body in [body(&tiny, "[]"), body("[]", &tiny), body(&tiny, &tiny)] {
        check_dead_letter(body.as_bytes(), "too_large", None);
        let flattened = flatten(&[body.as_bytes()]);
        let n_rows: usize = flattened.batches.iter().map(|(_, batch)| batch.num_rows()).sum();
        assert!((reading::ROWS_MAX - 2..reading::ROWS_MAX + 4).contains(&n_rows), "{n_rows}");
        assert_eq!(rows(&flattened, "sessions").unwrap().num_rows(), 1);
    }
    let texts = vec!["\"\""; reading::ITEMS_MAX + 1].join(",");
    let listed = finalized_with("/data/enrichment/companies/0/specialties", serde_json::json!([]));
    let listed = String::from_utf8(listed).unwrap();
    let listed = listed.replace(r#""specialties":[]"#, &format!(r#""specialties":[{texts}]"#));
    check_dead_letter(listed.as_bytes(), "too_large", None);
}

#[test]
fn a_lone_surrogate_or_a_number_beyond_doubles_costs_its_value_and_no_more() {
    let body = finalized_with("/data/session/landingTitle", serde_json::json!("TITLE"));
    let body = String::from_utf8(body).unwrap();
    let lone = body.replace("TITLE", "a\\ud83d!");
    check_dead_letter(lone.as_bytes(), "repaired", None);
    let flattened = flatten(&[lone.as_bytes()]);
    let title = text(rows(&flattened, "sessions").unwrap(), "landing_title");
    assert_eq!(title.as_deref(), Some("a\u{fffd}!"));
    let large = body.replace(r#""landingTitle":"TITLE""#, r#""landingTitle":-1e400"#);
    check_dead_letter(large.as_bytes(), "repaired", None);
    assert_eq!(
        text(rows(&flatten(&[large.as_bytes()]), "sessions").unwrap(), "landing_title"),
        None
    );
}

#[test]
fn deep_nesting_and_lone_surrogates_are_no_danger() {
    let deep =
        format!(r#"{{"id":"e","type":"t","data":{}1{}}}"#, "[".repeat(90_000), "]".repeat(90_000));
    flatten(&[deep.as_bytes()]);
    let props = format!(
        r#"{{"id":"e","type":"identity.session.finalized","data":{{"session":{{"events":[{{"props":{}1{}}}]}}}}}}"#,
        "{\"a\":".repeat(90_000),
        "}".repeat(90_000)
    );
    flatten(&[props.as_bytes()]);
    flatten(&[br#"{"id":"\ud800","type":"identity.session.finalized","data":{}}"#]);
}

/// Any JSON, of the shape that payloads have as often as not.
fn json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    let keys = prop::sample::select(vec![
        "session",
        "events",
        "enrichment",
        "person",
        "companies",
        "createdAt",
        "lastActivity",
        "ts",
        "utm",
        "source",
        "network",
        "identity",
        "emails",
        "employments",
        "company",
        "_type",
        "finalizedAt",
        "x",
    ]);
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((keys.clone(), inner), 0..6)
                .prop_map(|pairs| pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    })
}

const TYPES: [&str; 6] = [
    "identity.session.finalized",
    "identity.enriched",
    "identity.validated",
    "identity.resolved",
    "identity.qualified",
    "other",
];

proptest! {
    #[test]
    fn any_json_is_flattened_without_panic(data in json(), at in 0..TYPES.len()) {
        let body = serde_json::json!({ "id": "evt_1", "type": TYPES[at], "created": 1, "data": data });
        let flattened = flatten(&[body.to_string().as_bytes()]);
        prop_assert_eq!(flattened.raw.num_rows(), 1);
    }

    #[test]
    fn any_bytes_are_kept_without_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
        let flattened = flatten(&[&body]);
        prop_assert_eq!(flattened.raw.num_rows(), 1);
    }

    #[test]
    fn a_payload_with_any_value_replaced_is_flattened(value in json(), at in any::<prop::sample::Index>()) {
        let body = payload("identity.session.finalized.json");
        let mut body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let mut pointers = vec![];
        collect_pointers(&body["data"], "/data", &mut pointers);
        *body.pointer_mut(&pointers[at.index(pointers.len())]).unwrap() = value;
        let flattened = flatten(&[body.to_string().as_bytes()]);
        prop_assert_eq!(flattened.raw.num_rows(), 1);
    }
}

fn collect_pointers(value: &serde_json::Value, at: &str, pointers: &mut Vec<String>) {
    pointers.push(at.to_owned());
    match value {
        serde_json::Value::Object(map) => {
            map.iter().for_each(|(key, v)| collect_pointers(v, &format!("{at}/{key}"), pointers));
        }
        serde_json::Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(i, v)| collect_pointers(v, &format!("{at}/{i}"), pointers));
        }
        _ => {}
    }
}
