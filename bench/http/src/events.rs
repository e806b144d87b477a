//! Events in memory, each to be sent any number of times under ids of its own.

use std::path::Path;

use anyhow::{Context as _, ensure};

/// What every body starts with; its id follows.
pub const OPENING: &[u8] = b"{\"id\":\"";
/// Bytes of an id: `evt_` and 26 characters.
pub const ID_BYTES: usize = 30;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Ids that share a millisecond.
const IDS_A_MILLISECOND: u64 = 32;

/// The lines of a file of events.
#[derive(Debug)]
pub struct Events {
    text: Vec<u8>,
    /// Where each body goes on behind its id, and where it ends.
    rests: Vec<(usize, usize)>,
}

impl Events {
    /// Reads a file of one event a line.
    ///
    /// # Errors
    /// If the file can't be read, is empty, or has a line that does not start with an id.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read(path).with_context(|| path.display().to_string())?;
        let mut rests = vec![];
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', &text) {
            let line = &text[start..end];
            let rest = OPENING.len() + ID_BYTES;
            ensure!(
                line.starts_with(OPENING) && line.get(rest) == Some(&b'"'),
                "{}, line {}: does not start with an id of {ID_BYTES} bytes",
                path.display(),
                rests.len() + 1
            );
            rests.push((start + rest, end));
            start = end + 1;
        }
        ensure!(!rests.is_empty(), "{}: no events", path.display());
        Ok(Self { text, rests })
    }

    /// Returns what follows the id in the body of the `n`th event; the file goes round.
    #[must_use]
    pub fn rest(&self, n: u64) -> &[u8] {
        let index = usize::try_from(n % self.rests.len() as u64).expect("less than a length");
        let (start, end) = self.rests[index];
        &self.text[start..end]
    }
}

/// Ids that no earlier process made: time, then digits that differ, as a ULID has them.
#[derive(Debug, Clone, Copy)]
pub struct Ids {
    started_at_ms: u64,
}

impl Ids {
    /// Makes ids from a time, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn new(started_at_ms: u64) -> Self {
        Self { started_at_ms }
    }

    /// Returns the `n`th id.
    #[must_use]
    pub fn id(&self, n: u64) -> [u8; ID_BYTES] {
        let mut id = *b"evt_00000000000000000000000000";
        write_digits(self.started_at_ms + n / IDS_A_MILLISECOND, &mut id[4..14]);
        write_digits(scatter(n), &mut id[14..]);
        id
    }
}

/// Writes a number's last digits to the base of 32.
fn write_digits(mut number: u64, digits: &mut [u8]) {
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(number & 31) as usize];
        number >>= 5;
    }
}

/// Spreads numbers over all 64 bits, no two to the same place (the finisher of `SplitMix64`).
fn scatter(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_differ_and_rise_with_time() {
        let ids = Ids::new(1_767_225_600_000);
        let made: Vec<_> = (0..10_000).map(|n| ids.id(n)).collect();
        assert_eq!(made.iter().collect::<HashSet<_>>().len(), made.len());
        assert!(made[0].starts_with(b"evt_01KDV"));
        assert!(made[0][..14] < made[9_999][..14]);
    }
}
