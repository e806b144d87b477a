//! Dashboard and report API, spoken over HTTP to a running ingester.

use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, ETAG, IF_NONE_MATCH};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use tributary::app::{App, Settings};
use tributary::goal;
use tributary::query::Engine;
use tributary::report::Catalog;
use tributary::report::render::{Format, renderer};
use tributary::web::{self, Limits};
use tributary_ingest::flatten::TABLES;

use crate::support::{self, Place, TOKEN, ask, event, reports};

fn settings(place: &Place) -> Settings {
    Settings { web: Some(reports(Limits::default())), ..place.settings() }
}

/// Starts an ingester whose lake holds one session.
async fn start(place: &Place, settings: Settings) -> App {
    let app = place.start_with(settings).await;
    send(place, &app, "evt_web_1").await;
    app
}

async fn send(place: &Place, app: &App, id: &str) {
    assert_eq!(place.send(app, id, &event(id)).await.status, 200);
    app.flush().await.unwrap();
}

/// Asks with the token.
async fn get(app: &App, path: &str, headers: &[(&str, &str)]) -> Response {
    let bearer = format!("Bearer {TOKEN}");
    let shown = [(AUTHORIZATION.as_str(), bearer.as_str())];
    get_as_stranger(app, path, &[&shown, headers].concat()).await
}

