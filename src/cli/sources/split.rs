//! Bodies out of a source: lines of NDJSON, or the values of a JSON document, one at a time.
//!
//! Nothing is read whole but one body: a document of any size takes no more memory than its
//! largest value.

use std::io::{BufRead, ErrorKind, Read as _};

use bytes::{Bytes, BytesMut};
use memchr::memchr;
use serde_json::value::RawValue;

use crate::cli::Usage;
use tributary_ingest::text;

/// Bytes of a body at most; also of a line before it is known to be one.
pub(in crate::cli) const BODY_BYTES_MAX: usize = 64 << 20;
/// Bytes of a block of lines.
const BLOCK_BYTES: usize = 256 << 10;

/// Reads the bodies of a source, exactly as they stand there.
///
/// NDJSON has one a line. A document that starts with `[`, or whose first line is not a whole
/// value and whose second is none either, is read as JSON: a list of bodies, or one after another.
pub(in crate::cli) fn read(
    name: &str,
    input: &mut dyn BufRead,
    mut emit: impl FnMut(Bytes) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut block = BytesMut::new();
    let mut n_lines = 0_u64;
    while let Some(mut line) = next_line(name, input, n_lines, &mut block)? {
        n_lines += 1;
        if n_lines == 1 && text::is_utf16(&line) {
            let message = format!("`{name}` is UTF-16 text; save it as UTF-8");
            return Err(Usage(message).into());
        }
        let body = bare(&line);
        if body.is_empty() {
            continue;
        }
        if n_lines == 1 && body[0] == b'[' {
            return split(name, &mut body.chain(&b"\n"[..]).chain(input), emit);
        }
        if n_lines == 1 && body[0] == b'{' && !is_value(body) {
            let second = next_line(name, input, n_lines, &mut block)?.unwrap_or_default();
            n_lines += 1;
            if !is_object(second.trim_ascii()) {
                let first = body.chain(&b"\n"[..]);
                return split(name, &mut first.chain(&second[..]).chain(input), emit);
            }
            emit(line.slice_ref(body))?;
            line = second;
        }
        emit(line.slice_ref(bare(&line)))?;
    }
    Ok(())
}

/// Reads a line of at most [`BODY_BYTES_MAX`]; `None` at the end. It is a part of the block that it
/// was read into, not a copy; `block` is the room left in that.
fn next_line(
    name: &str,
    input: &mut dyn BufRead,
    n_lines: u64,
    block: &mut BytesMut,
) -> anyhow::Result<Option<Bytes>> {
    let mut is_whole = false;
    while !is_whole && block.len() <= BODY_BYTES_MAX {
        let chunk = match input.fill_buf() {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            chunk => chunk.map_err(|error| {
                Usage(format!("can't read `{name}` behind line {n_lines}: {error}"))
            })?,
        };
        if chunk.is_empty() {
            break;
        }
        let chunk = &chunk[..chunk.len().min(BODY_BYTES_MAX + 1 - block.len())];
        let end = memchr(b'\n', chunk);
        is_whole = end.is_some();
        let n_bytes = end.map_or(chunk.len(), |at| at + 1);
        if block.capacity() - block.len() < n_bytes {
            block.reserve(n_bytes.max(BLOCK_BYTES));
        }
        block.extend_from_slice(&chunk[..n_bytes]);
        input.consume(n_bytes);
    }
    let line = block.split().freeze();
    if line.trim_ascii().len() > BODY_BYTES_MAX {
        let n = n_lines + 1;
        let message = format!("`{name}` line {n} is longer than {BODY_BYTES_MAX} bytes");
        return Err(Usage(message).into());
    }
    Ok(Some(line).filter(|line| !line.is_empty()))
}

/// Returns what a line holds. Files that were joined have byte order marks within.
fn bare(line: &[u8]) -> &[u8] {
    text::without_mark(line.trim_ascii()).trim_ascii()
}

fn is_value(text: &[u8]) -> bool {
    serde_json::from_slice::<&RawValue>(text).is_ok()
}

fn is_object(text: &[u8]) -> bool {
    text.first() == Some(&b'{') && is_value(text)
}

/// Reads a document's values, or those of the list that it is.
fn split(
    name: &str,
    input: &mut dyn BufRead,
    mut emit: impl FnMut(Bytes) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let refuse = |at: u64, reason: &str| {
        Usage(format!("`{name}`: byte {at}: {reason}; NDJSON takes what can't be read"))
    };
    let mut splitter = Splitter::default();
    let mut at = 0_u64;
    loop {
        let chunk = input.fill_buf().map_err(|error| refuse(at, &error.to_string()))?;
        if chunk.is_empty() {
            break;
        }
        let n_bytes = chunk.len();
        for byte in chunk {
            let ended = splitter.take(*byte, at).map_err(|reason| refuse(at, reason))?;
            if ended {
                emit(splitter.value(refuse)?)?;
            }
            at += 1;
        }
        input.consume(n_bytes);
    }
    match splitter.finish() {
        Ok(true) => emit(splitter.value(refuse)?),
        Ok(false) => Ok(()),
        Err(reason) => Err(refuse(splitter.start.max(splitter.last), reason).into()),
    }
}

/// Where a document's values begin and end; whether they are JSON is asked of each as a whole.
#[derive(Debug, Default)]
struct Splitter {
    value: Vec<u8>,
    /// Offset of the value's first byte, or of the last one that ended.
    start: u64,
    last: u64,
    depth: usize,
    in_string: bool,
    is_escaped: bool,
    list: List,
}

