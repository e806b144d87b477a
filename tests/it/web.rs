//! Dashboard and report API, spoken over HTTP to a running ingester.

use std::time::Duration;

use reqwest::header::{
    ACCEPT, AUTHORIZATION, COOKIE, ETAG, HOST, IF_NONE_MATCH, LOCATION, SET_COOKIE,
};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use tributary::app::{App, Settings};
use tributary::flatten::TABLES;
use tributary::goal;
use tributary::query::Engine;
use tributary::report::Catalog;
use tributary::report::render::{Format, renderer};
use tributary::web::{self, Limits};

use crate::support::{Place, event, request};

const TOKEN: &str = "3f1c9a7e5d2b4806a1c3e5f708192a3b";

fn dashboard(limits: Limits) -> web::Settings {
    let catalog = Catalog::bundled().unwrap();
    web::Settings { tables: &TABLES, catalog, goals: goal::usual(), limits }
}

fn settings(place: &Place, token: Option<&str>) -> Settings {
    let web = Some(dashboard(Limits::default()));
    Settings { web, token: token.map(str::to_owned), ..place.settings() }
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

async fn get(app: &App, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = request(app, Method::GET, path);
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
    let engine = Engine::open(&place.lake(), &TABLES, &goal::usual(), limits).await.unwrap();
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
    let app = start(&place, settings(&place, None)).await;
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
    let app = start(&place, settings(&place, None)).await;
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
async fn what_is_wrong_is_named_with_its_remedy() {
    let place = Place::new();
    let app = place.start_with(settings(&place, None)).await;
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
    let app = start(&place, settings(&place, None)).await;
    for value in ["%27%20OR%201=1%20--", "%27%3B%20DROP%20TABLE%20sessions%3B--", "%24tenant"] {
        let path = format!("/api/reports/overview?tenant={value}");
        let response = get(&app, &path, &[]).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(json(response).await, Value::Array(vec![]));
    }
    app.stop().await.unwrap();
}

#[tokio::test]
async fn with_a_token_every_route_is_denied_without_it() {
    let place = Place::new();
    let app = start(&place, settings(&place, Some(TOKEN))).await;
    let bearer = format!("Bearer {TOKEN}");
    let shown = [(AUTHORIZATION.as_str(), bearer.as_str())];
    let document = json(get(&app, "/api/openapi.json", &shown).await).await;
    let paths = document["paths"].as_object().unwrap().keys();
    let mut paths: Vec<String> = paths.map(|path| path.replace("{name}", "overview")).collect();
    assert!(paths.len() > 30, "{paths:?}");
    let pages = ["/", "/channels", "/assets/x.js", "/index.html", "/api/openapi.json", "/metrics"];
    paths.extend(pages.map(str::to_owned));
    for path in paths {
        for wrong in ["", "Bearer ", "Bearer x", "Basic eDp5"] {
            let headers = [(AUTHORIZATION.as_str(), wrong), (ACCEPT.as_str(), "text/html")];
            let response = get(&app, &path, &headers).await;
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{path} with `{wrong}`");
            let body = response.text().await.unwrap();
            assert!(!body.contains("sessions") && !body.contains(TOKEN), "{path}: {body}");
        }
    }
    assert_eq!(get(&app, "/api/reports/overview", &shown).await.status(), StatusCode::OK);
    assert_eq!(get(&app, "/healthz", &[]).await.status(), StatusCode::OK);
    app.stop().await.unwrap();
}

#[tokio::test]
async fn signing_in_gives_a_cookie_that_ends() {
    let place = Place::new();
    let app = place.start_with(settings(&place, Some(TOKEN))).await;
    let sign_in = async |token: &str| {
        let form = format!("token={token}&next=%2Fchannels%3Funit%3Daccount");
        let request = request(&app, Method::POST, "/login").body(form);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.send().await.unwrap()
    };
    let wrong = sign_in("wrong").await;
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    assert!(!wrong.headers().contains_key(SET_COOKIE));
    assert!(wrong.text().await.unwrap().contains("value=\"/channels?unit=account\""));

    let right = sign_in(TOKEN).await;
    assert_eq!(right.status(), StatusCode::SEE_OTHER);
    assert_eq!(right.headers()[LOCATION], "/channels?unit=account");
    let cookie = right.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    assert!(cookie.contains("; HttpOnly; SameSite=Strict; Path=/; "), "{cookie}");
    assert!(!cookie.contains(TOKEN));
    let pair = cookie.split(';').next().unwrap();
    let with = [(COOKIE.as_str(), pair)];
    assert_eq!(get(&app, "/api/reports", &with).await.status(), StatusCode::OK);
    place.clock.advance_ms(12 * 3_600_000);
    assert_eq!(get(&app, "/api/reports", &with).await.status(), StatusCode::UNAUTHORIZED);

    let out = request(&app, Method::POST, "/logout").send().await.unwrap();
    assert!(out.headers()[SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    app.stop().await.unwrap();
}

#[tokio::test]
async fn without_a_token_only_this_machine_is_answered() {
    let place = Place::new();
    let app = place.start_with(settings(&place, None)).await;
    let rebound = get(&app, "/api/reports", &[(HOST.as_str(), "evil.example:8080")]).await;
    assert_eq!(rebound.status(), StatusCode::FORBIDDEN);
    assert!(error_of(rebound).await.contains("--token-file"));
    app.stop().await.unwrap();

    let place = Place::new();
    let listen = "0.0.0.0:0".parse().unwrap();
    let app = place.start_with(Settings { listen, ..settings(&place, None) }).await;
    for path in ["/", "/api/reports", "/api/reports/overview", "/api/lake"] {
        let response = get(&app, path, &[]).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{path}");
        assert!(error_of(response).await.contains("--token-file"), "{path}");
    }
    assert_eq!(place.send(&app, "evt_web_3", &event("evt_web_3")).await.status, 200);
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
        let web = Some(dashboard(limits));
        let app = start(&place, Settings { web, ..settings(&place, None) }).await;
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
    app.stop().await.unwrap();
}

#[tokio::test]
async fn the_lake_and_the_ingestion_are_described() {
    let place = Place::new();
    let app = start(&place, settings(&place, None)).await;
    let lake = json(get(&app, "/api/lake", &[]).await).await;
    assert_eq!(
        (&lake["first_day"], &lake["last_day"]),
        (&"2026-02-17".into(), &"2026-02-17".into())
    );
    assert_eq!(lake["tables"][0]["name"], "sessions");
    assert_eq!(lake["tables"][0]["files"], 1);
    assert_eq!(lake["token_required"], false);

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
    assert_eq!(now["ready"], true);
    app.stop().await.unwrap();
}

#[tokio::test]
async fn pages_may_load_nothing_from_elsewhere() {
    let place = Place::new();
    let app = place.start_with(settings(&place, None)).await;
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
