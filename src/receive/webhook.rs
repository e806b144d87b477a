//! `POST /webhooks/midbound`: the one request that matters.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tracing::{Instrument as _, field};

use super::body::Bounded;
use super::error::Refusal;
use super::{Receiver, body};
use crate::deliveries::{self, Delivery};
use crate::request_id;
use crate::telemetry::traces;
use tributary_ingest::event::{Envelope, Record, RecordKind, Scheme};
use tributary_ingest::journal::Outcome;
use tributary_ingest::text;
use tributary_ingest::verify::standard::is_plain_id;
use tributary_ingest::verify::{Headers, Signed, Verifier, legacy, standard};

/// What a sender is told of a webhook that was taken.
#[derive(Serialize)]
struct Receipt {
    id: String,
    status: &'static str,
}

/// Answers a webhook once it is durable.
pub(super) async fn receive(State(receiver): State<Arc<Receiver>>, request: Request) -> Response {
    let span = tracing::info_span!(
        target: traces::PART,
        "webhook",
        otel.kind = "server",
        http.request.method = "POST",
        http.route = super::WEBHOOKS,
        http.response.status_code = field::Empty,
        answer = field::Empty,
    );
    traces::continue_trace(&span, request.headers());
    let recorded = span.clone();
    async move {
        let (name, response) = answer(&receiver, request).await;
        recorded.record("answer", name);
        recorded.record("http.response.status_code", i64::from(response.status().as_u16()));
        response
    }
    .instrument(span)
    .await
}

/// Answers, and returns the name under which the answer is counted.
async fn answer(receiver: &Receiver, request: Request) -> (&'static str, Response) {
    let started = receiver.clock.elapsed();
    let given = request_id::given(request.headers()).cloned();
    let n_bytes = announced(request.headers());
    let webhook_id = request.headers().get(standard::ID);
    let webhook_id = webhook_id.and_then(|id| deliveries::shown_id(id.as_bytes()));
    let answer = accept(receiver, request).await;
    let seconds = (receiver.clock.elapsed() - started).as_secs_f64();
    receiver.metrics.webhook_seconds.observe(seconds);
    let (name, mut response, id) = match answer {
        Ok((outcome, id)) => {
            let name = match outcome {
                Outcome::Accepted => "accepted",
                Outcome::Duplicate => "duplicate",
                Outcome::Conflict => "id_conflict",
            };
            let status = if outcome == Outcome::Duplicate { "duplicate" } else { "accepted" };
            (name, Json(Receipt { id, status }).into_response(), given)
        }
        Err(refusal) => {
            let id = given.unwrap_or_else(request_id::new);
            tell(receiver, refusal, request_id::text(&id));
            (refusal.name(), refusal.into_response(), Some(id))
        }
    };
    receiver.metrics.webhooks.with_label_values(&[name]).inc();
    receiver.metrics.deliveries.push(Delivery {
        at_ms: receiver.clock.now_ms(),
        status: response.status().as_u16(),
        answer: name,
        n_bytes,
        id: webhook_id,
    });
    if let Some(id) = id {
        response.headers_mut().insert(request_id::HEADER, id);
    }
    (name, response)
}

/// Tells that webhooks are refused and what to do about it, the first in a while for each reason.
fn tell(receiver: &Receiver, refusal: Refusal, request_id: &str) {
    let reason = refusal.limit().unwrap_or(refusal.name());
    let Some(n_refused) = receiver.notices.due(reason, receiver.clock.elapsed()) else { return };
    let remedy = deliveries::remedy(refusal.name()).unwrap_or_default();
    match refusal.limit() {
        Some(limit) => {
            tracing::warn!(limit, request_id, "a limit was reached, requests are refused");
        }
        None if refusal == Refusal::Stopping => {
            tracing::info!(reason, request_id, "a webhook is refused");
        }
        None => {
            tracing::warn!(reason, n_refused, request_id, remedy, "a webhook is refused");
        }
    }
}

/// Returns the length of the body that is announced.
fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok())
}

