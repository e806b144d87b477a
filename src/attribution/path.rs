//! A path as text: its channels joined by ` > `, `Email > Paid Search`.
//!
//! A name is written as it is, but for what would be read as something else: `\` and `>` have a
//! `\` before them, and so have a blank at either end and a `'` at the beginning. So `a > b` as
//! one name is `a \> b`. The other direction is `queries/macros/path_step.sql`. A `\` before
//! anything else stands for itself.

use std::borrow::Cow;

/// What a `\` may stand before.
const ESCAPED: [char; 4] = ['\\', '>', ' ', '\''];
/// Characters of a path that a message shows.
const SHOWN_MAX: usize = 100;

/// Reads the names of a path; unescaped blanks around them don't count.
///
/// # Errors
/// A sentence that says what is wrong with the path, and how to write it.
pub fn parse_path(path: &str) -> Result<Vec<Cow<'_, str>>, String> {
    let mut names = vec![];
    let (mut start, mut is_blank) = (0, false);
    let mut characters = path.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if character == '\\' && characters.next_if(|(_, next)| ESCAPED.contains(next)).is_some() {
            is_blank = false;
            continue;
        }
        if character == '>' {
            if !is_blank || characters.peek().is_none_or(|(_, next)| *next != ' ') {
                return Err(format!(
                    "`{}` has a `>` without a blank on either side; write ` > ` between channels, \
                     and `\\>` for one within a name",
                    shown(path)
                ));
            }
            names.push(name(&path[start..at]));
            start = at + 1;
        }
        is_blank = character == ' ';
    }
    names.push(name(&path[start..]));
    if names.iter().any(|name| name.is_empty()) {
        let path = shown(path);
        return Err(format!(
            "`{path}` is no path; write channels joined by ` > `, none of them empty"
        ));
    }
    Ok(names)
}

/// Reads a name, without the blanks around it.
fn name(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text.trim_matches(' '));
    }
    let mut name = String::with_capacity(text.len());
    let mut end = 0;
    let mut characters = text.trim_start_matches(' ').chars().peekable();
    while let Some(character) = characters.next() {
        let escaped = if character == '\\' {
            characters.next_if(|next| ESCAPED.contains(next))
        } else {
            None
        };
        name.push(escaped.unwrap_or(character));
        if escaped.is_some() || character != ' ' {
            end = name.len();
        }
    }
    name.truncate(end);
    Cow::Owned(name)
}

/// Returns the beginning of a path on one line.
fn shown(path: &str) -> String {
    let mut shown: String = path
        .chars()
        .take(SHOWN_MAX)
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    if path.chars().nth(SHOWN_MAX).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Writes a name as `queries/macros/path_step.sql` does.
    fn step(name: &str) -> String {
        let inner = |text: &str| text.replace('\\', "\\\\").replace('>', "\\>");
        let head = if name.starts_with([' ', '\'']) { "\\" } else { "" };
        match name.strip_suffix(' ') {
            Some(rest) if !rest.is_empty() => format!("{head}{}\\ ", inner(rest)),
            _ => format!("{head}{}", inner(name)),
        }
    }

    fn check(path: &str, expected: &[&str]) {
        assert_eq!(parse_path(path).unwrap(), expected, "{path}");
    }

    #[test]
    fn ordinary_names_are_as_they_are() {
        check("Paid Search > Email", &["Paid Search", "Email"]);
        check("  Paid Social  >  Organic Search ", &["Paid Social", "Organic Search"]);
        check(r"C:\temp > a\", &[r"C:\temp", r"a\"]);
    }

    #[test]
    fn what_would_be_read_as_something_else_is_escaped() {
        check(r"a \> b > c", &["a > b", "c"]);
        check(r"\> > \\\> > \ x\  > \'=1", &[">", r"\>", " x ", "'=1"]);
        check(r"\  > \ \ ", &[" ", "  "]);
    }

    #[test]
    fn no_separator_is_guessed() {
        for path in ["Facebook>Google", "a ->b", "a> b", "a >", "> a", "a\\ > b"] {
            let error = parse_path(path).unwrap_err();
            assert!(error.contains("` > `") && error.contains(path), "{error}");
        }
        for path in ["", " ", "a > > b", "a > "] {
            assert!(parse_path(path).unwrap_err().contains("none of them empty"), "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_names_come_back(names in prop::collection::vec(r"[\\> 'a\t\n=é]{1,6}", 1..5)) {
            let steps: Vec<String> = names.iter().map(|name| step(name)).collect();
            let path = steps.join(" > ");
            prop_assert_eq!(parse_path(&path).unwrap(), names);
        }

        #[test]
        fn no_text_panics(text in ".*") {
            _ = parse_path(&text);
        }
    }
}
