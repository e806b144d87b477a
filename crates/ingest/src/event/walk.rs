//! JSON read in one walk over its bytes, for what is sent every day; the rest goes elsewhere.
//!
//! A webhook is nearly always what its schema says. [`Walk`] reads such a text at the speed at
//! which memory can be read, and says `None` as soon as it meets anything else: broken JSON, a
//! number that needs care, nesting that is suspicious. Then the text is read again by the parser,
//! which knows what to call it. So the two must agree on all that this one takes, and a test
//! compares them on texts of every kind.

use std::borrow::Cow;

use super::scan::{DEPTH_MAX, VALUES_MAX, end_of_string};
use super::{Envelope, Lenient};

/// The powers of ten that a double holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];
/// Integers below this are exact as doubles.
const EXACT_BELOW: u64 = 1 << 53;
/// Digits that are added up without a thought of overflow.
const DIGITS_MAX: usize = 18;
/// A text of no more bytes than this can't hold too many values.
const BYTES_MAX: usize = VALUES_MAX;

/// A number as it is written: with a fraction or without.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// Without a fraction.
    Int(i64),
    /// With one.
    Float(f64),
}

/// A position in a JSON text.
///
/// Every method moves it behind what it has read; after a `None` it is of no more use.
#[derive(Debug)]
pub struct Walk<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Walk<'a> {
    /// Starts at the beginning of a text, unless it is too long for this way of reading.
    #[must_use]
    pub fn new(text: &'a str) -> Option<Self> {
        (text.len() <= BYTES_MAX).then_some(Self { text, at: 0, depth: 0 })
    }

    /// Returns the first byte of what comes next, behind white space.
    #[inline]
    pub fn peek(&mut self) -> Option<u8> {
        loop {
            match self.byte()? {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    /// Reads the object that comes next: `member` is given each key and reads the value.
    pub fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, &'a str) -> Option<()>,
    ) -> Option<()> {
        self.open(b'{')?;
        if self.peek()? == b'}' {
            return self.close();
        }
        loop {
            let key = self.key()?;
            if self.peek()? != b':' {
                return None;
            }
            self.at += 1;
            member(self, key)?;
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => return self.close(),
                _ => return None,
            }
        }
    }

    /// Reads the list that comes next: `element` reads each value.
    pub fn list(&mut self, mut element: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.open(b'[')?;
        if self.peek()? == b']' {
            return self.close();
        }
        loop {
            element(self)?;
            match self.peek()? {
                b',' => self.at += 1,
                b']' => return self.close(),
                _ => return None,
            }
        }
    }

    /// Reads the string that comes next.
    #[inline]
    pub fn string(&mut self) -> Option<Cow<'a, str>> {
        if self.peek()? != b'"' {
            return None;
        }
        let start = self.at + 1;
        let end = plain_end(self.text.as_bytes(), start)?;
        match self.text.as_bytes()[end] {
            b'"' => {
                self.at = end + 1;
                Some(Cow::Borrowed(&self.text[start..end]))
            }
            b'\\' => {
                let end = end_of_string(self.text.as_bytes(), end);
                let text = self.text.get(self.at..=end)?;
                self.at = end + 1;
                serde_json::from_str(text).ok().map(Cow::Owned)
            }
            _ => None,
        }
    }

    /// Reads the number that comes next, if it has no exponent and not many digits.
    pub fn number(&mut self) -> Option<Number> {
        let is_negative = self.peek()? == b'-';
        self.at += usize::from(is_negative);
        let (mut digits, n_whole) = self.digits(0)?;
        if n_whole > 1 && self.text.as_bytes()[self.at - n_whole] == b'0' {
            return None;
        }
        let mut n_fraction = 0;
        if self.byte() == Some(b'.') {
            self.at += 1;
            (digits, n_fraction) = self.digits(digits)?;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) || n_whole + n_fraction > DIGITS_MAX {
            return None;
        }
        if n_fraction == 0 {
            let number = i64::try_from(digits).ok()?;
            // The parser reads this one as a double.
            let is_minus_zero = is_negative && number == 0;
            let number = if is_negative { -number } else { number };
            return (!is_minus_zero).then_some(Number::Int(number));
        }
        // One exact number divided by another is rounded once, as it should be.
        let number = (digits < EXACT_BELOW).then(|| digits as f64 / POWERS[n_fraction])?;
        Some(Number::Float(if is_negative { -number } else { number }))
    }

    /// Reads one of `true`, `false` and `null`; the last is `None` within.
    #[inline]
    pub fn word(&mut self) -> Option<Option<bool>> {
        let (word, value) = match self.peek()? {
            b't' => ("true", Some(true)),
            b'f' => ("false", Some(false)),
            _ => ("null", None),
        };
        let found = self.text.as_bytes().get(self.at..self.at + word.len())?;
        self.at += word.len();
        (found == word.as_bytes()).then_some(value)
    }

    /// Passes over the value that comes next and returns its text.
    pub fn skip(&mut self) -> Option<&'a str> {
        let first = self.peek()?;
        let start = self.at;
        match first {
            b'"' => self.skip_string()?,
            b'{' => self.object(|walk, _| walk.skip().map(drop))?,
            b'[' => self.list(|walk| walk.skip().map(drop))?,
            b't' | b'f' | b'n' => drop(self.word()?),
            _ => drop(self.number()?),
        }
        Some(&self.text[start..self.at])
    }

    /// Makes sure that nothing but white space is left.
    pub fn end(mut self) -> Option<()> {
        self.peek().is_none().then_some(())
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn open(&mut self, bracket: u8) -> Option<()> {
        let is_here = self.peek()? == bracket && self.depth < DEPTH_MAX;
        self.at += 1;
        self.depth += 1;
        is_here.then_some(())
    }

    fn close(&mut self) -> Option<()> {
        self.at += 1;
        self.depth -= 1;
        Some(())
    }

    /// Reads a key, which has no escapes.
    #[inline]
    fn key(&mut self) -> Option<&'a str> {
        if self.peek()? != b'"' {
            return None;
        }
        let start = self.at + 1;
        let end = plain_end(self.text.as_bytes(), start)?;
        self.at = end + 1;
        (self.text.as_bytes()[end] == b'"').then(|| &self.text[start..end])
    }

    fn skip_string(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        let mut at = self.at + 1;
        loop {
            at = plain_end(bytes, at)?;
            match (bytes[at], bytes.get(at + 1)?) {
                (b'"', _) => break,
                (b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => at += 2,
                (b'\\', b'u') => {
                    let is_hex = bytes.get(at + 2..at + 6)?.iter().all(u8::is_ascii_hexdigit);
                    at += is_hex.then_some(6)?;
                }
                _ => return None,
            }
        }
        self.at = at + 1;
        Some(())
    }

    /// Reads digits, at least one, behind those that `sum` has; returns the sum and how many.
    #[inline]
    fn digits(&mut self, mut sum: u64) -> Option<(u64, usize)> {
        let start = self.at;
        while let Some(byte @ b'0'..=b'9') = self.byte() {
            sum = sum.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
            self.at += 1;
        }
        (self.at > start).then_some((sum, self.at - start))
    }
}

