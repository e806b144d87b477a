//! The last deliveries of webhooks, kept in memory for a page that shows them, and what an operator
//! can do about each reason to refuse one.
//!
//! Kept are time, answer, size and id; no body, no signature, and no id that could be anything
//! else than one.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Deliveries that are kept.
const KEPT_MAX: usize = 100;
/// A longer id is not kept.
const ID_BYTES_MAX: usize = 64;

/// A delivery that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// When it was answered, milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// The status that it was answered with.
    pub status: u16,
    /// The name under which the answer is counted.
    pub answer: &'static str,
    /// Bytes of its body as announced, if they were.
    pub n_bytes: Option<u64>,
    /// The id of its header, if that is one.
    pub id: Option<String>,
}

/// The last deliveries.
#[derive(Debug, Default)]
pub struct Deliveries(Mutex<VecDeque<Delivery>>);

impl Deliveries {
    /// Keeps a delivery, and lets the oldest go if there are too many.
    pub fn push(&self, delivery: Delivery) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT_MAX {
            kept.pop_front();
        }
        kept.push_back(delivery);
    }

    /// Returns what is kept, the latest first.
    #[must_use]
    pub fn latest(&self) -> Vec<Delivery> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().rev().cloned().collect()
    }
}

/// Returns an id if it has the form of one: it comes from whoever sends, signed or not.
#[must_use]
pub fn shown_id(id: &[u8]) -> Option<String> {
    let is_of_id = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.:".contains(byte);
    let is_id = (1..=ID_BYTES_MAX).contains(&id.len()) && id.iter().all(is_of_id);
    is_id.then(|| String::from_utf8_lossy(id).into_owned())
}

/// Returns what an operator can do about webhooks that are answered so; none if nothing is to be
/// done.
#[must_use]
pub fn remedy(answer: &str) -> Option<&'static str> {
    Some(match answer {
        "bad_signature" => {
            "compare the secret with the one that the sender shows for this endpoint (each endpoint \
             has its own), and --key-encoding with how the sender reads it; `tributary check` reads \
             the secrets as `serve` does"
        }
        "timestamp" => {
            "compare this machine's clock with the true time: the webhook was signed more than 5 \
             minutes before or after; a proxy that holds requests back does the same"
        }
        "missing_header" => {
            "let the proxy in front pass on the headers webhook-id, webhook-timestamp and \
             webhook-signature; a sender that does not sign is refused"
        }
        "malformed_header" => {
            "let the proxy in front pass on the headers webhook-id, webhook-timestamp and \
             webhook-signature as they come"
        }
        "not_json" => {
            "let the sender, or the proxy in front, give the content type application/json without \
             a content encoding"
        }
        "not_an_event" => "send events: a JSON object with an id, a type and data",
        "too_large" => "raise --max-body, and the proxy's own limit",
        "too_slow" => "raise --body-timeout, or let the proxy in front buffer requests",
        "broken" => "look at the connection between sender, proxy and this machine",
        "busy" => "raise --max-in-flight; the sender tries again",
        "full" => {
            "let the lake take what waits, or raise the journal's limits; the sender tries again"
        }
        "storage" => "look at the journal's disk; the sender tries again",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(at_ms: i64) -> Delivery {
        Delivery { at_ms, status: 200, answer: "accepted", n_bytes: None, id: None }
    }

    #[test]
    fn the_last_hundred_are_kept() {
        let deliveries = Deliveries::default();
        (0..250).for_each(|at_ms| deliveries.push(delivery(at_ms)));
        let latest = deliveries.latest();
        assert_eq!(latest.len(), KEPT_MAX);
        assert_eq!((latest[0].at_ms, latest[KEPT_MAX - 1].at_ms), (249, 150));
    }

    #[test]
    fn an_id_that_may_be_something_else_is_not_shown() {
        assert_eq!(
            shown_id(b"evt_01KHEWZ09CQB36JZ5F7D3ZB9NE").as_deref(),
            Some("evt_01KHEWZ09CQB36JZ5F7D3ZB9NE")
        );
        for id in [&b""[..], b"ann@a.example", b"<script>", b"a b", &[b'a'; 65], b"\xff"] {
            assert_eq!(shown_id(id), None, "{id:?}");
        }
    }
}
