//! Secrets as people give them: pasted with quotes, in lists, out of an `.env` file.
//!
//! What is surely meant is read; [`super::secret`] refuses what is left and is no secret.

use super::secret::PREFIX;

/// Pairs that stand around a pasted text.
const QUOTES: [(char, char); 8] = [
    ('"', '"'),
    ('\'', '\''),
    ('`', '`'),
    ('“', '”'),
    ('„', '“'),
    ('‘', '’'),
    ('«', '»'),
    ('[', ']'),
];
/// Characters that nobody sees, around what was copied from a page.
const INVISIBLE: [char; 5] = ['\u{feff}', '\u{200b}', '\u{200e}', '\u{200f}', '\u{2060}'];

/// Returns the secrets of a text, separated by white space; those with `whsec_` by commas or
/// semicolons too.
#[must_use]
pub fn secrets(text: &str) -> Vec<&str> {
    let mut found = vec![];
    for word in bare(text).lines().flat_map(|line| assigned(line).split_whitespace()) {
        let parts: Vec<&str> = word.split([',', ';']).map(bare).collect();
        // The version of a signature, `v1`, which some consoles show before the secret.
        let meant = parts.iter().filter(|part| !part.is_empty() && **part != "v1");
        if meant.clone().all(|part| part.starts_with(PREFIX)) {
            found.extend(meant);
        } else {
            found.push(bare(word));
        }
    }
    found
}

/// Takes off what stands around a text and is no part of it.
fn bare(text: &str) -> &str {
    let is_outside = |letter: char| letter.is_whitespace() || INVISIBLE.contains(&letter);
    let mut text = text.trim_matches(is_outside);
    // With another quote inside, those at the ends are not each other's.
    while let Some(inner) = QUOTES.iter().find_map(|(open, close)| {
        let inner = text.strip_prefix(*open)?.strip_suffix(*close)?;
        (!inner.contains([*open, *close])).then_some(inner)
    }) {
        text = inner.trim_matches(is_outside);
    }
    text
}

/// Returns what a line assigns to the variable of secrets, else the line.
fn assigned(line: &str) -> &str {
    let line = bare(line);
    let assignment = line.strip_prefix("export ").unwrap_or(line).trim_start();
    bare(assignment.strip_prefix("TRIBUTARY_WEBHOOK_SECRETS=").unwrap_or(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const B: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    #[test]
    fn what_is_surely_meant_is_read() {
        for text in [
            A.to_owned(),
            format!("\u{feff}{A}\r\n"),
            format!("  {A} \n\n"),
            format!("\"{A}\"\n"),
            format!("'{A}'"),
            format!("“{A}”"),
            format!("\u{200b}{A}\u{a0}"),
            format!("v1,{A}"),
            format!("\"v1,{A}\""),
            format!("{A},"),
            format!("export TRIBUTARY_WEBHOOK_SECRETS=\"{A}\"\n"),
            format!("TRIBUTARY_WEBHOOK_SECRETS={A}"),
        ] {
            assert_eq!(secrets(&text), [A], "{text:?}");
        }
        for text in [
            format!("{A} {B}"),
            format!("{A},{B}"),
            format!("{A}, {B}\n"),
            format!("{A};{B}"),
            format!("\"{A}\", \"{B}\""),
            format!("[\"{A}\",\"{B}\"]"),
            format!("\"{A} {B}\""),
            format!("v1,{A} v1,{B}"),
            format!("TRIBUTARY_WEBHOOK_SECRETS='{A} {B}'"),
            format!("{A}\r\n{B}\r\n"),
        ] {
            assert_eq!(secrets(&text), [A, B], "{text:?}");
        }
    }

    #[test]
    fn what_may_be_part_of_a_secret_is_kept() {
        for text in ["legacy_test_secret", "a,secret;of-its=own", "it's", "v1"] {
            let kept: &[&str] = if text == "v1" { &[] } else { &[text] };
            assert_eq!(secrets(text), kept, "{text}");
        }
        assert_eq!(secrets("\u{feff}\r\n"), [""; 0]);
    }
}