impl<'a> Envelope<'a> {
    /// Reads an envelope; `data` is left at its value, which it has to read.
    ///
    /// `None` if the parser has to look at it: there may be nothing wrong.
    pub fn walk<T>(
        body: &'a str,
        mut data: impl FnMut(&mut Walk<'a>) -> Option<T>,
    ) -> Option<(Self, Option<T>)> {
        let mut walk = Walk::new(body)?;
        let mut envelope = Self::default();
        let (mut seen, mut payload) = (0_u8, None);
        walk.object(|walk, key| {
            let field = match key {
                "id" => Some((1, &mut envelope.id)),
                "type" => Some((2, &mut envelope.event_type)),
                "created" => Some((4, &mut envelope.created)),
                "timestamp" => Some((8, &mut envelope.timestamp)),
                _ => None,
            };
            let bit = match field {
                Some((bit, field)) => {
                    *field = lenient(walk)?;
                    bit
                }
                None if key == "data" => {
                    payload = Some(data(walk)?);
                    16
                }
                None => return walk.skip().map(drop),
            };
            let is_first = seen & bit == 0;
            seen |= bit;
            is_first.then_some(())
        })?;
        walk.end()?;
        Some((envelope, payload))
    }
}

fn lenient<'a>(walk: &mut Walk<'a>) -> Option<Lenient<'a>> {
    Some(match walk.peek()? {
        b'"' => Lenient::Text(walk.string()?),
        b'-' | b'0'..=b'9' => Lenient::Number(match walk.number()? {
            Number::Int(number) => number as f64,
            Number::Float(number) => number,
        }),
        _ => {
            walk.skip()?;
            Lenient::Absent
        }
    })
}

/// Returns the offset of the first byte from `start` on that is no plain part of a string: a
/// quote, a backslash or a control character. Looks at eight bytes at a time.
#[inline]
fn plain_end(bytes: &[u8], start: usize) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    const HIGHS: u64 = ONES * 128;
    // The lowest bit that is set belongs to the first byte that is zero, or below `n`.
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let below = |word: u64, n: u64| word.wrapping_sub(ONES * n) & !word & HIGHS;
    let mut at = start;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk);
        let found = zero(word ^ (ONES * u64::from(b'"')))
            | zero(word ^ (ONES * u64::from(b'\\')))
            | below(word, 0x20);
        if found != 0 {
            return Some(at + (found.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    let rest = bytes.get(at..)?;
    let found = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
    Some(at + found)
}

#[cfg(test)]
mod tests;
