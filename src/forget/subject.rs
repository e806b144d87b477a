//! Whom to forget, and how to find them in text.
//!
//! A body is text as it was sent: an address in it may be in other case, percent-encoded in a
//! URL, or written with JSON's escapes. What only contains the wanted text, as `xbob@a.example`
//! contains `bob@a.example`, is somebody else.

use aho_corasick::{AhoCorasick, MatchKind};

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

    /// Returns the ways in which it is written.
    fn forms(&self) -> Vec<String> {
        let mut forms = vec![self.text().to_owned()];
        for (plain, escaped) in
            [("@", "%40"), ("+", "%2b"), ("@", "\\u0040"), ("/", "%2f"), ("/", "\\/")]
        {
            let more: Vec<String> = forms
                .iter()
                .filter(|form| form.contains(plain) && !form.contains('\\'))
                .map(|form| form.replace(plain, escaped))
                .collect();
            forms.extend(more);
        }
        forms
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
    /// The subject of each pattern.
    owners: Vec<usize>,
    subjects: Vec<Subject>,
}

impl Finder {
    /// Makes a finder.
    ///
    /// # Errors
    /// A sentence, if there are too many.
    pub fn new(subjects: &[Subject]) -> Result<Self, String> {
        let (mut patterns, mut owners) = (vec![], vec![]);
        for (at, subject) in subjects.iter().enumerate() {
            let forms = subject.forms();
            owners.extend(std::iter::repeat_n(at, forms.len()));
            patterns.extend(forms);
        }
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .build(patterns)
            .map_err(|error| error.to_string())?;
        Ok(Self { automaton, owners, subjects: subjects.to_vec() })
    }

    /// Returns the subjects that a text names, each as often as it does.
    pub fn find<'f>(&'f self, text: &'f [u8]) -> impl Iterator<Item = &'f Subject> {
        self.automaton.find_overlapping_iter(text).filter_map(move |found| {
            let subject = &self.subjects[self.owners[found.pattern().as_usize()]];
            let before = &text[..found.start()];
            let is_apart = ends_in_escape(before)
                || before.last().is_none_or(|byte| !subject.joins_before(*byte));
            (is_apart && !subject.joins_after(&text[found.end()..])).then_some(subject)
        })
    }
}

/// Tells whether a text ends in `%3D`, `\u003d` or `\n`, whose letters belong to no name.
fn ends_in_escape(text: &[u8]) -> bool {
    let is_hex = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_hexdigit);
    let end = |n: usize| text.len().checked_sub(n).map_or(&b""[..], |at| &text[at..]);
    let is_short = |end: &[u8]| matches!(end, [b'\\', letter] if b"nrtbf".contains(letter));
    (end(3).starts_with(b"%") && is_hex(&end(3)[1..]))
        || (end(6).starts_with(b"\\u") && is_hex(&end(6)[2..]))
        || is_short(end(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(subject: &Subject, text: &str) -> bool {
        let finder = Finder::new(std::slice::from_ref(subject)).unwrap();
        finder.find(text.as_bytes()).next().is_some()
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
