//! A writer of compact JSON, byte for byte what JavaScript's `JSON.stringify` would give.
//!
//! Sample events are written as text at once, without a tree in between: that is what makes
//! millions of them cheap. Keys are ours and plain ASCII; string values are escaped by
//! `serde_json`, whose escapes are the same as JavaScript's.

use std::io::Write;

/// Compact JSON under construction.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// Starts an empty text with room for `n_bytes`.
    pub(crate) fn with_capacity(n_bytes: usize) -> Self {
        Self { out: Vec::with_capacity(n_bytes) }
    }

    /// Opens an object as the value of `key`.
    pub(crate) fn open_object(&mut self, key: &str) {
        self.key(key);
        self.out.push(b'{');
    }

    /// Opens an object as the whole text or as the next item of an array.
    pub(crate) fn open_item(&mut self) {
        self.separate();
        self.out.push(b'{');
    }

    /// Closes the innermost object.
    pub(crate) fn close_object(&mut self) {
        self.out.push(b'}');
    }

    /// Opens an array as the value of `key`.
    pub(crate) fn open_array(&mut self, key: &str) {
        self.key(key);
        self.out.push(b'[');
    }

    /// Closes the innermost array.
    pub(crate) fn close_array(&mut self) {
        self.out.push(b']');
    }

    /// Writes a member holding text.
    pub(crate) fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        self.string(value);
    }

    /// Writes a member holding text or null.
    pub(crate) fn text_or_null<T: AsRef<str>>(&mut self, key: &str, value: Option<T>) {
        match value {
            Some(value) => self.text(key, value.as_ref()),
            None => self.null(key),
        }
    }

    /// Writes a member holding an array of texts.
    pub(crate) fn texts<'a>(&mut self, key: &str, values: impl IntoIterator<Item = &'a str>) {
        self.open_array(key);
        for value in values {
            self.separate();
            self.string(value);
        }
        self.close_array();
    }

    /// Writes a member holding a whole number.
    pub(crate) fn number(&mut self, key: &str, value: i64) {
        self.key(key);
        write!(self.out, "{value}").expect("writing to memory cannot fail");
    }

    /// Writes a member holding a whole number or null.
    pub(crate) fn number_or_null(&mut self, key: &str, value: Option<i64>) {
        match value {
            Some(value) => self.number(key, value),
            None => self.null(key),
        }
    }

    /// Writes a member holding a number given in hundredths, the way JavaScript prints it:
    /// 1250 becomes `12.5`, -75 becomes `-0.75`, 300 becomes `3`.
    pub(crate) fn hundredths(&mut self, key: &str, value: i64) {
        self.key(key);
        let sign = if value < 0 { "-" } else { "" };
        let (whole, rest) = (value.unsigned_abs() / 100, value.unsigned_abs() % 100);
        match rest {
            0 => write!(self.out, "{sign}{whole}"),
            _ if rest % 10 == 0 => write!(self.out, "{sign}{whole}.{}", rest / 10),
            _ => write!(self.out, "{sign}{whole}.{rest:02}"),
        }
        .expect("writing to memory cannot fail");
    }

    /// Writes a member holding true or false.
    pub(crate) fn boolean(&mut self, key: &str, value: bool) {
        self.key(key);
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// Writes a member holding true, false or null.
    pub(crate) fn boolean_or_null(&mut self, key: &str, value: Option<bool>) {
        match value {
            Some(value) => self.boolean(key, value),
            None => self.null(key),
        }
    }

    /// Writes a member holding null.
    pub(crate) fn null(&mut self, key: &str) {
        self.key(key);
        self.out.extend_from_slice(b"null");
    }

    /// Gives the finished text.
    pub(crate) fn finish(self) -> String {
        String::from_utf8(self.out).expect("only whole strings were written")
    }

    fn key(&mut self, key: &str) {
        self.separate();
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    /// Writes the comma due before a member or item: none at the start, nor after `{` or `[`,
    /// which no finished value ends with.
    fn separate(&mut self) {
        if !matches!(self.out.last(), None | Some(b'{' | b'[')) {
            self.out.push(b',');
        }
    }

    fn string(&mut self, value: &str) {
        serde_json::to_writer(&mut self.out, value).expect("writing to memory cannot fail");
    }
}

#[cfg(test)]
mod tests {
    use super::Writer;

    #[test]
    fn text_is_compact_and_escaped() {
        let mut writer = Writer::default();
        writer.open_item();
        writer.text("a", "q\"\\\n\u{1}é🚀");
        writer.texts("b", ["x", "y"]);
        writer.open_array("c");
        writer.open_item();
        writer.boolean_or_null("d", None);
        writer.close_object();
        writer.open_item();
        writer.close_object();
        writer.close_array();
        writer.close_object();
        let expected = "{\"a\":\"q\\\"\\\\\\n\\u0001é🚀\",\"b\":[\"x\",\"y\"],\
                        \"c\":[{\"d\":null},{}]}";
        assert_eq!(writer.finish(), expected);
    }

    #[test]
    fn hundredths_print_as_javascript_does() {
        let cases = [(1250, "12.5"), (-75, "-0.75"), (300, "3"), (5, "0.05"), (0, "0")];
        for (value, expected) in cases {
            let mut writer = Writer::default();
            writer.open_item();
            writer.hundredths("n", value);
            writer.close_object();
            assert_eq!(writer.finish(), format!("{{\"n\":{expected}}}"));
        }
    }
}
