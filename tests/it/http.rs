//! The contract's answers, spoken over HTTP to a running ingester.

use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tributary::app::{App, Settings};
use tributary::deliveries::remedy;
use tributary::receive::Limits;
use tributary_ingest::verify::{KeyEncoding, Secret, Verifier, standard};

use crate::support::{Answer, Place, SECRET, TOKEN, ask, event, fixture, get, post, secret};

#[derive(Deserialize)]
struct Vector {
    secret: String,
    webhook_id: Option<String>,
    #[serde(alias = "timestamp")]
    webhook_timestamp: i64,
    body: String,
    signature: String,
}

fn refused(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert!(body["error"].is_string(), "{answer:?}");
}

async fn n_accepted(app: App) -> u64 {
    let metrics = app.metrics().clone();
    app.stop().await.unwrap();
    metrics.rows.with_label_values(&["raw_events"]).get()
}

#[tokio::test]
async fn every_published_vector_is_accepted_at_its_time() {
    let vectors: Vec<Vector> = serde_json::from_slice(&fixture("signature_vectors.json")).unwrap();
    let mut n_sent = 0;
    for vector in vectors {
        let place = Place::new();
        let key = Secret::parse(&vector.secret, KeyEncoding::Auto, 1).unwrap();
        let settings = Settings { verifier: Some(Verifier::new(vec![key])), ..place.settings() };
        place.clock.advance_ms(vector.webhook_timestamp * 1000 - crate::support::NOW_MS);
        let app = place.start_with(settings).await;
        let timestamp = vector.webhook_timestamp.to_string();
        let headers = match &vector.webhook_id {
            Some(id) => vec![
                ("webhook-id", id.as_str()),
                ("webhook-timestamp", timestamp.as_str()),
                ("webhook-signature", vector.signature.as_str()),
            ],
            None => vec![("x-midbound-signature", vector.signature.as_str())],
        };
        let answer = post(&app, &headers, vector.body.into_bytes()).await;
        assert_eq!(answer.status, 200, "{answer:?} {}", vector.signature);
        assert_eq!(n_accepted(app).await, 1);
        n_sent += 1;
    }
    assert_eq!(n_sent, 12);
}

