//! Brings what trackers send into one spelling: trimmed, decoded, lower case, absent if it means so.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// What trackers write when they have nothing to say.
const ABSENT: &[&str] = &["", "(none)", "(not set)", "null", "undefined"];

/// Normalises text that carries no URL encoding; borrows when there is nothing to change.
pub(super) fn plain(text: &str) -> Option<Cow<'_, str>> {
    let text = text.trim();
    present(lower(Cow::Borrowed(text)))
}

/// Normalises a tag of a payload, which some trackers leave URL-encoded.
pub(super) fn tag(text: &str) -> Option<Cow<'_, str>> {
    present(lower(trim(decode(text))))
}

/// Normalises a value of a URL's query, where a plus sign is a blank.
pub(super) fn query_value(text: &str) -> Option<Cow<'_, str>> {
    if text.contains('+') {
        let text = text.replace('+', " ");
        return tag(&text).map(|value| Cow::Owned(value.into_owned()));
    }
    tag(text)
}

/// Normalises a click id, whose case carries meaning.
pub(super) fn click_id(text: &str) -> Option<Cow<'_, str>> {
    let value = trim(decode(text));
    let is_absent = ABSENT.iter().any(|absent| value.eq_ignore_ascii_case(absent));
    (!is_absent).then_some(value)
}

fn present(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    (!ABSENT.contains(&text.as_ref())).then_some(text)
}

fn decode(text: &str) -> Cow<'_, str> {
    if text.contains('%') {
        percent_decode_str(text).decode_utf8_lossy()
    } else {
        Cow::Borrowed(text)
    }
}

fn trim(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) if text.trim().len() == text.len() => Cow::Owned(text),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

fn lower(text: Cow<'_, str>) -> Cow<'_, str> {
    let is_lower = text.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase());
    if is_lower { text } else { Cow::Owned(text.to_lowercase()) }
}
