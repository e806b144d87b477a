//! The walk against the parser, on texts that are nearly events.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::event::{RecordKind, Scheme};

/// Keys that lead somewhere, keys that lead nowhere, and keys that are written in another way.
const KEYS: [&str; 40] = [
    "id",
    "type",
    "created",
    "timestamp",
    "data",
    "session",
    "sid",
    "vid",
    "tenant",
    "createdAt",
    "startedAt",
    "lastActivity",
    "endedAt",
    "events",
    "ts",
    "signal",
    "url",
    "title",
    "props",
    "utm",
    "source",
    "campaign",
    "screen",
    "width",
    "network",
    "asn",
    "code",
    "isEU",
    "latitude",
    "options",
    "enrichment",
    "person",
    "email",
    "employments",
    "company",
    "skills",
    "companies",
    "eventCount",
    "unknown",
    "\\u0069d",
];
/// Values that need care.
const VALUES: [&str; 58] = [
    "null",
    "true",
    "false",
    "0",
    "-0",
    "-0.0",
    "1",
    "-1",
    "17",
    "1.5",
    "-2.25",
    "0.1",
    "1e3",
    "1E-2",
    "1.0",
    "00",
    "01",
    "1.",
    ".5",
    "-",
    "+1",
    "1771200000",
    "1771200000000",
    "-5",
    "253402300800000",
    "9007199254740993",
    "999999999999999999",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "123456789012345678901234567890",
    "0.12345678901234567890",
    "1e400",
    "\"\"",
    "\" \"",
    "\"a\"",
    "\"12\"",
    "\" 12 \"",
    "\"true\"",
    "\"1e999\"",
    "\"2026-02-16T00:00:00Z\"",
    "\"é😀\"",
    "\"\\u00e9\"",
    "\"\\ud83d\\ude00\"",
    "\"\\ud83d\"",
    "\"\\\\\\\"\"",
    "\"a\\qb\"",
    "\"\u{1}\"",
    "\"a\nb\"",
    "\"unended",
    "nul",
    "tru",
    "[]",
    "{}",
    "\"identity.session.finalized\"",
    "\"https://a.example/?b=c\"",
];

fn record(body: String) -> Record {
    Record {
        kind: RecordKind::Event,
        scheme: Scheme::Import,
        webhook_id: "evt".to_owned(),
        received_at_ms: 1_771_286_400_000,
        body: Bytes::from(body),
    }
}

/// Any JSON text of these keys and values, sometimes broken.
fn value() -> impl Strategy<Value = String> {
    let blank = || prop::sample::select(vec!["", "", "", " ", "\n\t", "\u{a0}"]);
    let scalar = prop::sample::select(VALUES.to_vec()).prop_map(str::to_owned);
    scalar.prop_recursive(5, 40, 6, move |inner| {
        let member = (prop::sample::select(KEYS.to_vec()), blank(), inner.clone(), blank());
        let member = member.prop_map(|(key, a, value, b)| format!("{a}\"{key}\"{b}:{a}{value}{b}"));
        prop_oneof![
            1 => prop::collection::vec(inner, 0..5).prop_map(|items| format!("[{}]", items.join(","))),
            3 => prop::collection::vec(member, 0..8)
                .prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    })
}

/// Checks that both read the same; returns whether the walk took it.
fn check(body: String) -> bool {
    let shape = Shape::new(DATA);
    let record = record(body);
    let body = str::from_utf8(&record.body).unwrap();
    let walked = walked(&shape, &record, body);
    let is_walked = walked.is_some();
    if let Some(walked) = walked {
        assert_eq!(walked, read_by_parser(&shape, &record), "{body}");
    }
    is_walked
}

proptest! {
    #[test]
    fn the_walk_reads_what_the_parser_reads(
        session in value(), event in value(), person in value(), rest in value(),
        created in prop::sample::select(VALUES.to_vec()), end in prop::sample::select(vec!["", " ", "x"]),
    ) {
        check(format!(
            r#"{{"id":"evt_1","type":"identity.session.finalized","created":{created},"data":{{"session":{session}}}}}{end}"#
        ));
        check(format!(
            r#"{{"id":"e","type":"t","data":{{"session":{{"sid":"s","events":[{event}]}},"enrichment":{{"person":{person},"companies":[{rest}]}}}},"unknown":{rest}}}"#
        ));
        check(format!(r#"{{"type":"t","data":{rest}}}"#));
        check(rest);
    }
}

#[test]
fn the_walk_reads_most_of_what_is_sent() {
    assert!(check(
        r#"{"id":"e","type":"t","created":1771200000000,"data":{"eventCount":3}}"#.into()
    ));
    assert!(!check(r#"{"id":"e","type":"t","created":"soon","data":{"eventCount":3}}"#.into()));
    for depth in 1..300 {
        let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        check(format!(
            r#"{{"type":"t","data":{{"x":{nested},"session":{{"options":{nested}}}}}}}"#
        ));
    }
}
