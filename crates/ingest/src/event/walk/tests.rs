//! The walk against the parser: on what it takes the two agree.

use proptest::prelude::*;
use serde_json::Value;
use serde_json::value::RawValue;

use super::*;

/// Reads a text as a tree.
fn tree(walk: &mut Walk<'_>) -> Option<Value> {
    Some(match walk.peek()? {
        b'"' => walk.string()?.into(),
        b'{' => {
            let mut members = serde_json::Map::new();
            walk.object(|walk, key| {
                members.insert(key.to_owned(), tree(walk)?);
                Some(())
            })?;
            members.into()
        }
        b'[' => {
            let mut items = vec![];
            walk.list(|walk| {
                items.push(tree(walk)?);
                Some(())
            })?;
            items.into()
        }
        b't' | b'f' | b'n' => walk.word()?.map_or(Value::Null, Value::Bool),
        _ => match walk.number()? {
            Number::Int(number) => number.into(),
            Number::Float(number) => number.into(),
        },
    })
}

fn walked(text: &str) -> Option<Value> {
    let mut walk = Walk::new(text)?;
    let value = tree(&mut walk)?;
    walk.end().map(|()| value)
}

fn skipped(text: &str) -> Option<&str> {
    let mut walk = Walk::new(text)?;
    let value = walk.skip()?;
    walk.end().map(|()| value)
}

/// What is taken is what the parser reads; returns whether it was.
fn check(text: &str) -> bool {
    let value = walked(text);
    if let Some(value) = &value {
        assert_eq!(Some(value), serde_json::from_str(text).ok().as_ref(), "{text}");
    }
    if let Some(found) = skipped(text) {
        let raw: &RawValue = serde_json::from_str(text).expect("the parser takes it too");
        assert_eq!(found, raw.get());
    }
    let envelope = Envelope::walk(text, |walk| walk.skip());
    if let Some((envelope, data)) = envelope {
        let parsed = Envelope::parse(text).expect("the parser takes it too");
        assert_eq!(format!("{:?}", parsed.id), format!("{:?}", envelope.id));
        assert_eq!(parsed.event_type, envelope.event_type);
        assert_eq!(parsed.created, envelope.created);
        assert_eq!(parsed.timestamp, envelope.timestamp);
        assert_eq!(parsed.data.map(RawValue::get), data.filter(|data| *data != "null"));
    }
    value.is_some()
}

#[test]
fn what_is_usual_is_taken() {
    for text in [
        "{}",
        " [ ] ",
        "[1,-2,0,0.5,-0.25,19.07,123456789012345678,-1.0]",
        r#"{"a":"","b":"12345678","c":"日本 \u00e9\n\/\"","d":[true,false,null],"e":{"f":{}}}"#,
        r#"{"id":"evt_1","type":"t","created":1771200000000,"data":{"a":[{"b":1}]},"x":null}"#,
        r#"{"timestamp":"2026-02-16T00:00:00Z","id":7,"type":{},"data":null}"#,
    ] {
        assert!(check(text), "{text}");
    }
}

#[test]
fn what_is_broken_or_needs_care_is_left_to_the_parser() {
    for text in [
        "",
        "{",
        "[1,]",
        "{\"a\"}",
        "{\"a\":1,}",
        "{\"a\":1}x",
        "nul",
        "01",
        "-",
        "1.",
        ".5",
        "+1",
        "1e5",
        "-0",
        "99999999999999999999",
        "0.1234567890123456789",
        "\"\\x\"",
        "\"\\ud83d\"",
        "\"a\nb\"",
        "\"open",
        "\"open\\",
        "[1 2]",
        "{\"a\\n\":1}",
        "tru e",
        "\u{feff}{}",
    ] {
        assert!(!check(text), "{text}");
    }
    let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    assert!(check(&nested(DEPTH_MAX)));
    assert!(!check(&nested(DEPTH_MAX + 1)));
    assert!(Walk::new(&" ".repeat(BYTES_MAX + 1)).is_none());
    for text in [r#"{"id":"a","id":"b"}"#, r#"{"data":{},"data":{}}"#] {
        assert!(Envelope::walk(text, |walk| walk.skip()).is_none(), "{text}");
    }
}

#[test]
fn a_string_ends_at_its_quote_wherever_it_stands() {
    for n in 0..40 {
        let (before, after) = ("é".repeat(n), "x".repeat(n));
        assert!(check(&format!("[\"{before}\",\"{after}\"]")));
        assert!(check(&format!("\"{after}\\\"{before}\"")));
        assert!(!check(&format!("\"{after}\u{1f}{after}\"")));
    }
}

proptest! {
    #[test]
    fn any_text_is_read_as_the_parser_reads_it(
        text in r#"[ ]{0,2}([\[\]{}",:0-9eE+.\-\\ ]|"[a-z"]{0,9}"|true|null|"id":|\\u00e9|-?[0-9]{1,20}\.?[0-9]{0,20}|é|\x01){0,24}"#
    ) {
        check(&text);
    }

    #[test]
    fn any_value_is_read_as_the_parser_reads_it(value in values(), is_pretty: bool) {
        let text = if is_pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        check(&text.unwrap());
    }

    #[test]
    fn a_number_is_the_parsers_number(whole in -999_999_999_i64..999_999_999, fraction in "[0-9]{1,12}") {
        check(&format!("[{whole}.{fraction}]"));
    }
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        "[\\x00-\\x7f]{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-z\"\\\\]{0,9}", inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}
