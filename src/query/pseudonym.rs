//! Other names for people: the same for the same person, and nobody's for who lacks the key.
//!
//! A pseudonym is `p_` and 96 bits of an HMAC under a key that a process makes for itself. So joins
//! and distinct counts come out as with the names themselves, and nobody can try out whose
//! pseudonym one is.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, StringBuilder};
use arrow::datatypes::DataType;
use datafusion::common::{Result, exec_datafusion_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

const NAME: &str = "masked";
/// Bytes of a digest that a pseudonym shows.
const SHOWN_BYTES: usize = 12;
/// What names a key and is no pseudonym: those come from texts, which have no such byte.
const KEY_NAME: &[u8] = b"\xffkey";

/// The key of pseudonyms; it is nowhere shown or stored.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct MaskKey(Arc<[u8]>);

impl fmt::Debug for MaskKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MaskKey")
    }
}

impl MaskKey {
    /// Makes a key that nobody knows.
    #[must_use]
    pub fn random() -> Self {
        let halves = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()];
        Self(halves.iter().flat_map(|half| half.into_bytes()).collect())
    }

    /// Returns a name of the key, which tells nothing of it.
    #[must_use]
    pub fn name(&self) -> String {
        Masker::new(self).pseudonym(KEY_NAME)
    }
}

/// What a text is, and so what is done to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum How {
    /// Who somebody is: a pseudonym.
    Person,
    /// A text in which an address may stand: those words are pseudonyms.
    Text,
    /// An address on the web: a text whose query is a pseudonym.
    Url,
}

/// The function: a text in, what may be shown of it out.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Masked {
    how: How,
    key: MaskKey,
    signature: Signature,
}

impl Masked {
    pub(super) fn new(how: How, key: &MaskKey) -> Self {
        let signature = Signature::exact(vec![DataType::Utf8], Volatility::Immutable);
        Self { how, key: key.clone(), signature }
    }
}

impl ScalarUDFImpl for Masked {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let text = args.args.first().ok_or_else(|| exec_datafusion_err!("{NAME} takes a text"))?;
        let texts = text.to_array(args.number_rows)?;
        Ok(ColumnarValue::Array(Masker::new(&self.key).all(self.how, &texts)))
    }
}

/// Makes pseudonyms.
struct Masker(Hmac<Sha256>);

impl Masker {
    fn new(key: &MaskKey) -> Self {
        Self(Hmac::new_from_slice(&key.0).expect("a key of any length is one"))
    }

    fn all(&self, how: How, texts: &ArrayRef) -> ArrayRef {
        let column = texts.as_string::<i32>();
        if how == How::Text && !may_name_someone(column.value_data()) {
            return Arc::clone(texts);
        }
        let mut known: HashMap<&str, Cow<'_, str>> = HashMap::new();
        let mut masked = StringBuilder::with_capacity(column.len(), column.value_data().len());
        for text in column {
            masked.append_option(
                text.map(|text| &**known.entry(text).or_insert_with(|| self.one(how, text))),
            );
        }
        Arc::new(masked.finish())
    }

    fn one<'t>(&self, how: How, text: &'t str) -> Cow<'t, str> {
        match how {
            How::Person => self.person(text).into(),
            How::Text => self.text(text),
            How::Url => match text.find(['?', '#']) {
                Some(at) => {
                    let query = self.pseudonym(&text.as_bytes()[at..]);
                    format!("{}?{query}", self.text(&text[..at])).into()
                }
                None => self.text(text),
            },
        }
    }

    /// The same person's for an e-mail in whatever case it is written.
    fn person(&self, text: &str) -> String {
        let text = text.trim();
        match text.contains('@') {
            true => self.pseudonym(text.to_lowercase().as_bytes()),
            false => self.pseudonym(text.as_bytes()),
        }
    }

    fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if !may_name_someone(text.as_bytes()) {
            return text.into();
        }
        let word = |word: &str| {
            let (word, between) = word.split_at(word.trim_end_matches(is_between).len());
            match names_someone(word) {
                true => self.pseudonym(word.as_bytes()) + between,
                false => word.to_owned() + between,
            }
        };
        text.split_inclusive(is_between).map(word).collect::<String>().into()
    }

    fn pseudonym(&self, bytes: &[u8]) -> String {
        let mut mac = self.0.clone();
        mac.update(bytes);
        let digest = mac.finalize().into_bytes();
        let hex = digest.iter().take(SHOWN_BYTES).map(|byte| format!("{byte:02x}"));
        std::iter::once("p_".to_owned()).chain(hex).collect()
    }
}

/// Tells whether a character stands between words.
fn is_between(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || "/?#&=;,<>\"'()[]{}|\\".contains(character)
}

/// Tells whether an e-mail can stand in a text; only with an at sign, as it is or as `%40`.
fn may_name_someone(text: &[u8]) -> bool {
    memchr::memchr(b'@', text).is_some() || memchr::memmem::find(text, b"40").is_some()
}