#[tokio::test]
async fn a_wrong_or_missing_signature_is_401_and_leaves_nothing() {
    let place = Place::new();
    let app = place.start().await;
    let body = event("evt_1");
    let now_s = crate::support::NOW_MS / 1000;
    let good = standard::sign(&secret(), "evt_1", now_s, &body);
    let (now, early, late) =
        (now_s.to_string(), (now_s - 301).to_string(), (now_s + 301).to_string());
    let signed_early = standard::sign(&secret(), "evt_1", now_s - 301, &body);
    let signed_late = standard::sign(&secret(), "evt_1", now_s + 301, &body);
    let cases: [(&str, &str, &str); 10] = [
        ("evt_1", &now, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA="),
        ("evt_1", &now, "v1,R3PTzyfHASBKHH98a7yexTwaJ4yNIcGhFQc1yuN+BPU="),
        ("evt_1", &now, "v1,"),
        ("evt_1", &now, &good[..11]),
        ("evt_1", &now, "v1,dawfeoifkpqwoekfpqoekf"),
        ("evt_1", &now, "v2,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="),
        ("evt_2", &now, &good),
        ("evt_1", "hello", &good),
        ("evt_1", &early, &signed_early),
        ("evt_1", &late, &signed_late),
    ];
    for (id, timestamp, signature) in cases {
        let headers = [
            ("webhook-id", id),
            ("webhook-timestamp", timestamp),
            ("webhook-signature", signature),
        ];
        refused(&post(&app, &headers, body.clone()).await, 401);
    }
    let all = [("webhook-id", "evt_1"), ("webhook-timestamp", &now), ("webhook-signature", &good)];
    for left_out in 0..all.len() {
        let mut headers = all.to_vec();
        headers.remove(left_out);
        refused(&post(&app, &headers, body.clone()).await, 401);
    }
    let mut other = body.clone();
    other.push(b' ');
    refused(&post(&app, &all, other).await, 401);
    assert_eq!(n_accepted(app).await, 0);
}

#[tokio::test]
async fn the_same_id_again_is_a_duplicate_and_another_body_is_set_aside() {
    let place = Place::new();
    let app = place.start().await;
    let first = place.send(&app, "evt_1", &event("evt_1")).await;
    assert_eq!((first.status, first.body.as_str()), (200, r#"{"id":"evt_1","status":"accepted"}"#));
    let again = place.send(&app, "evt_1", &event("evt_1")).await;
    assert_eq!(
        (again.status, again.body.as_str()),
        (200, r#"{"id":"evt_1","status":"duplicate"}"#)
    );
    let conflict = place.send(&app, "evt_1", &event("evt_other")).await;
    assert_eq!(conflict.status, 200);
    let metrics = app.metrics().clone();
    app.stop().await.unwrap();
    assert_eq!(metrics.rows.with_label_values(&["raw_events"]).get(), 1);
    assert_eq!(metrics.rows.with_label_values(&["dead_letters"]).get(), 1);
    assert_eq!(metrics.dead_letters.with_label_values(&["id_conflict"]).get(), 1);
}

#[tokio::test]
async fn a_signed_body_is_never_refused_for_its_shape() {
    let place = Place::new();
    let app = place.start().await;
    for (id, body) in [("a", "not json"), ("b", "{}"), ("c", "[1]"), ("d", "")] {
        let answer = place.send(&app, id, body.as_bytes()).await;
        assert_eq!(answer.status, 200, "{body}: {answer:?}");
    }
    assert_eq!(n_accepted(app).await, 4);
}

#[tokio::test]
async fn what_is_too_large_or_not_json_by_its_type_is_refused() {
    let place = Place::new();
    let app = place.start().await;
    let large = vec![b' '; 9 << 20];
    refused(&place.send(&app, "evt_1", &large).await, 413);
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        refused(&post(&app, &[("content-type", content_type)], event("evt_1")).await, 415);
    }
    refused(&post(&app, &[("content-encoding", "gzip")], event("evt_1")).await, 415);
    assert_eq!(n_accepted(app).await, 0);
}

/// Writes raw bytes and returns all that the server says before it closes.
async fn raw(app: &App, parts: &[&[u8]]) -> String {
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    for part in parts {
        // The server may have heard enough.
        if stream.write_all(part).await.is_err() {
            break;
        }
    }
    let mut said = vec![];
    _ = stream.read_to_end(&mut said).await;
    String::from_utf8_lossy(&said).into_owned()
}

#[tokio::test]
async fn a_long_head_is_431() {
    let place = Place::new();
    let app = place.start().await;
    let long = format!("x-long: {}\r\n", "a".repeat(20_000));
    let said =
        raw(&app, &[b"POST /webhooks/midbound HTTP/1.1\r\n", long.as_bytes(), b"\r\n"]).await;
    assert!(said.starts_with("HTTP/1.1 431"), "{said:?}");
    app.stop().await.unwrap();
}

#[tokio::test]
async fn a_slow_head_and_a_slow_body_are_408() {
    let place = Place::new();
    let limits = Limits {
        head_timeout: Duration::from_millis(200),
        body_timeout: Duration::from_millis(200),
        ..Limits::default()
    };
    let app = place.start_with(Settings { limits, ..place.settings() }).await;
    let said = raw(&app, &[b"POST /webhooks/midbound HTTP/1.1\r\nhost: x\r\n"]).await;
    assert!(said.starts_with("HTTP/1.1 408"), "{said:?}");
    let head = b"POST /webhooks/midbound HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n";
    let said = raw(&app, &[head, b"{"]).await;
    assert!(said.starts_with("HTTP/1.1 408"), "{said:?}");
    app.stop().await.unwrap();
}

#[tokio::test]
async fn unsigned_bodies_are_taken_only_when_that_is_wanted_and_only_events() {
    let place = Place::new();
    let app = place.start_with(Settings { verifier: None, ..place.settings() }).await;
    refused(&post(&app, &[], b"not json".to_vec()).await, 400);
    refused(&post(&app, &[], b"{}".to_vec()).await, 400);
    let answer = post(&app, &[], event("evt_1")).await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, r#"{"id":"evt_1","status":"accepted"}"#)
    );
    assert_eq!(n_accepted(app).await, 1);
}

#[tokio::test]
async fn a_full_journal_is_503_and_not_ready() {
    let place = Place::new();
    let mut settings = place.settings();
    settings.journal.quota.bytes_max = 200;
    let app = place.start_with(settings).await;
    assert_eq!(get(&app, "/readyz").await.status, 200);
    assert_eq!(place.send(&app, "evt_1", &event("evt_1")).await.status, 200);
    let full = place.send(&app, "evt_2", &event("evt_2")).await;
    refused(&full, 503);
    assert!(full.retry_after);
    assert_eq!(get(&app, "/readyz").await.status, 503);
    assert_eq!(get(&app, "/healthz").await.status, 200);
    assert_eq!(n_accepted(app).await, 1);
}

#[tokio::test]
async fn metrics_are_beside_the_dashboard_and_name_no_secret() {
    let place = Place::new();
    let app = place.start().await;
    place.send(&app, "evt_1", &event("evt_1")).await;
    let answer = ask(&app, Method::GET, "/metrics").send().await.unwrap();
    assert_eq!(answer.status(), 200, "they ask for no token");
    let text = answer.text().await.unwrap();
    assert!(text.contains("tributary_webhooks_total{answer=\"accepted\"} 1"), "{text}");
    assert!(!text.contains(&SECRET[6..]) && !text.contains("evt_1"), "{text}");
    assert!(!text.contains(TOKEN), "{text}");
    app.stop().await.unwrap();
}

#[tokio::test]
async fn the_webhooks_listener_answers_webhooks_and_health_and_nothing_else() {
    let place = Place::new();
    let app = place.start().await;
    for path in ["/", "/metrics", "/login", "/logout", "/api/reports", "/api/lake", "/mcp", "/x"] {
        refused(&get(&app, path).await, 404);
    }
    for path in ["/healthz", "/readyz"] {
        assert_eq!(get(&app, path).await.status, 200, "{path}");
    }
    for path in ["/webhooks/midbound", "/webhooks/midbound/"] {
        assert_eq!(get(&app, path).await.status, 405, "{path}");
    }
    app.stop().await.unwrap();
}

#[tokio::test]
async fn a_slash_at_the_end_of_the_webhooks_path_is_the_same_path() {
    let place = Place::new();
    let app = place.start().await;
    let answer = place.send_to(&app, "/webhooks/midbound/", "evt_1", &event("evt_1")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(n_accepted(app).await, 1);
}

#[tokio::test]
async fn the_last_deliveries_are_told_without_bodies_and_with_a_remedy() {
    let place = Place::new();
    let app = place.start().await;
    let body = event("evt_1");
    assert_eq!(place.send(&app, "evt_1", &body).await.status, 200);
    let now = (crate::support::NOW_MS / 1000).to_string();
    for id in ["evt_2", "ann@a.example"] {
        let headers = [
            ("webhook-id", id),
            ("webhook-timestamp", now.as_str()),
            ("webhook-signature", "v1,AAAA"),
        ];
        refused(&post(&app, &headers, body.clone()).await, 401);
    }
    let latest = app.metrics().deliveries.latest();
    let told: Vec<_> = latest.iter().map(|d| (d.status, d.answer, d.id.as_deref())).collect();
    let expected = [
        (401, "bad_signature", None),
        (401, "bad_signature", Some("evt_2")),
        (200, "accepted", Some("evt_1")),
    ];
    assert_eq!(told, expected);
    assert!(latest.iter().all(|d| d.n_bytes == Some(body.len() as u64)));
    assert!(remedy("bad_signature").unwrap().contains("secret"));
    app.stop().await.unwrap();
}

#[tokio::test]
async fn json_types_hold_with_parameters_in_any_case_and_others_do_not() {
    let place = Place::new();
    let app = place.start().await;
    let now_s = crate::support::NOW_MS / 1000;
    let now = now_s.to_string();
    for (at, (content_type, status)) in [
        ("application/json; charset=utf-8", 200),
        ("Application/JSON;Charset=\"UTF-8\"", 200),
        ("application/cloudevents+json; charset=utf-8", 200),
        ("APPLICATION/LD+JSON", 200),
        ("text/json", 415),
        ("text/plain", 415),
        ("application/octet-stream", 415),
        ("", 415),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("evt_{at}");
        let body = event(&id);
        let signature = standard::sign(&secret(), &id, now_s, &body);
        let headers = [
            ("content-type", content_type),
            ("webhook-id", &id),
            ("webhook-timestamp", &now),
            ("webhook-signature", &signature),
        ];
        assert_eq!(post(&app, &headers, body).await.status, status, "{content_type:?}");
    }
    app.stop().await.unwrap();
}
