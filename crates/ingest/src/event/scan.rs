//! A look at a JSON text before any parser sees it: how deep it nests, how many values it holds.
//!
//! Parsers differ in what they do with a hostile text: some recurse until the stack ends, some
//! keep a tree of every value. This look needs no stack and no memory, and what it refuses no
//! parser gets. It does not tell whether the text is JSON; that is the parser's work.

use memchr::memchr2;

/// Objects and lists within each other at most.
pub const DEPTH_MAX: usize = 64;
/// Values at most: members, elements, and the text itself.
pub const VALUES_MAX: usize = 1_000_000;

/// What there is too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// It nests deeper than [`DEPTH_MAX`]; the offset of the first byte that does.
    Depth(usize),
    /// It holds more than [`VALUES_MAX`] values; the offset of the first one beyond.
    Values(usize),
}

/// Looks at a text.
///
/// # Errors
/// The first [`Excess`].
pub fn check(json: &[u8]) -> Result<(), Excess> {
    let (mut depth, mut n_values) = (0_usize, 1_usize);
    let mut at = 0;
    while let Some(&byte) = json.get(at) {
        match byte {
            b'"' => at = end_of_string(json, at + 1),
            b'{' | b'[' => {
                depth += 1;
                n_values += usize::from(!matches!(json.get(at + 1), Some(b'}' | b']')));
                if depth > DEPTH_MAX {
                    return Err(Excess::Depth(at));
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => n_values += 1,
            _ => {}
        }
        if n_values > VALUES_MAX {
            return Err(Excess::Values(at));
        }
        at += 1;
    }
    Ok(())
}

/// Returns the offset of the quote that ends a string whose text begins at `start`.
pub fn end_of_string(json: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(found) = json.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += found;
        if json[at] == b'"' {
            return at;
        }
        at += 2;
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_counts_outside_of_strings_only() {
        let nested = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
        assert_eq!(check(nested(DEPTH_MAX).as_bytes()), Ok(()));
        assert_eq!(check(nested(DEPTH_MAX + 1).as_bytes()), Err(Excess::Depth(DEPTH_MAX)));
        let text = format!(r#"{{"a\"{}":"\\{}"}}"#, "[".repeat(100), "{".repeat(100));
        assert_eq!(check(text.as_bytes()), Ok(()));
    }

    #[test]
    fn values_are_counted() {
        // The list itself, and what is in it.
        let list =
            |n: usize, value: &str| format!("[{value}{}]", format!(",{value}").repeat(n - 1));
        for value in ["0", "{}", "\"a,b\""] {
            assert_eq!(check(list(VALUES_MAX - 1, value).as_bytes()), Ok(()), "{value}");
            let excess = check(list(VALUES_MAX, value).as_bytes());
            assert!(matches!(excess, Err(Excess::Values(_))), "{value}: {excess:?}");
        }
    }

    #[test]
    fn a_text_of_brackets_alone_needs_no_stack() {
        assert_eq!(check(&vec![b'['; 8 << 20]), Err(Excess::Depth(DEPTH_MAX)));
        assert_eq!(check(&vec![b']'; 8 << 20]), Ok(()));
        assert_eq!(check(b"\"\\"), Ok(()));
        assert_eq!(check(b"\"open"), Ok(()));
    }
}
