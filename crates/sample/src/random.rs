//! Dice: reproducible randomness, addressed by what it is thrown for.
//!
//! Every fact of the sample world is drawn from its own `ChaCha8` stream, whose key is the seed, the
//! topic and the subject's number. So a company or a person can be derived again whenever it is
//! needed instead of being kept in memory, and drawing one fact more for one subject changes no
//! other subject. Only integer arithmetic is used: the same plan gives the same bytes anywhere.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a stream of dice throws decides.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Topic {
    /// Who a visitor is: person or bot, device, site.
    Visitor = 1,
    /// When a visitor comes, and through which channels.
    Journey = 2,
    /// The moments of one session.
    Timeline = 3,
    /// Referrer, utm and click ids of one session.
    Touch = 4,
    /// Pages and signals of one session.
    Activity = 5,
    /// Network facts and other small print of one session.
    Session = 6,
    /// A person's facts.
    Person = 7,
    /// A person's past: employments, education, skills.
    Career = 8,
    /// A company's facts.
    Company = 9,
    /// A company's figures: revenue, traffic, funding.
    Figures = 10,
    /// Random parts of a session's and an event's id.
    Ids = 11,
}

/// A stream of reproducible throws.
#[derive(Debug)]
pub(crate) struct Dice {
    rng: ChaCha8Rng,
}

impl Dice {
    /// Opens the stream of `topic` for `subject` (a visitor, person or company number) and, where
    /// the subject has several, the `ordinal` of its session.
    pub(crate) fn new(seed: u64, topic: Topic, subject: u64, ordinal: u64) -> Self {
        let mut key = [0_u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8] = topic as u8;
        key[16..24].copy_from_slice(&subject.to_le_bytes());
        key[24..].copy_from_slice(&ordinal.to_le_bytes());
        Self { rng: ChaCha8Rng::from_seed(key) }
    }

    /// Draws a number in `0..n`; 0 when `n` is 0.
    pub(crate) fn below(&mut self, n: u32) -> u32 {
        let scaled = u64::from(self.rng.next_u32()) * u64::from(n);
        u32::try_from(scaled >> 32).expect("a 64-bit number shifted by 32 fits 32 bits")
    }

    /// Draws a number in `low..=high`, which must span fewer than 2^32 values.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        let n_values = u32::try_from(high - low + 1).expect("callers give short, rising ranges");
        low + i64::from(self.below(n_values))
    }

    /// Says yes `per_mille` times in a thousand.
    pub(crate) fn chance(&mut self, per_mille: u32) -> bool {
        self.below(1000) < per_mille
    }

    /// Gives `value` except `per_mille` times in a thousand.
    pub(crate) fn unless<T>(&mut self, per_mille: u32, value: T) -> Option<T> {
        if self.chance(per_mille) { None } else { Some(value) }
    }

    /// Draws one of `items`, each as likely as the others, and copies it.
    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.position(items.len())]
    }

    /// Draws one of `items`, each as likely as the others, from a table in place.
    pub(crate) fn choose<T>(&mut self, items: &'static [T]) -> &'static T {
        &items[self.position(items.len())]
    }

    /// Draws one of `items`, as likely as its `weight` says.
    pub(crate) fn weigh<T>(
        &mut self,
        items: &'static [T],
        weight: impl Fn(&T) -> u32,
    ) -> &'static T {
        let mut left = self.below(items.iter().map(&weight).sum());
        for item in items {
            if left < weight(item) {
                return item;
            }
            left -= weight(item);
        }
        &items[items.len() - 1]
    }

    /// Draws a number in `1..=n`, small numbers far more often: the 1/x law of sizes.
    ///
    /// Each doubling is as likely as any other; inside a doubling all numbers are alike.
    pub(crate) fn skewed(&mut self, n: u32) -> u32 {
        let doublings = u32::BITS - n.leading_zeros();
        loop {
            let low = 1_u32 << self.below(doublings);
            let drawn = low + self.below(low);
            if drawn <= n {
                return drawn;
            }
        }
    }

    /// Draws 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.rng.next_u64()
    }

    fn position(&mut self, n_items: usize) -> usize {
        let n = u32::try_from(n_items).expect("vocabularies are short");
        self.below(n) as usize
    }
}
