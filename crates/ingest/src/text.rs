//! Text as other people's programs save it: with a byte order mark in front, or as UTF-16.
//!
//! Editors and spreadsheets put U+FEFF in front of a file to say how it is encoded. It is no part
//! of what the file says, and whoever reads it as such misses a secret, a column or an event. This
//! is the one place that takes it off.

use std::borrow::Cow;
use std::path::Path;
use std::{fs, io};

/// U+FEFF in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Why bytes are no text that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotText {
    /// They are neither UTF-8 nor marked as UTF-16.
    #[error("is not UTF-8 text (byte {0}); save it as UTF-8")]
    Utf8(usize),
    /// They are marked as UTF-16, and are not.
    #[error("begins as UTF-16 text and is none; save it as UTF-8")]
    Utf16,
}

/// Returns the bytes behind their byte order mark, if they have one.
#[must_use]
pub fn without_mark(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    // Programs that join marked files, or mark one twice, leave several.
    while let Some(behind) = rest.strip_prefix(MARK) {
        rest = behind;
    }
    rest
}

/// Whether bytes are marked as UTF-16 text.
#[must_use]
pub fn is_utf16(bytes: &[u8]) -> bool {
    utf16(bytes).is_some()
}

/// Returns a file's bytes as UTF-8 without a mark, decoded if they are marked as UTF-16; others are
/// left as they are, whatever they are.
///
/// # Errors
/// [`NotText::Utf16`].
pub fn utf8(bytes: &[u8]) -> Result<Cow<'_, [u8]>, NotText> {
    let Some((rest, read)) = utf16(bytes) else { return Ok(Cow::Borrowed(without_mark(bytes))) };
    let (pairs, odd) = rest.as_chunks::<2>();
    let decoded = char::decode_utf16(pairs.iter().map(|pair| read(*pair)));
    let text: Result<String, _> = decoded.collect();
    match text {
        Ok(text) if odd.is_empty() => Ok(Cow::Owned(text.into_bytes())),
        _ => Err(NotText::Utf16),
    }
}

/// Reads a file's bytes as text, without a mark.
///
/// # Errors
/// [`NotText`].
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, NotText> {
    let failed = |error: std::str::Utf8Error| NotText::Utf8(error.valid_up_to());
    match utf8(bytes)? {
        Cow::Borrowed(bytes) => str::from_utf8(bytes).map(Cow::Borrowed).map_err(failed),
        Cow::Owned(bytes) => {
            String::from_utf8(bytes).map(Cow::Owned).map_err(|error| failed(error.utf8_error()))
        }
    }
}

/// Reads a file as text, without a mark.
///
/// # Errors
/// The system's, and [`io::ErrorKind::InvalidData`] with a [`NotText`].
pub fn read(path: &Path) -> io::Result<String> {
    let bytes = fs::read(path)?;
    let text = decode(&bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error));
    Ok(text?.into_owned())
}

/// A way to read two bytes as a unit of UTF-16.
type Unit = fn([u8; 2]) -> u16;

/// Returns what stands behind the mark of UTF-16, and how to read it.
fn utf16(bytes: &[u8]) -> Option<(&[u8], Unit)> {
    let little = bytes.strip_prefix(b"\xff\xfe").map(|rest| (rest, u16::from_le_bytes as Unit));
    little
        .or_else(|| bytes.strip_prefix(b"\xfe\xff").map(|rest| (rest, u16::from_be_bytes as Unit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_no_part_of_the_text() {
        assert_eq!(decode("\u{feff}a\u{feff}b".as_bytes()).unwrap(), "a\u{feff}b");
        assert_eq!(decode("\u{feff}\u{feff}a".as_bytes()).unwrap(), "a");
        assert_eq!(decode(b"").unwrap(), "");
        assert_eq!(without_mark(MARK), b"");
    }

    #[test]
    fn utf16_is_read_in_either_order_of_bytes() {
        let text = "\u{feff}Käse 🧀\r\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [little, big] {
            assert!(is_utf16(&bytes));
            assert_eq!(decode(&bytes).unwrap(), "Käse 🧀\r\n");
        }
    }

    #[test]
    fn what_is_no_text_is_named() {
        assert_eq!(decode(b"ab\xff"), Err(NotText::Utf8(2)));
        for bytes in [&b"\xff\xfea"[..], b"\xff\xfe\x00\xd8"] {
            assert_eq!(decode(bytes), Err(NotText::Utf16), "{bytes:?}");
        }
    }
}