async fn accept(receiver: &Receiver, request: Request) -> Result<(Outcome, String), Refusal> {
    if receiver.is_stopping() {
        return Err(Refusal::Stopping);
    }
    let (head, stream) = request.into_parts();
    let announced = announced(&head.headers);
    let limits = &receiver.limits;
    if let Err(refusal) = check_type(&head.headers) {
        _ = body::discard(stream, announced, limits).await;
        return Err(refusal);
    }
    let is_waiting = head.headers.contains_key(EXPECT);
    if is_waiting && announced.is_some_and(|length| length > limits.body_bytes_max as u64) {
        // The sender waits for a word before it sends the body, so nothing is there to be read.
        return Err(Refusal::TooLarge(limits.body_bytes_max));
    }
    let now_s = receiver.clock.now_ms().div_euclid(1000);
    let signed = receiver.verifier.as_ref().map(|_| read_headers(&head.headers, now_s)).transpose();
    let signed = match signed {
        Ok(signed) => signed,
        Err(refusal) => {
            // Nobody signed these bytes, so they are not kept, not even for a moment.
            body::discard(stream, announced, limits).await?;
            return Err(refusal);
        }
    };
    let Bounded { bytes: body, permit } =
        body::read(stream, announced, limits, &receiver.in_flight).await?;
    let (scheme, id) = authenticate(receiver, &head.headers, signed.as_ref(), &body)?;
    let webhook_id = id.unwrap_or_else(|| own_id(&body));
    let received_at_ms = receiver.clock.now_ms();
    let kind = RecordKind::Event;
    let record = Record { kind, scheme, webhook_id: webhook_id.clone(), received_at_ms, body };
    let outcome = receiver.journal.append_holding(record, permit).await?;
    receiver.metrics.signatures.with_label_values(&[scheme.name()]).inc();
    Ok((outcome, webhook_id))
}

/// Reads what the headers say of the signature.
fn read_headers(headers: &HeaderMap, now_s: i64) -> Result<Signed<'_>, Refusal> {
    let header = |name| headers.get(name).map(axum::http::HeaderValue::as_bytes);
    let headers = Headers {
        id: header(standard::ID),
        timestamp: header(standard::TIMESTAMP),
        signature: header(standard::SIGNATURE),
        legacy_signature: header(legacy::SIGNATURE),
    };
    Ok(Verifier::read(&headers, now_s)?)
}

/// Tells how the request was signed, and the id that was signed with it.
fn authenticate(
    receiver: &Receiver,
    headers: &HeaderMap,
    signed: Option<&Signed<'_>>,
    body: &Bytes,
) -> Result<(Scheme, Option<String>), Refusal> {
    let (Some(verifier), Some(signed)) = (&receiver.verifier, signed) else {
        let is_event = str::from_utf8(text::without_mark(body))
            .is_ok_and(|text| Envelope::parse(text).is_ok_and(|envelope| envelope.is_event()));
        if !is_event {
            return Err(Refusal::NotAnEvent);
        }
        let id = headers.get(standard::ID).and_then(|id| id.to_str().ok());
        return Ok((Scheme::Unsigned, id.filter(|id| is_plain_id(id)).map(str::to_owned)));
    };
    let verified = verifier.check(signed, body)?;
    Ok((verified.scheme, verified.webhook_id))
}

/// Returns the id of a body whose request had none: its own, else its hash.
#[must_use]
pub fn own_id(body: &[u8]) -> String {
    let body_text = simdutf8::basic::from_utf8(text::without_mark(body)).ok();
    let envelope = body_text.and_then(|text| {
        let walked = Envelope::walk(text, |walk| walk.skip().map(drop));
        walked.map(|(envelope, _)| envelope).or_else(|| Envelope::parse(text).ok())
    });
    let id = envelope.as_ref().and_then(|envelope| envelope.id.text());
    id.filter(|id| is_plain_id(id)).map_or_else(|| body_id(body), str::to_owned)
}

fn body_id(body: &[u8]) -> String {
    use std::fmt::Write as _;
    let hash = Sha256::digest(body);
    hash[..16].iter().fold("body_".to_owned(), |mut id, byte| {
        _ = write!(id, "{byte:02x}");
        id
    })
}

fn check_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let encoding = headers.get(CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?"));
    if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        return Err(Refusal::NotJson);
    }
    let Some(content_type) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let content_type = content_type.to_str().map_err(|_| Refusal::NotJson)?;
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"));
    if is_json { Ok(()) } else { Err(Refusal::NotJson) }
}
