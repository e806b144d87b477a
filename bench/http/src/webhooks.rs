//! Requests made of events: a head with a fresh id and its signature, then the event's bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::events::{Events, ID_BYTES, Ids, OPENING};
use crate::signing::{Key, SIGNATURE_BYTES, now_ms};

/// Where webhooks go.
#[derive(Debug, Clone)]
pub struct Target {
    /// Host and port.
    pub address: String,
    /// Path, with its slash.
    pub path: String,
}

/// A supply of signed webhooks, the first of them signed before they are asked for.
#[derive(Debug)]
pub struct Webhooks {
    events: Events,
    ids: Ids,
    key: Key,
    /// Request line and the headers that all requests share.
    opening: Vec<u8>,
    ahead: Vec<[u8; SIGNATURE_BYTES]>,
    ahead_timestamp: String,
}

impl Webhooks {
    /// Makes a supply in which nothing is signed yet.
    #[must_use]
    pub fn new(events: Events, key: Key, target: &Target) -> Self {
        let opening = format!(
            "POST {} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: ",
            target.path, target.address
        );
        let ids = Ids::new(now_ms());
        let (opening, ahead, ahead_timestamp) = (opening.into_bytes(), vec![], String::new());
        Self { events, ids, key, opening, ahead, ahead_timestamp }
    }

    /// Signs the first `n` webhooks on all processors, as sent `later_s` seconds from now.
    #[must_use]
    pub fn signed_ahead(mut self, n: usize, later_s: u64) -> Self {
        self.ahead_timestamp = (now_ms() / 1000 + later_s).to_string();
        let mut ahead = vec![[0; SIGNATURE_BYTES]; n];
        let n_threads = std::thread::available_parallelism().map_or(1, usize::from);
        let n_each = n.div_ceil(n_threads).max(1);
        std::thread::scope(|scope| {
            for (index, signatures) in ahead.chunks_mut(n_each).enumerate() {
                let (webhooks, first) = (&self, (index * n_each) as u64);
                scope.spawn(move || {
                    for (n, signature) in (first..).zip(signatures) {
                        *signature = webhooks.sign(n, &webhooks.ahead_timestamp);
                    }
                });
            }
        });
        self.ahead = ahead;
        self
    }

    /// Returns how many webhooks are signed ahead.
    #[must_use]
    pub fn n_ahead(&self) -> u64 {
        self.ahead.len() as u64
    }

    /// Returns the id of the `n`th webhook.
    #[must_use]
    pub fn id(&self, n: u64) -> [u8; ID_BYTES] {
        self.ids.id(n)
    }

    /// Returns the end of the `n`th webhook, behind what [`Self::write_head`] writes.
    #[must_use]
    pub fn rest(&self, n: u64) -> &[u8] {
        self.events.rest(n)
    }

    /// Writes the `n`th webhook up to the id in its body.
    pub fn write_head(&self, n: u64, head: &mut Vec<u8>) {
        let signed = usize::try_from(n).ok().and_then(|n| self.ahead.get(n));
        match signed {
            Some(signature) => self.write(n, &self.ahead_timestamp, signature, head),
            None => {
                let timestamp = (now_ms() / 1000).to_string();
                self.write(n, &timestamp, &self.sign(n, &timestamp), head);
            }
        }
    }

    fn sign(&self, n: u64, timestamp: &str) -> [u8; SIGNATURE_BYTES] {
        let id = self.id(n);
        let timestamp = timestamp.as_bytes();
        self.key.sign(&[&id, b".", timestamp, b".", OPENING, &id, self.rest(n)])
    }

    fn write(
        &self,
        n: u64,
        timestamp: &str,
        signature: &[u8; SIGNATURE_BYTES],
        head: &mut Vec<u8>,
    ) {
        let id = self.id(n);
        let length = OPENING.len() + ID_BYTES + self.rest(n).len();
        let mut base64 = [0; SIGNATURE_BYTES.div_ceil(3) * 4];
        STANDARD.encode_slice(signature, &mut base64).expect("the room was counted");
        head.clear();
        for part in [
            &self.opening[..],
            length.to_string().as_bytes(),
            b"\r\nwebhook-id: ",
            &id,
            b"\r\nwebhook-timestamp: ",
            timestamp.as_bytes(),
            b"\r\nwebhook-signature: v1,",
            &base64,
            b"\r\n\r\n",
            OPENING,
            &id,
        ] {
            head.extend_from_slice(part);
        }
    }
}
