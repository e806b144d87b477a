//! Who may see what, spoken over HTTP: nothing without a token, and to each what its role may.

use futures::future::join_all;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CACHE_CONTROL, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue,
    LOCATION, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE,
};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use tributary::app::{App, Settings};
use tributary::web::Limits;
use tributary::web::tokens::Tokens;

use crate::support::{Place, TOKEN, ask, dashboard, event, reports};

/// Wrong tokens that are shown at the same time: fewer than may wait, so that none is turned away.
const WRONG_AT_ONCE: usize = 24;
const VIEWER: &str = "viewer-0123456789abcdef";
const ANALYST: &str = "analyst-0123456789abcdef";
const ADMIN: &str = "admin-0123456789abcdef";

async fn start(place: &Place) -> App {
    let web = Some(reports(Limits::default()));
    place.start_with(Settings { web, ..place.settings() }).await
}

async fn start_with(place: &Place, tokens: &str) -> App {
    let dashboard = Some(dashboard(&Tokens::parse(tokens).unwrap()));
    let web = Some(reports(Limits::default()));
    place.start_with(Settings { web, dashboard, ..place.settings() }).await
}

async fn get(app: &App, path: &str, headers: &[(HeaderName, &str)]) -> Response {
    let value = |text: &str| HeaderValue::from_str(text).unwrap();
    let headers = headers.iter().map(|(name, text)| (name.clone(), value(text)));
    ask(app, Method::GET, path).headers(headers.collect::<HeaderMap>()).send().await.unwrap()
}

async fn get_with(app: &App, path: &str, token: &str) -> Response {
    get(app, path, &[(AUTHORIZATION, &format!("Bearer {token}"))]).await
}

async fn sign_in(app: &App, token: &str) -> Response {
    let form = format!("token={token}&next=%2Fchannels%3Funit%3Daccount");
    let request = ask(app, Method::POST, "/login").body(form);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    request.send().await.unwrap()
}

