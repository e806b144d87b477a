//! A sender of signed webhooks: what `generate --to` and `demo` use.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use futures::StreamExt as _;
use futures::stream;
use reqwest::StatusCode;
use serde::Deserialize;

use tributary_ingest::clock::Clock;
use tributary_ingest::verify::{Secret, standard};
use tributary_sample::SampleEvent;

/// Tries of an event before it counts as failed.
const TRIES_MAX: u32 = 8;
/// Tries before it is believed that nobody listens, if nobody ever answered.
const UNHEARD_TRIES_MAX: u32 = 4;
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
    /// Whether anybody ever answered, and whether it was told that nobody does.
    is_heard: AtomicBool,
    is_told: AtomicBool,
}

/// Why an event was not accepted.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// Nobody listens there.
    #[error("nobody listens at {0}; start `tributary serve`, or give its address to --to")]
    Unheard(String),
    /// The same would be answered again, to every event.
    #[error("{url} answered {status}{reason}: {remedy}")]
    Final { url: String, status: StatusCode, reason: String, remedy: &'static str },
    /// Another try may help.
    #[error("{0}")]
    Passing(String),
}

/// How many events were answered how; `failed` were not answered 2xx at all.
pub(super) type Answers = BTreeMap<String, u64>;

#[derive(Deserialize)]
struct Answer {
    status: String,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
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
        let ledger = ledger.map(Mutex::new);
        let (is_heard, is_told) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { url, secret, connections, clock, ledger, is_heard, is_told }
    }

    /// Sends all events, several at a time.
    ///
    /// # Errors
    /// If the client can't be set up, the ledger can't be written, nobody listens, or the first
    /// event is refused for what holds for all.
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
        while let Some(sent) = sending.next().await {
            let (id, status) = sent?;
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
    async fn send(
        &self,
        client: &reqwest::Client,
        event: SampleEvent,
    ) -> Result<(String, Option<String>), Failure> {
        let body = bytes::Bytes::from(event.body);
        let mut pause = PAUSE;
        for n_tries in 1..=TRIES_MAX {
            let error = match self.post(client, &event.id, body.clone()).await {
                Ok(status) => return Ok((event.id, Some(status))),
                Err(error @ Failure::Final { .. }) => return Err(error),
                Err(error) => error,
            };
            // One that answered before is being restarted.
            let is_unheard = matches!(error, Failure::Unheard(_)) && !self.is_heard();
            if is_unheard && n_tries == UNHEARD_TRIES_MAX {
                return Err(error);
            }
            if n_tries == TRIES_MAX {
                tracing::warn!(id = event.id, error = %error, "not accepted");
                break;
            }
            if is_unheard && !self.is_told.swap(true, Ordering::Relaxed) {
                tracing::warn!(address = self.url, "nobody listens there yet, trying again");
            }
            tracing::debug!(id = event.id, error = %error, "trying again");
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Ok((event.id, None))
    }

    fn is_heard(&self) -> bool {
        self.is_heard.load(Ordering::Relaxed)
    }

    async fn post(
        &self,
        client: &reqwest::Client,
        id: &str,
        body: bytes::Bytes,
    ) -> Result<String, Failure> {
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
        let response = request.body(body).send().await.map_err(|error| {
            let is_unheard = error.is_connect();
            if is_unheard { Failure::Unheard(self.url.clone()) } else { passing(error) }
        })?;
        self.is_heard.store(true, Ordering::Relaxed);
        let status = response.status();
        let answer = response.bytes().await.map_err(passing)?;
        if status.is_success() {
            let answer: Answer = serde_json::from_slice(&answer).map_err(passing)?;
            return Ok(answer.status);
        }
        let Some(remedy) = self.remedy(status) else {
            return Err(passing(format!("answered {status}")));
        };
        let refusal: Option<Refusal> = serde_json::from_slice(&answer).ok();
        let reason = refusal.map(|refusal| format!(" ({})", refusal.error)).unwrap_or_default();
        Err(Failure::Final { url: self.url.clone(), status, reason, remedy })
    }

    /// Returns what to do about an answer that would come again; none if it may not.
    fn remedy(&self, status: StatusCode) -> Option<&'static str> {
        Some(match status {
            StatusCode::UNAUTHORIZED if self.secret.is_none() => {
                "serve takes signed webhooks only; leave out --unsigned and give its secret"
            }
            StatusCode::UNAUTHORIZED => {
                "the secret is not the one serve has, or the clocks differ; set \
                 TRIBUTARY_WEBHOOK_SECRETS as for serve"
            }
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
                "no webhooks are taken there; give --to the address that serve listens on, http://HOST:PORT"
            }
            StatusCode::FORBIDDEN | StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                "something in front of serve lets nothing through"
            }
            _ => return None,
        })
    }
}

fn passing(error: impl std::fmt::Display) -> Failure {
    Failure::Passing(error.to_string())
}
