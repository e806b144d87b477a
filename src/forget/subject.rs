//! Whom to forget, and how to find them in text.
//!
//! A body is text as it was sent: an address in it may be in other case, percent-encoded in a
//! URL, or written with JSON's escapes; a body that is no UTF-8 may be Latin-1 or UTF-16. What only contains the wanted text, as `xbob@a.example`
//! contains `bob@a.example`, is somebody else.

use std::borrow::Cow;

use aho_corasick::{AhoCorasick, MatchKind};
use percent_encoding::percent_decode_str;

/// How often a text may be escaped: an address in a URL in a URL in JSON.
const ESCAPES_MAX: usize = 6;

/// Somebody or something to forget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A person, by e-mail address.
    Email(String),
    /// A visitor, by id.
    Visitor(String),
    /// A person, by the address of a LinkedIn page: `linkedin.com/in/…`.
    LinkedIn(String),
    /// A company, by domain.
    Company(String),
}

impl Subject {
    /// Reads an e-mail address.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn email(text: &str) -> Result<Self, String> {
        let text = text.trim().to_lowercase();
        let is_address = text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && domain.contains('.') && !domain.contains('@')
        });
        let is_plain = !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '"');
        if is_address && is_plain {
            return Ok(Self::Email(text));
        }
        Err("write an address such as ada@example.com".to_owned())
    }

    /// Reads a visitor's id.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn visitor(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let is_id = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
        if text.len() >= 3 && text.chars().all(is_id) {
            return Ok(Self::Visitor(text.to_owned()));
        }
        Err("write a visitor's id as the events have it".to_owned())
    }

    /// Reads the address of a person's LinkedIn page.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn linkedin(text: &str) -> Result<Self, String> {
        let text = text.trim().to_lowercase();
        let path = text.split(['?', '#']).next().unwrap_or_default();
        let page = path.find("linkedin.com/").map(|at| path[at..].trim_end_matches('/'));
        let is_person = |page: &&str| {
            let name = page.strip_prefix("linkedin.com/in/").unwrap_or_default();
            !name.is_empty() && !name.contains('/')
        };
        match page.filter(is_person) {
            Some(page) => Ok(Self::LinkedIn(page.to_owned())),
            None => Err("write an address such as https://www.linkedin.com/in/ada".to_owned()),
        }
    }

    /// Reads a company's domain.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn company(text: &str) -> Result<Self, String> {
        let text = text.trim().to_lowercase();
        let host = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
        let host = host.split('/').next().unwrap_or_default();
        let host = host.strip_prefix("www.").unwrap_or(host).trim_end_matches('.');
        let is_host = |c: char| c.is_alphanumeric() || "-.".contains(c);
        if host.contains('.') && !host.starts_with('.') && host.chars().all(is_host) {
            return Ok(Self::Company(host.to_owned()));
        }
        Err("write a domain such as example.com".to_owned())
    }

    /// Tells whether the visitors who are seen with it are forgotten too.
    #[must_use]
    pub fn is_person(&self) -> bool {
        !matches!(self, Self::Company(_))
    }

    fn text(&self) -> &str {
        match self {
            Self::Email(text)
            | Self::Visitor(text)
            | Self::LinkedIn(text)
            | Self::Company(text) => text,
        }
    }

    /// Tells whether what stands before a place can be part of another name.
    fn joins_before(&self, byte: u8) -> bool {
        let extra: &[u8] = match self {
            Self::Email(_) => b"._%+-",
            Self::Visitor(_) => b"_-",
            Self::LinkedIn(_) => b"-",
            Self::Company(_) => b"-_",
        };
        byte.is_ascii_alphanumeric() || byte >= 0x80 || extra.contains(&byte)
    }

    /// Tells whether what follows a place goes on with another name.
    fn joins_after(&self, rest: &[u8]) -> bool {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte >= 0x80;
        match (self, rest) {
            (_, []) => false,
            (Self::Email(_) | Self::Company(_), [b'.', next, ..]) => is_word(*next),
            (Self::Email(_) | Self::Company(_), [next, ..]) => is_word(*next) || *next == b'-',
            (Self::Visitor(_) | Self::LinkedIn(_), [next, ..]) => {
                is_word(*next) || b"_-".contains(next)
            }
        }
    }
}

/// Finds subjects in text.
#[derive(Debug, Clone)]
pub struct Finder {
    automaton: AhoCorasick,
    subjects: Vec<Subject>,
}