async fn json(response: Response) -> Value {
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

/// Returns name and value of the cookie that an answer sets.
fn cookie_of(response: &Response) -> String {
    let cookie = response.headers()[SET_COOKIE].to_str().unwrap();
    assert!(cookie.contains("; HttpOnly; SameSite=Strict; Path=/; "), "{cookie}");
    assert!(!cookie.contains(TOKEN));
    cookie.split(';').next().unwrap().to_owned()
}

/// Returns all paths of the API, and some pages.
async fn paths(app: &App) -> Vec<String> {
    let document = json(get_with(app, "/api/openapi.json", TOKEN).await).await;
    let paths = document["paths"].as_object().unwrap().keys();
    let mut paths: Vec<String> = paths.map(|path| path.replace("{name}", "overview")).collect();
    assert!(paths.len() > 30, "{paths:?}");
    let pages = ["/", "/channels", "/assets/x.js", "/index.html", "/api/openapi.json"];
    paths.extend(pages.map(str::to_owned));
    paths
}

#[tokio::test]
async fn every_route_is_denied_without_the_token() {
    let place = Place::new();
    let app = start(&place).await;
    place.send(&app, "evt_1", &event("evt_1")).await;
    app.flush().await.unwrap();
    let mut asked = vec![];
    for path in paths(&app).await {
        for wrong in ["", "Bearer x", "Basic eDp5"] {
            asked.push((path.clone(), wrong));
        }
    }
    for some in asked.chunks(WRONG_AT_ONCE) {
        let asking = some.iter().map(async |(path, wrong)| {
            let headers = [(AUTHORIZATION, *wrong), (ACCEPT, "text/html")];
            let response = get(&app, path, &headers).await;
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{path} with `{wrong}`");
            let body = response.text().await.unwrap();
            assert!(!body.contains("sessions") && !body.contains(TOKEN), "{path}: {body}");
        });
        join_all(asking).await;
    }
    assert_eq!(get_with(&app, "/api/reports/overview", TOKEN).await.status(), StatusCode::OK);
    app.stop().await.unwrap();
}

/// A proxy sends this machine's name as the host, and says what it likes of who asked.
#[tokio::test]
async fn behind_a_proxy_nothing_is_shown_without_the_token() {
    let place = Place::new();
    let app = start(&place).await;
    for path in paths(&app).await {
        for host in ["localhost", "127.0.0.1:8080", "[::1]", "evil.example"] {
            let said = [
                (HOST, host),
                (HeaderName::from_static("x-forwarded-for"), "127.0.0.1"),
                (HeaderName::from_static("x-forwarded-host"), "localhost"),
                (HeaderName::from_static("forwarded"), "for=127.0.0.1;host=localhost"),
                (HeaderName::from_static("x-real-ip"), "127.0.0.1"),
            ];
            let status = get(&app, &path, &said).await.status();
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{path} at {host}");
        }
    }
    app.stop().await.unwrap();
}

#[tokio::test]
async fn signing_in_gives_a_cookie_that_ends() {
    let place = Place::new();
    let app = start(&place).await;
    let wrong = sign_in(&app, "wrong").await;
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    assert!(!wrong.headers().contains_key(SET_COOKIE));
    assert!(wrong.text().await.unwrap().contains("value=\"/channels?unit=account\""));

    let right = sign_in(&app, TOKEN).await;
    assert_eq!(right.status(), StatusCode::SEE_OTHER);
    assert_eq!(right.headers()[LOCATION], "/channels?unit=account");
    let pair = cookie_of(&right);
    assert_eq!(get(&app, "/api/reports", &[(COOKIE, &pair)]).await.status(), StatusCode::OK);
    place.clock.advance_ms(12 * 3_600_000);
    let late = get(&app, "/api/reports", &[(COOKIE, &pair)]).await;
    assert_eq!(late.status(), StatusCode::UNAUTHORIZED);

    let out = ask(&app, Method::POST, "/logout").send().await.unwrap();
    assert!(out.headers()[SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    app.stop().await.unwrap();
}

#[tokio::test]
async fn a_link_signs_in_and_is_told_to_nobody() {
    let place = Place::new();
    let app = start(&place).await;
    let right = get(&app, &format!("/login?token={TOKEN}"), &[]).await;
    assert_eq!(right.status(), StatusCode::SEE_OTHER);
    assert_eq!(right.headers()[LOCATION], "/");
    assert_eq!(right.headers()[REFERRER_POLICY], "no-referrer");
    assert_eq!(right.headers()[CACHE_CONTROL], "no-store");
    let pair = cookie_of(&right);
    assert_eq!(get(&app, "/api/lake", &[(COOKIE, &pair)]).await.status(), StatusCode::OK);

    let elsewhere = get(&app, &format!("/login?token={TOKEN}&next=//evil.example"), &[]).await;
    assert_eq!(elsewhere.headers()[LOCATION], "/");
    let wrong = get(&app, "/login?token=wrong", &[]).await;
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    assert!(!wrong.headers().contains_key(SET_COOKIE));
    assert_eq!(get(&app, "/login", &[]).await.status(), StatusCode::OK, "the form");
    app.stop().await.unwrap();
}

#[tokio::test]
async fn a_session_ends_with_its_token() {
    let place = Place::new();
    let tokens = format!(
        "[[tokens]]\nname = 'short'\ntoken = '{VIEWER}'\nexpires = 2026-02-17T01:00:00Z\n\
         [[tokens]]\nname = 'gone'\ntoken = '{ANALYST}'\n[[tokens]]\nname = 'a'\ntoken = '{ADMIN}'"
    );
    let app = start_with(&place, &tokens).await;
    let short = cookie_of(&sign_in(&app, VIEWER).await);
    let gone = cookie_of(&sign_in(&app, ANALYST).await);
    let status = async |app: &App, pair: &str| {
        get(app, "/api/reports", &[(COOKIE, pair)]).await.status().as_u16()
    };
    assert_eq!((status(&app, &short).await, status(&app, &gone).await), (200, 200));
    place.clock.advance_ms(3_600_000);
    assert_eq!((status(&app, &short).await, status(&app, &gone).await), (401, 200));
    assert_eq!(get_with(&app, "/api/reports", VIEWER).await.status(), StatusCode::UNAUTHORIZED);
    app.stop().await.unwrap();

    let tokens = format!("[[tokens]]\nname = 'a'\ntoken = '{ADMIN}'");
    let app = start_with(&place, &tokens).await;
    assert_eq!(status(&app, &gone).await, 401, "its token was removed");
    app.stop().await.unwrap();
}

#[tokio::test]
async fn a_role_may_what_it_may_and_is_told_which_one_is_needed() {
    let place = Place::new();
    let tokens = format!(
        "[[tokens]]\nname = 'v'\ntoken = '{VIEWER}'\nmasked = true\n\
         [[tokens]]\nname = 'n'\ntoken = '{ANALYST}'\nrole = 'analyst'\n\
         [[tokens]]\nname = 'a'\ntoken = '{ADMIN}'\nrole = 'admin'"
    );
    let app = start_with(&place, &tokens).await;
    for (path, needed, may) in [
        ("/api/reports", "viewer", [true, true, true]),
        ("/api/reports/overview", "viewer", [true, true, true]),
        ("/api/lake", "viewer", [true, true, true]),
        ("/api/openapi.json", "viewer", [true, true, true]),
        ("/", "viewer", [true, true, true]),
        ("/api/reports/overview/sql", "analyst", [false, true, true]),
        ("/api/ingestion", "admin", [false, false, true]),
    ] {
        for (token, may) in [VIEWER, ANALYST, ADMIN].into_iter().zip(may) {
            let response = get_with(&app, path, token).await;
            if may {
                assert_eq!(response.status(), StatusCode::OK, "{path} {token}");
                continue;
            }
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{path} {token}");
            let error = json(response).await["error"].as_str().unwrap().to_owned();
            assert!(error.contains(&format!("needs the role `{needed}`")), "{error}");
        }
    }
    for (token, role, masked, n_tables) in
        [(VIEWER, "viewer", true, 0), (ANALYST, "analyst", false, 0), (ADMIN, "admin", false, 1)]
    {
        let lake = json(get_with(&app, "/api/lake", token).await).await;
        assert_eq!((&lake["role"], &lake["masked"]), (&role.into(), &masked.into()));
        assert_eq!(lake["tables"].as_array().unwrap().len().min(1), n_tables, "{lake}");
    }
    app.stop().await.unwrap();
}

#[tokio::test]
async fn many_wrong_tokens_are_refused_at_once_and_right_ones_are_not() {
    let place = Place::new();
    let app = start(&place).await;
    let link = async |_| get(&app, "/login?token=wrong", &[]).await;
    let form = async |_| sign_in(&app, "wrong").await;
    let bearer = async |_| get_with(&app, "/api/reports", "wrong").await;
    let guesses = async {
        let (link, form) = (join_all((0..40).map(link)), join_all((0..40).map(form)));
        let (links, forms, bearers) = tokio::join!(link, form, join_all((0..40).map(bearer)));
        links.into_iter().chain(forms).chain(bearers).collect::<Vec<Response>>()
    };
    let (answers, right) = tokio::join!(guesses, get_with(&app, "/api/reports", TOKEN));
    assert_eq!(right.status(), StatusCode::OK);
    let refused = |answer: &&Response| answer.status() == StatusCode::TOO_MANY_REQUESTS;
    let n_refused = answers.iter().filter(refused).count();
    assert!(n_refused > 0, "none of {} was refused", answers.len());
    assert!(answers.iter().filter(refused).all(|a| a.headers().contains_key(RETRY_AFTER)));
    let slowed = answers.iter().filter(|a| a.status() == StatusCode::UNAUTHORIZED).count();
    assert_eq!(slowed + n_refused, answers.len());
    app.stop().await.unwrap();
}