/// Whether the document is a list.
#[derive(Debug, Default, PartialEq, Eq)]
enum List {
    /// Nothing was read yet.
    #[default]
    Unknown,
    /// It is none.
    None,
    /// It is one, and goes on.
    Open,
    /// It is one, and has ended.
    Closed,
}

impl Splitter {
    /// Takes a byte; true if the value before it, or with it, is whole.
    fn take(&mut self, byte: u8, at: u64) -> Result<bool, &'static str> {
        if self.in_string || self.depth > 0 {
            return self.take_inside(byte, at);
        }
        let is_space = byte.is_ascii_whitespace();
        let is_end = match self.list {
            List::Closed if !is_space => return Err("there is something behind the list"),
            List::Unknown if byte == b'[' => {
                self.list = List::Open;
                return Ok(false);
            }
            List::Unknown if is_space => return Ok(false),
            List::Unknown => {
                self.list = List::None;
                false
            }
            List::Open => is_space || matches!(byte, b',' | b']'),
            List::None | List::Closed => is_space,
        };
        if is_end {
            if byte == b']' {
                self.list = List::Closed;
            }
            return Ok(!self.value.is_empty());
        }
        self.take_inside(byte, at)
    }

    fn take_inside(&mut self, byte: u8, at: u64) -> Result<bool, &'static str> {
        if self.value.is_empty() {
            self.start = at;
        }
        if self.value.len() >= BODY_BYTES_MAX {
            return Err("a body is longer than 64 MiB");
        }
        self.value.push(byte);
        if self.in_string {
            let is_quote = byte == b'"' && !self.is_escaped;
            self.is_escaped = byte == b'\\' && !self.is_escaped;
            self.in_string = !is_quote;
            return Ok(false);
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                self.last = at;
                return Ok(self.depth == 0);
            }
            _ => {}
        }
        Ok(false)
    }

    /// Ends the document; true if a value ended with it.
    fn finish(&mut self) -> Result<bool, &'static str> {
        if self.in_string || self.depth > 0 || self.list == List::Open {
            return Err("the document ends in the middle");
        }
        Ok(!self.value.is_empty())
    }

    /// Takes the value that ended.
    fn value(&mut self, refuse: impl Fn(u64, &str) -> Usage) -> Result<Bytes, Usage> {
        let value = Bytes::from(std::mem::take(&mut self.value));
        match serde_json::from_slice::<&RawValue>(&value) {
            Ok(_) => Ok(value),
            Err(error) => Err(refuse(self.start, &error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let mut bodies = vec![];
        let emit = |body: Bytes| {
            bodies.push(String::from_utf8(body.to_vec()).unwrap());
            Ok(())
        };
        read("t", &mut text.as_bytes(), emit).unwrap();
        assert_eq!(bodies, expected, "{text:?}");
    }

    #[test]
    fn ndjson_is_read_line_by_line_exactly() {
        check("{\"a\": 1}\n\n{\"b\":2}\r\n", &["{\"a\": 1}", "{\"b\":2}"]);
        check("", &[]);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_body() {
        check("\u{feff}{\"a\": 1}\n{\"b\":2}\r\n", &["{\"a\": 1}", "{\"b\":2}"]);
        check("{\"a\":1}\n\u{feff}{\"b\":2}\n", &["{\"a\":1}", "{\"b\":2}"]);
        check("\u{feff}[{\"a\":1}]", &["{\"a\":1}"]);
        check("\u{feff}{\n \"a\": 1\n}\n", &["{\n \"a\": 1\n}"]);
        check("\u{feff}\r\n", &[]);
    }

    #[test]
    fn utf16_is_refused_with_the_remedy() {
        let text: Vec<u8> =
            "\u{feff}{\"a\":1}\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let error = read("t", &mut &text[..], |_| Ok(())).unwrap_err().to_string();
        assert_eq!(error, "`t` is UTF-16 text; save it as UTF-8");
    }

    #[test]
    fn a_line_that_is_no_json_is_kept() {
        check("{\"a\":1}\n{broken\n{\"b\":2}", &["{\"a\":1}", "{broken", "{\"b\":2}"]);
        check("not json\n{\"b\":2}", &["not json", "{\"b\":2}"]);
        check("{broken\n{\"b\":2}\n{\"c\":3}", &["{broken", "{\"b\":2}", "{\"c\":3}"]);
    }

    #[test]
    fn a_document_is_a_list_or_one_value_after_another() {
        check("[{\"a\":1}, {\"b\":\n2}]", &["{\"a\":1}", "{\"b\":\n2}"]);
        check("{\n \"a\": 1\n}\n{\"b\":2}", &["{\n \"a\": 1\n}", "{\"b\":2}"]);
        check("{\n\"a\":\"}\\\"{\"\n}", &["{\n\"a\":\"}\\\"{\"\n}"]);
        check("[1, \"a,]\" ,[2],\n null]\n", &["1", "\"a,]\"", "[2]", "null"]);
        check("[]", &[]);
    }

    #[test]
    fn a_document_that_is_cut_off_or_no_json_names_the_place() {
        for (text, place) in [
            ("[{\"a\":1},\n{\"b\":", "byte 10"),
            ("[{\"a\":1}", "byte 7"),
            ("[{\"a\":x}]", "byte 1"),
            ("[1] 2", "byte 4"),
        ] {
            let error = read("t", &mut text.as_bytes(), |_| Ok(())).unwrap_err().to_string();
            assert!(error.contains("`t`") && error.contains(place), "{text}: {error}");
        }
    }
}
