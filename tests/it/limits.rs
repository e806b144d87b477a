//! Each limit of receiving and of the journal: its answer, its metric, and that it lets go again.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tributary::app::{App, Settings};
use tributary::receive::Limits;
use tributary::web;

use crate::support::{Place, event, get, reports};

/// Says something and returns all that is answered until the connection ends.
async fn say(stream: &mut TcpStream, words: &[u8]) -> String {
    stream.write_all(words).await.unwrap();
    let mut said = vec![];
    _ = stream.read_to_end(&mut said).await;
    String::from_utf8_lossy(&said).into_owned()
}

/// Waits until something is so; a minute is more than anything here takes.
async fn until(what: &str, is_so: impl Fn() -> bool + Send + Sync) {
    let waiting = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), waiting).await;
    waited.unwrap_or_else(|_| panic!("never: {what}"));
}

fn full(app: &App, limit: &str) -> u64 {
    app.metrics().journal.full.with_label_values(&[limit]).get()
}

const CLOSE: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_connection_too_many_is_503_and_a_free_place_is_taken_again() {
    let place = Place::new();
    let limits = Limits { connections_max: 1, ..Limits::default() };
    let app = place.start_with(Settings { limits, ..place.settings() }).await;
    let first = TcpStream::connect(app.address()).await.unwrap();
    until("the first is served", || app.metrics().connections.get() == 1).await;
    let mut second = TcpStream::connect(app.address()).await.unwrap();
    second.write_all(CLOSE).await.unwrap();
    let said = say(&mut second, b"").await;
    assert!(said.starts_with("HTTP/1.1 503") && said.contains("retry-after: 5"), "{said:?}");
    assert!(said.ends_with(r#"{"error":"too many connections"}"#), "{said:?}");
    assert_eq!(app.metrics().connections_refused.get(), 1);
    drop(first);
    until("the first is gone", || app.metrics().connections.get() == 0).await;
    let mut third = TcpStream::connect(app.address()).await.unwrap();
    assert!(say(&mut third, CLOSE).await.starts_with("HTTP/1.1 200"));
    app.stop().await.unwrap();
}

#[tokio::test]
async fn a_client_that_takes_no_answer_loses_its_place() {
    let place = Place::new();
    let limits = Limits { write_timeout: Duration::from_millis(200), ..Limits::default() };
    let app = place.start_with(Settings { limits, ..place.settings() }).await;
    let mut stream = TcpStream::connect(app.dashboard_address().unwrap()).await.unwrap();
    let asking = tokio::spawn(async move {
        let request = b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n".repeat(100);
        // Until the server hears no more, and then until it hangs up.
        while stream.write_all(&request).await.is_ok() {}
    });
    let connections = &app.metrics().dashboard.connections;
    until("it is served", || connections.get() == 1).await;
    until("it is cut off", || connections.get() == 0).await;
    asking.await.unwrap();
    app.stop().await.unwrap();
}

#[tokio::test]
async fn heads_are_counted_by_why_they_were_refused() {
    let place = Place::new();
    let limits = Limits { headers_max: 8, ..Limits::default() };
    let app = place.start_with(Settings { limits, ..place.settings() }).await;
    let many = format!("GET /healthz HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(9));
    let long = format!("GET /healthz HTTP/1.1\r\na: {}\r\n\r\n", "b".repeat(20_000));
    for (words, answer) in [(many, "431"), (long, "431"), ("hello\r\n\r\n".to_owned(), "400")] {
        let mut stream = TcpStream::connect(app.address()).await.unwrap();
        let said = say(&mut stream, words.as_bytes()).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {answer}")), "{said:?}");
    }
    let refused = |reason| app.metrics().heads_refused.with_label_values(&[reason]).get();
    until("all are counted", || refused("too_large") + refused("malformed") == 3).await;
    assert_eq!((refused("too_large"), refused("malformed")), (2, 1));
    app.stop().await.unwrap();
}

#[tokio::test]
async fn a_backlog_too_old_is_503_until_the_lake_has_it() {
    let place = Place::new();
    let mut settings = place.settings();
    settings.journal.quota.age_ms_max = 1000;
    let app = place.start_with(settings).await;
    assert_eq!(place.send(&app, "evt_1", &event("evt_1")).await.status, 200);
    place.clock.advance_ms(2000);
    let refused = place.send(&app, "evt_2", &event("evt_2")).await;
    assert!(refused.status == 503 && refused.retry_after, "{refused:?}");
    assert_eq!(get(&app, "/readyz").await.status, 503);
    assert_eq!(full(&app, "max-backlog-age"), 1);
    app.flush().await.unwrap();
    assert_eq!(get(&app, "/readyz").await.status, 200);
    assert_eq!(place.send(&app, "evt_2", &event("evt_2")).await.status, 200);
    app.stop().await.unwrap();
}

#[tokio::test]
async fn a_disk_without_its_reserve_is_503_before_anything_fails() {
    let place = Place::new();
    let mut settings = place.settings();
    settings.journal.quota.free_bytes_min = u64::MAX;
    let app = place.start_with(settings).await;
    let refused = place.send(&app, "evt_1", &event("evt_1")).await;
    assert!(refused.status == 503 && refused.retry_after, "{refused:?}");
    assert_eq!(get(&app, "/readyz").await.status, 503);
    assert_eq!((full(&app, "min-free-disk"), app.metrics().journal.errors.get()), (1, 0));
    app.stop().await.unwrap();
}

#[tokio::test]
async fn bodies_in_flight_have_a_limit_and_unsigned_ones_take_nothing_of_it() {
    let place = Place::new();
    let limits = Limits { in_flight_bytes_max: 64 << 10, ..Limits::default() };
    let app = place.start_with(Settings { limits, ..place.settings() }).await;
    let mut large = event("evt_1");
    large.resize(200 << 10, b' ');
    let busy = place.send(&app, "evt_1", &large).await;
    assert!(busy.status == 503 && busy.retry_after, "{busy:?}");
    let unsigned = crate::support::post(&app, &[], large).await;
    assert_eq!(unsigned.status, 401, "{unsigned:?}");
    let small = place.send(&app, "evt_1", &event("evt_1")).await;
    assert_eq!(small.status, 200, "{small:?}");
    app.stop().await.unwrap();
}

/// Opens connections to the dashboard's listener and says the same on each.
async fn open(app: &App, n: usize, words: &[u8]) -> Vec<TcpStream> {
    let mut streams = vec![];
    for _ in 0..n {
        let mut stream = TcpStream::connect(app.dashboard_address().unwrap()).await.unwrap();
        _ = stream.write_all(words).await;
        streams.push(stream);
    }
    streams
}

#[tokio::test]
async fn clients_of_the_dashboard_take_no_connection_of_webhooks() {
    let place = Place::new();
    let limits = Limits { connections_max: 4, ..Limits::default() };
    let web = Some(reports(web::Limits::default()));
    let mut settings = Settings { limits, web, ..place.settings() };
    settings.dashboard.as_mut().unwrap().connections_max = 2;
    let app = place.start_with(settings).await;
    let slow =
        open(&app, 8, b"POST /login HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\ntok").await;
    let dashboard = &app.metrics().dashboard;
    until("all are known", || dashboard.connections_refused.get() == 6).await;
    assert_eq!(dashboard.connections.get(), 2);
    for id in ["evt_1", "evt_2"] {
        assert_eq!(place.send(&app, id, &event(id)).await.status, 200);
    }
    assert_eq!(app.metrics().connections_refused.get(), 0);
    drop(slow);
    app.stop().await.unwrap();
}

#[tokio::test]
async fn a_body_for_the_dashboard_is_small_and_comes_in_time() {
    let place = Place::new();
    let limits = web::Limits { body_time: Duration::from_millis(200), ..web::Limits::default() };
    let app = place.start_with(Settings { web: Some(reports(limits)), ..place.settings() }).await;
    for path in ["/login", "/logout", "/api/reports", "/elsewhere"] {
        let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
        let slow = format!("{head}content-length: 99\r\n\r\ntok");
        let large = format!("{head}content-length: 9000\r\n\r\n{}", "x".repeat(9000));
        for (words, status) in [(slow, "408"), (large, "413")] {
            let mut stream = open(&app, 1, words.as_bytes()).await.remove(0);
            let said = say(&mut stream, b"").await;
            assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {said}");
        }
    }
    app.stop().await.unwrap();
}
