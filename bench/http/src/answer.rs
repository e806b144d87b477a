//! Reads an answer: its status, and where it ends.

use std::str;

use anyhow::{Context as _, bail};

/// An answer that arrived whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Whether the connection stays open.
    pub keeps_open: bool,
}

/// Reads an answer; `None` if more has to arrive.
///
/// # Errors
/// If it is no answer of HTTP/1.1 with a length, or more than one.
pub fn parse(bytes: &[u8]) -> anyhow::Result<Option<Answer>> {
    let Some(head_end) = memchr::memmem::find(bytes, b"\r\n\r\n") else { return Ok(None) };
    let head = str::from_utf8(&bytes[..head_end]).context("answer is not text")?;
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let status = first.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    let status = status.with_context(|| format!("not an answer: {first}"))?;
    let mut length = None;
    let mut keeps_open = true;
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse::<usize>().ok();
        } else if name.eq_ignore_ascii_case("connection") {
            keeps_open = !value.trim().eq_ignore_ascii_case("close");
        }
    }
    let end = head_end + 4 + length.context("answer without a length")?;
    if bytes.len() > end {
        bail!("more bytes than the answer has");
    }
    Ok((bytes.len() == end).then_some(Answer { status, keeps_open }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_with_its_body() {
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        let answer = Answer { status: 200, keeps_open: true };
        assert_eq!(parse(whole).unwrap(), Some(answer));
        for end in 0..whole.len() {
            assert_eq!(parse(&whole[..end]).unwrap(), None);
        }
        assert!(parse(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok+").is_err());
    }

    #[test]
    fn a_server_may_close_behind_an_answer() {
        let closing = b"HTTP/1.1 503 Busy\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        let answer = Answer { status: 503, keeps_open: false };
        assert_eq!(parse(closing).unwrap(), Some(answer));
    }
}
