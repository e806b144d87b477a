//! What came of a run: answers by status, times, and the ids that were acknowledged.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use hdrhistogram::Histogram;
use serde_json::{Map, Value, json};

use crate::watch::Samples;
use crate::webhooks::Webhooks;

/// A latency is told to three digits.
const DIGITS: u8 = 3;

/// Counts of a run.
#[derive(Debug)]
pub struct Tally {
    statuses: BTreeMap<u16, u64>,
    n_sent: u64,
    n_broken: u64,
    latency_ns: Histogram<u64>,
    /// A bit for each webhook that was answered 2xx.
    acknowledged: Vec<u64>,
}

impl Default for Tally {
    fn default() -> Self {
        let latency_ns = Histogram::new(DIGITS).expect("so many digits can be had");
        Self { statuses: BTreeMap::new(), n_sent: 0, n_broken: 0, latency_ns, acknowledged: vec![] }
    }
}

impl Tally {
    /// Returns how many webhooks were sent, which is the number of the next one.
    #[must_use]
    pub fn n_sent(&self) -> u64 {
        self.n_sent
    }

    /// Counts a webhook that was sent.
    pub fn sent(&mut self) {
        self.n_sent += 1;
    }

    /// Counts a webhook that got no answer.
    pub fn broken(&mut self) {
        self.n_broken += 1;
    }

    /// Counts the answer to the `n`th webhook.
    pub fn answered(&mut self, n: u64, status: u16, latency: Duration) {
        *self.statuses.entry(status).or_default() += 1;
        let latency_ns = u64::try_from(latency.as_nanos()).expect("a run ends within 500 years");
        self.latency_ns.record(latency_ns).expect("the histogram grows");
        if is_success(status) {
            let word = usize::try_from(n / 64).expect("numbers are counted up from 0");
            if self.acknowledged.len() <= word {
                self.acknowledged.resize(word + 1, 0);
            }
            self.acknowledged[word] |= 1 << (n % 64);
        }
    }

    /// Writes the ids that were acknowledged, a line each.
    ///
    /// # Errors
    /// The system's error.
    pub fn write_ledger(&self, path: &Path, webhooks: &Webhooks) -> anyhow::Result<()> {
        let file = std::fs::File::create(path).with_context(|| path.display().to_string())?;
        let mut file = BufWriter::new(file);
        for n in (0..self.n_sent).filter(|n| self.is_acknowledged(*n)) {
            file.write_all(&webhooks.id(n))?;
            file.write_all(b"\n")?;
        }
        file.flush().with_context(|| path.display().to_string())
    }

    /// Describes a run that took `took`, of which the sender's thread worked `busy`.
    #[must_use]
    pub fn describe(
        &self,
        took: Duration,
        busy: Duration,
        n_ahead: u64,
        watched: &Samples,
    ) -> Value {
        let of = |success: bool| move |(status, _): &(&u16, &u64)| is_success(**status) == success;
        let n_ok: u64 = self.statuses.iter().filter(of(true)).map(|(_, n)| n).sum();
        let others: Map<String, Value> = self
            .statuses
            .iter()
            .filter(of(false))
            .map(|(status, n)| (status.to_string(), json!(n)))
            .collect();
        let per_second = n_ok as f64 / took.as_secs_f64();
        json!({
            "sent": self.n_sent,
            "ok": n_ok,
            "other": others,
            "unanswered": self.n_broken,
            "signed_ahead": n_ahead.min(self.n_sent),
            "seconds": took.as_secs_f64(),
            "busy_seconds": busy.as_secs_f64(),
            "per_second": per_second,
            "latency_ms": percentiles(&self.latency_ns),
            "watched": watched,
        })
    }

    fn is_acknowledged(&self, n: u64) -> bool {
        let word = usize::try_from(n / 64).ok().and_then(|word| self.acknowledged.get(word));
        word.is_some_and(|word| word >> (n % 64) & 1 == 1)
    }
}

/// Describes times in nanoseconds by their percentiles in milliseconds.
#[must_use]
pub fn percentiles(times_ns: &Histogram<u64>) -> Value {
    let ms = |ns: u64| ns as f64 / 1e6;
    let at = |quantile| ms(times_ns.value_at_quantile(quantile));
    json!({
        "p50": at(0.5),
        "p90": at(0.9),
        "p99": at(0.99),
        "p999": at(0.999),
        "max": ms(times_ns.max()),
    })
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}