impl Finder {
    /// Makes a finder.
    ///
    /// # Errors
    /// A sentence, if there are too many.
    pub fn new(subjects: &[Subject]) -> Result<Self, String> {
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .build(subjects.iter().map(Subject::text))
            .map_err(|error| error.to_string())?;
        Ok(Self { automaton, subjects: subjects.to_vec() })
    }

    /// Returns the subjects that bytes name, whatever encoding of text they are of, each once.
    #[must_use]
    pub fn find_in_bytes(&self, bytes: &[u8]) -> Vec<&Subject> {
        let is_plain = memchr::memchr(0, bytes).is_none();
        if let (true, Ok(text)) = (is_plain, str::from_utf8(bytes)) {
            return self.find(text);
        }
        let mut found = vec![];
        for text in readings(bytes) {
            for subject in self.find(&text) {
                if !found.contains(&subject) {
                    found.push(subject);
                }
            }
        }
        found
    }

    /// Returns the subjects that a text names, each once.
    #[must_use]
    pub fn find(&self, text: &str) -> Vec<&Subject> {
        let plain = plain(text);
        let bytes = plain.as_bytes();
        let mut found = vec![];
        for place in self.automaton.find_overlapping_iter(bytes) {
            let subject = &self.subjects[place.pattern().as_usize()];
            let before = bytes[..place.start()].last();
            let is_apart = before.is_none_or(|byte| !subject.joins_before(*byte))
                && !subject.joins_after(&bytes[place.end()..]);
            if is_apart && !found.contains(&subject) {
                found.push(subject);
            }
        }
        found
    }
}

/// Returns the texts as which bytes of an encoding unlike UTF-8 may be read.
///
/// Of UTF-16 the bytes of value 0 are left out, which leaves what is ASCII in it.
fn readings(bytes: &[u8]) -> [String; 2] {
    let without_zeros: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
    let latin_1 = without_zeros.iter().copied().map(char::from).collect();
    [String::from_utf8_lossy(&without_zeros).into_owned(), latin_1]
}

/// Returns a text without the escapes of URLs and JSON, however often it was escaped, in lower
/// case where that is not ASCII's alone.
fn plain(text: &str) -> Cow<'_, str> {
    let mut plain = Cow::Borrowed(text);
    for _ in 0..ESCAPES_MAX {
        if memchr::memchr2(b'%', b'\\', plain.as_bytes()).is_none() {
            break;
        }
        let decoded = unescape(&percent_decode_str(&plain).decode_utf8_lossy());
        if decoded == plain {
            break;
        }
        plain = Cow::Owned(decoded);
    }
    if plain.is_ascii() { plain } else { Cow::Owned(plain.to_lowercase()) }
}

/// Replaces JSON's escapes by what they stand for; others stay.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escaped)) = rest.split_once('\\') {
        out.push_str(before);
        let mut letters = escaped.chars();
        let letter = letters.next();
        rest = letters.as_str();
        match letter {
            Some('n' | 'r' | 't' | 'b' | 'f') => out.push(' '),
            Some('u') => match unit(rest) {
                Some((letter, behind)) => {
                    out.push(letter);
                    rest = behind;
                }
                None => out.push_str("\\u"),
            },
            Some(letter) => out.push(letter),
            None => out.push('\\'),
        }
    }
    out + rest
}

