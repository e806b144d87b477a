//! A sender of signed webhooks: what `generate --to` and `demo` use.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use futures::StreamExt as _;
use futures::stream;
use serde::Deserialize;

use crate::clock::Clock;
use crate::generate::SampleEvent;
use crate::verify::{Secret, standard};

/// Tries of an event before it counts as failed.
const TRIES_MAX: u32 = 8;
/// Pause before the second try; doubled before each further one.
const PAUSE: Duration = Duration::from_millis(100);
/// Time for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Sends events to an ingester.
pub(super) struct Sender {
    url: String,
    secret: Option<Secret>,
    connections: usize,
    clock: Arc<dyn Clock>,
    ledger: Option<Mutex<Box<dyn Write + Send>>>,
}

/// How many events were answered how; `failed` were not answered 2xx at all.
pub(super) type Answers = BTreeMap<String, u64>;

#[derive(Deserialize)]
struct Answer {
    status: String,
}

impl Sender {
    /// Makes a sender to the ingester at `base`, such as `http://127.0.0.1:8080`.
    ///
    /// Each id that was answered 2xx is written to `ledger`, a line each.
    pub(super) fn new(
        base: &str,
        secret: Option<Secret>,
        connections: usize,
        clock: Arc<dyn Clock>,
        ledger: Option<Box<dyn Write + Send>>,
    ) -> Self {
        let base = base.trim_end_matches('/');
        let path = if base.contains("/webhooks/") { "" } else { "/webhooks/midbound" };
        let url = format!("{base}{path}");
        Self { url, secret, connections, clock, ledger: ledger.map(Mutex::new) }
    }

    /// Sends all events, several at a time.
    ///
    /// # Errors
    /// If the client can't be set up or the ledger can't be written.
    pub(super) async fn send_all(
        &self,
        events: impl Iterator<Item = SampleEvent>,
        on_answer: impl Fn(),
    ) -> anyhow::Result<Answers> {
        let client = reqwest::Client::builder()
            .pool_max_idle_per_host(self.connections)
            .timeout(ANSWER_TIMEOUT)
            .no_proxy()
            .build()?;
        let mut sending = stream::iter(events)
            .map(|event| self.send(&client, event))
            .buffer_unordered(self.connections);
        let mut answers = Answers::new();
        while let Some((id, status)) = sending.next().await {
            if let (Some(ledger), Some(_)) = (&self.ledger, &status) {
                let mut ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
                writeln!(ledger, "{id}").context("writing the ledger")?;
            }
            *answers.entry(status.unwrap_or_else(|| "failed".to_owned())).or_default() += 1;
            on_answer();
        }
        if let Some(ledger) = &self.ledger {
            ledger.lock().unwrap_or_else(PoisonError::into_inner).flush()?;
        }
        Ok(answers)
    }

    /// Sends one event until it is answered 2xx or the tries are used up.
    async fn send(&self, client: &reqwest::Client, event: SampleEvent) -> (String, Option<String>) {
        let body = bytes::Bytes::from(event.body);
        let mut pause = PAUSE;
        for n_tries in 1..=TRIES_MAX {
            match self.post(client, &event.id, body.clone()).await {
                Ok(status) => return (event.id, Some(status)),
                Err(error) if n_tries == TRIES_MAX => {
                    tracing::warn!(id = event.id, error = %error, "not accepted");
                }
                Err(error) => {
                    tracing::debug!(id = event.id, error = %error, "trying again");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
            }
        }
        (event.id, None)
    }

    async fn post(
        &self,
        client: &reqwest::Client,
        id: &str,
        body: bytes::Bytes,
    ) -> anyhow::Result<String> {
        let timestamp_s = self.clock.now_ms().div_euclid(1000);
        let mut request = client
            .post(&self.url)
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp_s);
        if let Some(secret) = &self.secret {
            let signature = standard::sign(secret, id, timestamp_s, &body);
            request = request.header("webhook-signature", signature);
        }
        let response = request.body(body).send().await?;
        let status = response.status();
        let answer = response.bytes().await?;
        anyhow::ensure!(status.is_success(), "answered {status}");
        let answer: Answer = serde_json::from_slice(&answer)?;
        Ok(answer.status)
    }
}