async fn get_as_stranger(app: &App, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = ask(app, Method::GET, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

async fn json(response: Response) -> Value {
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

async fn error_of(response: Response) -> String {
    json(response).await["error"].as_str().unwrap().to_owned()
}

/// Returns what `tributary report` writes.
async fn written(place: &Place, name: &str, given: &[(&str, &str)], format: Format) -> Vec<u8> {
    let catalog = Catalog::bundled().unwrap();
    let report = catalog.find(name).unwrap();
    let given: Vec<(String, String)> =
        given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let limits = Limits::default().query;
    let engine =
        Engine::open(&place.lake(), &TABLES, &goal::default_goals(), limits).await.unwrap();
    let mut rows = engine.run(&report.sql, &report.bind(&given).unwrap()).await.unwrap();
    let mut bytes = vec![];
    let mut renderer = renderer(format, rows.schema, Box::new(&mut bytes)).unwrap();
    while let Some(batch) = futures::StreamExt::next(&mut rows.batches).await {
        renderer.write(&batch.unwrap()).unwrap();
    }
    renderer.finish().unwrap();
    bytes
}

#[tokio::test]
async fn a_report_over_http_is_what_the_command_prints() {
    let place = Place::new();
    let app = start(&place, settings(&place)).await;
    for (path, name, given, format) in [
        ("/api/reports/overview", "overview", &[][..], Format::Json),
        ("/api/reports/channels?format=csv", "channels", &[], Format::Csv),
        (
            "/api/reports/channels?by=source&format=json",
            "channels",
            &[("by", "source")],
            Format::Json,
        ),
        ("/api/reports/overview?format=parquet", "overview", &[], Format::Parquet),
    ] {
        let response = get(&app, path, &[]).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(response.headers()["content-type"], format.content_type());
        let attached = response.headers().contains_key("content-disposition");
        assert_eq!(attached, format != Format::Json, "{path}");
        let body = response.bytes().await.unwrap();
        assert!(body == written(&place, name, given, format).await, "{path}");
    }
    app.stop().await.unwrap();
}

#[tokio::test]
async fn an_answer_is_the_clients_until_the_lake_changes() {
    let place = Place::new();
    let app = start(&place, settings(&place)).await;
    let first = get(&app, "/api/reports/overview", &[]).await;
    let tag = first.headers()[ETAG].to_str().unwrap().to_owned();
    let known = [(IF_NONE_MATCH.as_str(), tag.as_str())];
    let again = get(&app, "/api/reports/overview", &known).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert!(again.bytes().await.unwrap().is_empty());
    let other = get(&app, "/api/reports/overview?tenant=acme", &known).await;
    assert_eq!(other.status(), StatusCode::OK, "another question has another answer");

    send(&place, &app, "evt_web_2").await;
    place.clock.advance_ms(1_000);
    let changed = get(&app, "/api/reports/overview", &known).await;
    assert_eq!(changed.status(), StatusCode::OK);
    assert_eq!(json(changed).await[0]["sessions"], 2);
    app.stop().await.unwrap();
}

#[tokio::test]
async fn other_goals_over_the_same_lake_give_another_answer() {
    let place = Place::new();
    // What is tested is no query's time.
    let limits = Limits { time: Duration::from_secs(600), ..Limits::default() };
    let with = |goals| {
        let web = Some(web::Settings { goals, ..reports(limits) });
        Settings { web, ..place.settings() }
    };
    let app = start(&place, with(goal::default_goals())).await;
    let first = get(&app, "/api/reports/conversions", &[]).await;
    let tag = first.headers()[ETAG].to_str().unwrap().to_owned();
    assert_eq!(json(first).await, Value::Array(vec![]));
    app.stop().await.unwrap();

    let known = [(IF_NONE_MATCH.as_str(), tag.as_str())];
    let seen = goal::parse("seen=page:/").unwrap();
    let app = place.start_with(with(vec![seen])).await;
    let changed = get(&app, "/api/reports/conversions", &known).await;
    assert_eq!(changed.status(), StatusCode::OK, "what counts as a conversion has changed");
    assert_eq!(json(changed).await[0]["conversion"], "seen");
    app.stop().await.unwrap();

    let app = place.start_with(with(goal::default_goals())).await;
    let again = get(&app, "/api/reports/conversions", &known).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "a restart changes nothing");
    app.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_wrong_is_named_with_its_remedy() {
    let place = Place::new();
    let app = place.start_with(settings(&place)).await;
    for (path, status, words) in [
        ("/api/reports/chanels", 404, &["`chanels`", "channels"][..]),
        ("/api/reports/overview?from=yesterday", 400, &["`yesterday`", "YYYY-MM-DD"]),
        ("/api/reports/overview?colour=red", 400, &["`colour`", "tenant"]),
        ("/api/reports/overview?format=xml", 400, &["`xml`", "parquet"]),
        ("/api/reports/overview?tenant=a&tenant=b", 400, &["`tenant`", "once"]),
        ("/api/reports/overview?from=2026-02-02&to=2026-02-01", 400, &["2026-02-02"]),
        ("/api/reports/channels?unit=company", 400, &["`company`", "person, account"]),
        ("/api/reports/chanels/sql", 404, &["`chanels`"]),
        ("/api/nothing", 404, &["/api/openapi.json"]),
    ] {
        let response = get(&app, path, &[]).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
        let error = error_of(response).await;
        assert!(words.iter().all(|word| error.contains(word)), "{path}: {error}");
        assert_eq!(error.lines().count(), 1, "{path}");
    }
    app.stop().await.unwrap();
}

#[tokio::test]
async fn values_are_bound_and_never_become_sql() {
    let place = Place::new();
    let app = start(&place, settings(&place)).await;
    for value in ["%27%20OR%201=1%20--", "%27%3B%20DROP%20TABLE%20sessions%3B--", "%24tenant"] {
        let path = format!("/api/reports/overview?tenant={value}");
        let response = get(&app, &path, &[]).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(json(response).await, Value::Array(vec![]));
    }
    app.stop().await.unwrap();
}

#[tokio::test]
async fn a_query_has_limits_of_rows_bytes_time_and_turns() {
    let place = Place::new();
    let limits = Limits::default();
    for (limits, status, word) in [
        (Limits { rows_max: 0, ..limits }, 422, "0 rows"),
        (Limits { bytes_max: 1, ..limits }, 422, "1 bytes"),
        (Limits { time: Duration::ZERO, ..limits }, 504, "--query-timeout"),
        (Limits { at_once: 0, turn_wait: Duration::ZERO, ..limits }, 503, "too many queries"),
    ] {
        let web = Some(reports(limits));
        let app = start(&place, Settings { web, ..settings(&place) }).await;
        let response = get(&app, "/api/reports/overview", &[]).await;
        assert_eq!(response.status().as_u16(), status, "{limits:?}");
        assert!(error_of(response).await.contains(word));
        app.stop().await.unwrap();
    }
}

#[tokio::test]
async fn without_a_dashboard_there_is_none() {
    let place = Place::new();
    let app = place.start_with(place.settings()).await;
    for path in ["/", "/api/reports", "/login"] {
        assert_eq!(get(&app, path, &[]).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(get_as_stranger(&app, "/metrics", &[]).await.status(), StatusCode::OK);
    app.stop().await.unwrap();
    let app = place.start_with(Settings { dashboard: None, ..settings(&place) }).await;
    assert_eq!(app.dashboard_address(), None);
    assert_eq!(support::get(&app, "/metrics").await.status, 404);
    app.stop().await.unwrap();
}

#[tokio::test]
async fn the_lake_and_the_ingestion_are_described() {
    let place = Place::new();
    let app = start(&place, settings(&place)).await;
    let lake = json(get(&app, "/api/lake", &[]).await).await;
    assert_eq!(
        (&lake["first_day"], &lake["last_day"]),
        (&"2026-02-17".into(), &"2026-02-17".into())
    );
    assert_eq!(lake["tables"][0]["name"], "sessions");
    assert_eq!(lake["tables"][0]["files"], 1);
    assert_eq!(lake["token_required"], true);
    assert_eq!((&lake["role"], &lake["masked"]), (&"admin".into(), &false.into()));

    place.send(&app, "evt_web_2", &event("evt_web_2")).await;
    place.send(&app, "evt_web_2", &event("evt_web_2")).await;
    place.clock.advance_ms(1_500);
    let now = json(get(&app, "/api/ingestion", &[]).await).await;
    for (name, value) in
        [("accepted", 2), ("duplicates", 1), ("flushed_events", 1), ("waiting_events", 1)]
    {
        assert_eq!(now[name], value, "{name}: {now}");
    }
    assert_eq!(now["lag_seconds"], 1.5);
    let answers: Vec<&str> = now["deliveries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["answer"].as_str().unwrap())
        .collect();
    assert_eq!(answers, ["duplicate", "accepted", "accepted"]);
    assert_eq!(now["deliveries"][0]["id"], "evt_web_2");
    assert_eq!(now["remedies"], serde_json::json!({}));
    assert_eq!(now["ready"], true);
    app.stop().await.unwrap();
}

#[tokio::test]
async fn pages_may_load_nothing_from_elsewhere() {
    let place = Place::new();
    let app = place.start_with(settings(&place)).await;
    for path in ["/", "/channels?unit=account"] {
        let response = get(&app, path, &[(ACCEPT.as_str(), "text/html")]).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'self';") && !policy.contains("script"),
            "{policy}"
        );
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        assert!(response.text().await.unwrap().contains("tributary"));
    }
    let missing = get(&app, "/assets/none.js", &[(ACCEPT.as_str(), "text/html")]).await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    app.stop().await.unwrap();
}
