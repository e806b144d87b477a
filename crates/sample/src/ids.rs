//! Identifiers in the vendor's style: ULIDs, some with a prefix.
//!
//! A ULID is 26 characters of Crockford's base 32: ten of the time in milliseconds, then sixteen
//! of eighty random bits (<https://github.com/ulid/spec>).

use super::random::Dice;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const BASE_36: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Makes the ULID of a moment in Unix milliseconds (0 if before 1970).
pub(crate) fn ulid(time_ms: i64, dice: &mut Dice) -> String {
    let mut text = String::with_capacity(26);
    push_base_32(&mut text, u64::try_from(time_ms).unwrap_or(0), 10);
    push_base_32(&mut text, dice.bits(), 8);
    push_base_32(&mut text, dice.bits(), 8);
    text
}

/// Makes an opaque token of `n_characters`, such as an advertising click id.
pub(crate) fn token(n_characters: usize, dice: &mut Dice) -> String {
    let mut text = String::with_capacity(n_characters);
    while text.len() < n_characters {
        let mut bits = dice.bits();
        for _ in 0..10.min(n_characters - text.len()) {
            text.push(char::from(URL_SAFE[(bits & 63) as usize]));
            bits >>= 6;
        }
    }
    text
}

/// Writes a number in base 36, as short as it gets.
pub(crate) fn base_36(number: u64) -> String {
    let mut digits = Vec::new();
    let mut left = number;
    loop {
        digits.push(BASE_36[(left % 36) as usize]);
        left /= 36;
        if left == 0 {
            break;
        }
    }
    digits.iter().rev().map(|digit| char::from(*digit)).collect()
}

fn push_base_32(text: &mut String, bits: u64, n_characters: u32) {
    for position in (0..n_characters).rev() {
        text.push(char::from(ALPHABET[((bits >> (5 * position)) & 31) as usize]));
    }
}

#[cfg(test)]
mod tests {
    use super::{Dice, base_36, ulid};
    use crate::random::Topic;

    #[test]
    fn ulids_begin_with_their_time() {
        // The time of the specification's own example.
        let id = ulid(1_469_922_850_259, &mut Dice::new(1, Topic::Ids, 2, 3));
        assert_eq!((id.len(), &id[..10]), (26, "01ARZ3NDEK"));
    }

    #[test]
    fn base_36_has_no_leading_zeros() {
        assert_eq!((base_36(0), base_36(35), base_36(36)), ("0".into(), "z".into(), "10".into()));
    }
}