/// Tells whether a word is an e-mail: with something in front of an at sign.
fn names_someone(word: &str) -> bool {
    let escaped = |at: usize| {
        // `%40`, `%2540` and so on, as often as it was escaped.
        let mut before = &word[..at];
        while let Some(shorter) = before.strip_suffix("25") {
            before = shorter;
        }
        before.strip_suffix('%').is_some_and(|before| !before.is_empty())
    };
    word.match_indices('@').any(|(at, _)| at > 0)
        || word.match_indices("40").any(|(at, _)| escaped(at))
}

#[cfg(test)]
mod tests {
    use arrow::array::StringArray;

    use super::*;

    fn masker() -> Masker {
        Masker::new(&MaskKey(Arc::from(*b"0123456789abcdef")))
    }

    #[test]
    fn who_is_the_same_has_the_same_pseudonym() {
        let masker = masker();
        let ann = masker.one(How::Person, "ann@acme.com");
        assert_eq!(ann.len(), 2 + 2 * SHOWN_BYTES);
        assert!(ann.starts_with("p_"), "{ann}");
        assert_eq!(masker.one(How::Person, " Ann@ACME.com "), ann);
        for other in ["bob@acme.com", "ann@acme.org", "linkedin.com/in/ann", "ACoAAB", "acoaab", ""]
        {
            assert_ne!(masker.one(How::Person, other), ann, "{other}");
        }
        let ids = ["ACoAAB", "acoaab"].map(|id| masker.one(How::Person, id));
        assert_ne!(ids[0], ids[1], "ids tell cases apart");
    }

    #[test]
    fn another_key_has_other_pseudonyms_and_neither_is_shown() {
        let [one, other] = [MaskKey::random(), MaskKey::random()];
        let ann = |key| Masker::new(key).one(How::Person, "ann@acme.com").into_owned();
        assert_ne!(ann(&one), ann(&other));
        assert_ne!(one.name(), other.name());
        assert_eq!(one.name(), one.clone().name());
        assert_eq!(format!("{one:?}"), "MaskKey");
    }

    #[test]
    fn an_address_in_a_text_is_masked_and_the_rest_stays() {
        let masker = masker();
        for text in ["", "spring sale", "@brand", "/a/40%/b", "/2540/x", "100% @ 40", "/café/@me"]
        {
            assert_eq!(masker.one(How::Text, text), text);
        }
        let token = |token: &str| masker.pseudonym(token.as_bytes());
        for (text, front, address, rest) in [
            ("ann@acme.com", "", "ann@acme.com", ""),
            ("/u/ann@acme.com/x", "/u/", "ann@acme.com", "/x"),
            ("mail ann%40acme.com, now", "mail ", "ann%40acme.com", ", now"),
            ("/to/ann%2540acme.com", "/to/", "ann%2540acme.com", ""),
            ("https://ann:pw@acme.com/", "https://", "ann:pw@acme.com", "/"),
            ("é@ü.de|x", "", "é@ü.de", "|x"),
        ] {
            let expected = format!("{front}{}{rest}", token(address));
            let masked = masker.one(How::Text, text);
            // What stands in front of a colon belongs to the word.
            assert_eq!(masked, expected, "{text}");
        }
    }

    #[test]
    fn of_a_web_address_the_query_is_hidden_and_told_apart() {
        let masker = masker();
        let url = |url: &str| masker.one(How::Url, url).into_owned();
        assert_eq!(url("https://acme.com/a"), "https://acme.com/a");
        let [one, other] =
            ["name=Ann", "name=Bob"].map(|query| url(&format!("https://a.b/?{query}")));
        assert!(one.starts_with("https://a.b/?p_") && other.starts_with("https://a.b/?p_"));
        assert_ne!(one, other);
        assert!(!url("https://a.b/#ann").contains("ann"));
        assert!(!url("/ann@acme.com?x").contains("acme"));
    }

    #[test]
    fn a_column_is_masked_row_by_row() {
        let masker = masker();
        let rows = vec![Some("ann@acme.com"), None, Some("x"), Some("ann@acme.com")];
        let column: ArrayRef = Arc::new(StringArray::from(rows));
        let masked = masker.all(How::Text, &column);
        let masked = masked.as_string::<i32>();
        assert_eq!(masked.value(0), masked.value(3));
        assert!(masked.is_null(1) && masked.value(2) == "x");
        let plain: ArrayRef = Arc::new(StringArray::from(vec![Some("x"), None]));
        assert_eq!(&masker.all(How::Text, &plain), &plain);
    }

    proptest::proptest! {
        #[test]
        fn no_text_shows_an_address_that_stands_in_it(front in ".*", near in "[@%40/a ]*", back in ".*") {
            let masker = masker();
            let text = format!("{front}{near}ann.doe@acme.example{back}");
            for how in [How::Person, How::Text, How::Url] {
                let masked = masker.one(how, &text);
                proptest::prop_assert!(!masked.contains("ann.doe"), "{}", masked);
            }
        }
    }
}
