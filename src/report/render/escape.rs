//! Text from the outside made safe to show.
//!
//! A page title or a campaign name is written by strangers. Shown as it is, an escape sequence in
//! it could recolour a terminal, rename its window or hide a row.

use unicode_width::UnicodeWidthStr;

const ZERO_WIDTH_JOINER: char = '\u{200d}';

/// Returns whether `character` steers a terminal or the order of the text around it rather than
/// showing: controls (C0, DEL, C1), line separators, and bidirectional marks, embeddings and
/// isolates.
pub(super) fn is_steering(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'
                | '\u{2029}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
        )
}

/// Appends `character`, one that steers as `\n`, `\t`, `\r` or `\u{1b}`.
pub(super) fn push(character: char, out: &mut String) {
    if is_steering(character) {
        out.extend(character.escape_default());
    } else {
        out.push(character);
    }
}

/// Returns `text` with every character that steers written as `\n`, `\u{1b}` and the like.
#[must_use]
pub fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|character| push(character, &mut out));
    out
}

/// Cuts `text` to `width_max` columns, the last of which then shows `…`.
///
/// Looks at the first `4 * width_max` characters only: more in so few columns is a heap of
/// combining marks.
pub(super) fn cut(text: &mut String, width_max: usize) {
    let end = text.char_indices().nth(width_max * 4).map(|(end, _)| end);
    if end.is_none() && text.width() <= width_max {
        return;
    }
    text.truncate(end.unwrap_or(text.len()));
    let mut width = text.width();
    while width >= width_max {
        // A character takes two columns at most, so this never drops more than needed.
        let n_dropped = ((width + 1 - width_max) / 2).max(1);
        let kept = text.char_indices().rev().nth(n_dropped - 1).map_or(0, |(idx, _)| idx);
        text.truncate(kept);
        width = text.width();
    }
    while text.ends_with(ZERO_WIDTH_JOINER) {
        text.pop();
    }
    text.push('…');
}