/// Reads the four digits behind `\u`, and a second such escape where the first is half a letter.
fn unit(text: &str) -> Option<(char, &str)> {
    let digits = |text: &str| u32::from_str_radix(text.get(..4)?, 16).ok();
    let high = digits(text)?;
    let rest = text.get(4..)?;
    if let Some(letter) = char::from_u32(high) {
        return Some((letter, rest));
    }
    let behind = rest.strip_prefix("\\u")?;
    let low = digits(behind)?.checked_sub(0xDC00).filter(|low| *low < 0x400)?;
    let letter = char::from_u32(0x10000 + ((high.checked_sub(0xD800)? & 0x3FF) << 10) + low)?;
    Some((letter, behind.get(4..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(subject: &Subject, text: &str) -> bool {
        let finder = Finder::new(std::slice::from_ref(subject)).unwrap();
        !finder.find(text).is_empty()
    }

    #[test]
    fn a_person_is_found_however_the_address_is_written() {
        let ada = Subject::email(" Ada+x@Example.COM ").unwrap();
        for text in [
            "ada+x@example.com",
            r#"{"email":"ADA+X@EXAMPLE.com"}"#,
            "https://a.example/?e=ada+x%40example.com&b",
            "https://a.example/?e=ada%2Bx%40example.com",
            "q%3Dada%2bx%40example.com%26",
            r#"{"e":"ada+x\u0040example.com"}"#,
            r#"{"note":"write to\nada+x@example.com."}"#,
            "https://a.example/?to=https%3A%2F%2Fb.example%2F%3Fe%253Dada%252Bx%2540example.com",
            r#"{"e":"ada\u002bx@example.com"}"#,
            r#"{"u":"https:\/\/a.example\/?e=ada%2bx%40example.com"}"#,
        ] {
            assert!(finds(&ada, text), "{text}");
        }
        for text in [
            "nada+x@example.com",
            "x.ada+x@example.com",
            "ada+x@example.com.au",
            "ada+x@example.community",
            "ada+x@example.com-mail.net",
            "ada@example.com",
        ] {
            assert!(!finds(&ada, text), "{text}");
        }
    }

    #[test]
    fn letters_beyond_ascii_are_found_too() {
        let jurgen = Subject::email("Jürgen@Example.com").unwrap();
        for text in ["JÜRGEN@example.com", "j%C3%BCrgen%40example.com", r"j\u00fcrgen@example.com"]
        {
            assert!(finds(&jurgen, text), "{text}");
        }
        assert!(
            !finds(&jurgen, "rgen@example.com")
                && finds(&jurgen, r"\ud83d\ude00 jürgen@example.com")
        );
    }

    #[test]
    fn a_person_is_found_in_bytes_of_any_encoding() {
        let of = |address: &str| Finder::new(&[Subject::email(address).unwrap()]).unwrap();
        let (ada, jurgen) = (of("ada@example.com"), of("Jürgen@example.com"));
        let utf_16: Vec<u8> =
            "to ada@example.com, \u{e4}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let ascii_16: Vec<u8> =
            "ada@example.com".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [
            b"\xff\xfe{\"e\":\"ADA@example.com\"}".as_slice(),
            &utf_16,
            &ascii_16,
            b"ada@example.com",
        ] {
            assert_eq!(ada.find_in_bytes(bytes).len(), 1, "{bytes:?}");
        }
        assert_eq!(jurgen.find_in_bytes(b"j\xfcrgen@example.com").len(), 1);
        assert_eq!(jurgen.find_in_bytes("jürgen@example.com".as_bytes()).len(), 1);
        assert!(ada.find_in_bytes(b"\xffnada@example.com").is_empty());
    }

    #[test]
    fn companies_visitors_and_pages_end_where_they_end() {
        let acme = Subject::company("https://www.Acme.example/about").unwrap();
        for text in
            ["acme.example", "bob@acme.example", "http://shop.acme.example/x", "%2F%2Facme.example"]
        {
            assert!(finds(&acme, text), "{text}");
        }
        for text in ["notacme.example", "my-acme.example", "acme.example.org", "acme.examples"] {
            assert!(!finds(&acme, text), "{text}");
        }
        let page = Subject::linkedin("https://de.linkedin.com/in/Ada/?trk=x").unwrap();
        for text in [
            "linkedin.com/in/ada",
            "https://www.linkedin.com/in/ada/",
            r"linkedin.com\/in\/ada",
            "linkedin.com%2Fin%2Fada",
        ] {
            assert!(finds(&page, text), "{text}");
        }
        assert!(!finds(&page, "linkedin.com/in/ada-2") && !finds(&page, "linkedin.com/in/adam"));
        let visitor = Subject::visitor("vid_1").unwrap();
        assert!(finds(&visitor, r#""vid":"vid_1""#));
        assert!(!finds(&visitor, "vid_10") && !finds(&visitor, "vid_1-a"));
    }

    #[test]
    fn what_names_nobody_is_refused() {
        for text in ["", "@", "ada", "ada@", "ada@example", "a b@example.com"] {
            assert!(Subject::email(text).is_err(), "{text}");
        }
        assert!(Subject::linkedin("https://www.linkedin.com/company/acme").is_err());
        assert!(Subject::company("acme").is_err() && Subject::company("").is_err());
        assert!(Subject::visitor("").is_err() && Subject::visitor("a b c").is_err());
    }
}
