//! What a log shows of the least and the greatest text of a column.
//!
//! A visitor types what a campaign is called, and nothing is ever taken out of a log's entries. So
//! a bound shows no more than the first word or words: an address, a host or a page ends at its
//! first sign, and nothing is longer than [`LETTERS_MAX`]. A lower bound may be any text that is
//! not greater, an upper one any that is not less, in the order of code points, which is that of
//! UTF-8's bytes.

/// Letters of a bound at most, but for the one that an upper bound has more.
const LETTERS_MAX: usize = 16;

/// Returns a beginning of a text: not greater than any text that begins so.
pub(super) fn lower(text: &str) -> &str {
    &text[..shown_bytes(text)]
}

/// Returns a text that is not less than `text`: itself, if it can be shown, else the first one
/// behind all that begin like it.
pub(super) fn upper(text: &str) -> String {
    let Some(next) = text[shown_bytes(text)..].chars().next() else { return text.to_owned() };
    let mut bound = text[..shown_bytes(text) + next.len_utf8()].to_owned();
    while let Some(last) = bound.pop() {
        if let Some(next) = letter_behind(last) {
            bound.push(next);
            return bound;
        }
    }
    // Nothing but the last of all letters.
    text.to_owned()
}

/// Returns how many bytes of a text can be shown.
fn shown_bytes(text: &str) -> usize {
    let is_shown = |letter: char| letter.is_alphanumeric() || " -_".contains(letter);
    let mut letters = text.char_indices().enumerate();
    let first = letters.find(|(n, (_, letter))| *n == LETTERS_MAX || !is_shown(*letter));
    first.map_or(text.len(), |(_, (at, _))| at)
}

fn letter_behind(letter: char) -> Option<char> {
    match u32::from(letter) + 1 {
        // What lies between is no letter but half of one in UTF-16.
        0xD800 => Some('\u{E000}'),
        code => char::from_u32(code),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn short_words_are_shown_and_addresses_are_not() {
        for text in ["", "google", "Paid Search", "spring-sale_2026", "Jürgen"] {
            assert_eq!((lower(text), upper(text).as_str()), (text, text));
        }
        assert_eq!(lower("ada@example.com"), "ada");
        assert_eq!(upper("ada@example.com"), "adaA");
        assert_eq!(lower("acme.example"), "acme");
        assert_eq!(upper("acme.example"), "acme/");
        assert_eq!(lower("spring-sale-2026-b"), "spring-sale-2026");
        assert_eq!(upper("spring-sale-2026-b"), "spring-sale-2026.");
    }

    #[test]
    fn the_last_letters_are_passed_over() {
        assert_eq!(upper("a\u{D7FF}"), "a\u{E000}");
        assert_eq!(upper("a\u{10FFFF}b"), "b");
        assert_eq!(upper("\u{10FFFF}\u{10FFFF}"), "\u{10FFFF}\u{10FFFF}");
    }

    proptest! {
        #[test]
        fn bounds_enclose_the_text(text in ".*|[a-c\u{10FFFE}\u{10FFFF}]{0,40}") {
            prop_assert!(lower(&text) <= text.as_str());
            prop_assert!(upper(&text).as_str() >= text.as_str());
        }
    }
}
