//! JSON that is right by the grammar and that no reader here can hold, made readable.
//!
//! A lone half of a surrogate pair (`"\ud83d"`) is no character, and `1e400` is no double. Both
//! pass RFC 8259 and both stop the parser, and with it the whole event. So an event that did not
//! parse is tried once more with such text replaced by U+FFFD and such numbers by null. The body
//! itself is kept as it came.

use crate::event::scan::end_of_string;

/// Returns the text with what can't be held replaced, and the offset of the first such place;
/// `None` if there is none.
#[must_use]
pub fn repaired(json: &str) -> Option<(String, usize)> {
    let bytes = json.as_bytes();
    let mut out = String::with_capacity(json.len());
    let mut first = None;
    let (mut at, mut copied) = (0, 0);
    while let Some(&byte) = bytes.get(at) {
        let end = match byte {
            b'"' => {
                let end = end_of_string(bytes, at + 1);
                for (start, end) in lone_surrogates(bytes, at + 1, end) {
                    first = first.or(Some(start));
                    out.push_str(&json[copied..start]);
                    out.push_str("\\ufffd");
                    copied = end;
                }
                end + 1
            }
            b'-' | b'0'..=b'9' => {
                let rest = &bytes[at..];
                let is_part =
                    |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
                let end = at + rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
                if json[at..end].parse::<f64>().is_ok_and(f64::is_infinite) {
                    first = first.or(Some(at));
                    out.push_str(&json[copied..at]);
                    out.push_str("null");
                    copied = end;
                }
                end
            }
            _ => at + 1,
        };
        at = end;
    }
    let first = first?;
    out.push_str(&json[copied..]);
    Some((out, first))
}

/// Finds the escapes of halves without their other half within a string.
fn lone_surrogates(bytes: &[u8], start: usize, end: usize) -> Vec<(usize, usize)> {
    let mut found = vec![];
    let mut at = start;
    while at < end {
        if bytes[at] != b'\\' {
            at += 1;
            continue;
        }
        match unit(bytes, at, end) {
            Some(0xd800..=0xdbff) if matches!(unit(bytes, at + 6, end), Some(0xdc00..=0xdfff)) => {
                at += 12;
            }
            Some(0xd800..=0xdfff) => {
                found.push((at, at + 6));
                at += 6;
            }
            _ => at += 2,
        }
    }
    found
}

/// Reads the escape `\uXXXX` at `at`.
fn unit(bytes: &[u8], at: usize, end: usize) -> Option<u16> {
    let digits = bytes.get(at..at + 6).filter(|_| at + 6 <= end)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(json: &str, expected: Option<(&str, usize)>) {
        let found = repaired(json);
        assert_eq!(found.as_ref().map(|(text, at)| (text.as_str(), *at)), expected, "{json}");
    }

    #[test]
    fn lone_halves_become_the_replacement_character() {
        check(r#"{"a":"x\ud83dy"}"#, Some((r#"{"a":"x\ufffdy"}"#, 7)));
        check(r#"["\udc00\uD83D"]"#, Some((r#"["\ufffd\ufffd"]"#, 2)));
        check(r#"["\ud83d\ude00", "\\ud83d"]"#, None);
    }

    #[test]
    fn numbers_beyond_a_double_become_null() {
        check("[1e400, -1e999,1e308]", Some(("[null, null,1e308]", 1)));
        check(r#"{"1e400":"1e400"}"#, None);
    }

    proptest! {
        #[test]
        fn any_text_is_taken_and_what_is_repaired_needs_no_more(
            text in r#"([\[\]{}",:0-9eE+.\\-]|\\ud8|3d|\\udc00|é){0,60}"#
        ) {
            if let Some((again, _)) = repaired(&text) {
                prop_assert_eq!(repaired(&again), None);
            }
        }
    }
}
