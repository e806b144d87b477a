//! What a tokens file says of tenants and masks, held against other tenants' rows over HTTP.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, ETAG, IF_NONE_MATCH};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tributary::app::{App, Settings};
use tributary::web::Limits;
use tributary::web::tokens::Tokens;

use crate::support::{Place, ask, dashboard, reports};
use crate::world::{self, PEOPLE, Who};

/// Of each token its `tenants` and `masked`, and what no answer to it may show.
const TOKENS: [(&str, &str, bool, &[&str]); 5] = [
    ("all-0123456789abcdef", "", false, &[]),
    ("alpha-0123456789abcdef", "tenants = ['alpha']", false, &["beta", "Beta", "nobody"]),
    ("beta-0123456789abcdef", "tenants = ['beta']", false, &["alpha", "Alpha", "nobody"]),
    ("both-0123456789abcdef", "tenants = ['beta', 'alpha']", true, &["nobody"]),
    ("none-0123456789abcdef", "tenants = ['gamma']", true, &["alpha", "beta", "nobody"]),
];

/// Starts an ingester over a lake of two tenants, with a token of each kind.
async fn start(place: &Place) -> App {
    world::send(place, &[Who::Tenant("alpha"), Who::Tenant("beta"), Who::Nobody]).await;
    let token = |(token, tenants, masked, _): (&str, &str, bool, &[&str])| {
        let name = token.split('-').next().unwrap();
        format!(
            "[[tokens]]\nname = '{name}'\ntoken = '{token}'\nrole = 'admin'\n{tenants}\nmasked = {masked}\n"
        )
    };
    let dashboard = Some(dashboard(&Tokens::parse(&TOKENS.map(token).concat()).unwrap()));
    // What is tested is no query's time.
    let web = Some(reports(Limits { time: Duration::from_secs(600), ..Limits::default() }));
    place.start_with(Settings { web, dashboard, ..place.settings() }).await
}

async fn get(app: &App, path: &str, token: &str, known: &str) -> Response {
    let request = ask(app, Method::GET, path).header(AUTHORIZATION, format!("Bearer {token}"));
    request.header(IF_NONE_MATCH, known).send().await.unwrap()
}

fn tag(response: &Response) -> String {
    response.headers()[ETAG].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_token_is_shown_its_own_tenants_and_no_answer_of_another() {
    let place = Place::new();
    let app = start(&place).await;
    for path in [
        "/api/reports/conversions?format=csv",
        "/api/reports/account?account=both.example",
        "/api/lake",
    ] {
        let mut known = vec!["W/\"0\"".to_owned()];
        for (token, _, masked, hidden) in TOKENS {
            // Whatever another token was given is no answer to this one, kept or known.
            let response = get(&app, path, token, &known.join(", ")).await;
            assert_eq!(response.status(), StatusCode::OK, "{path} with {token}");
            if path != "/api/lake" {
                let tag = tag(&response);
                let again = get(&app, path, token, &tag).await;
                assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path} with {token}");
                known.push(tag);
            }
            let text = response.text().await.unwrap();
            let people = PEOPLE.iter().filter(|_| masked);
            for hidden in hidden.iter().chain(people) {
                assert!(!text.contains(hidden), "{path} shows {token} `{hidden}`: {text}");
            }
            if path.ends_with("csv") && !masked {
                assert!(text.contains("ann@"), "{token} sees people: {text}");
            }
        }
    }
    app.stop().await.unwrap();
}

#[tokio::test]
async fn the_lake_is_described_as_far_as_its_tenants_go() {
    let place = Place::new();
    let app = start(&place).await;
    for ((token, _, masked, _), tenants, days) in [
        (TOKENS[0], json!(["alpha", "beta"]), json!(["2026-02-08", "2026-02-16"])),
        (TOKENS[1], json!(["alpha"]), json!(["2026-02-08", "2026-02-16"])),
        (TOKENS[3], json!(["alpha", "beta"]), json!(["2026-02-08", "2026-02-16"])),
        (TOKENS[4], json!([]), json!([null, null])),
    ] {
        let text = get(&app, "/api/lake", token, "").await.text().await.unwrap();
        let lake: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(lake["tenants"], tenants, "{token}");
        assert_eq!(json!([lake["first_day"], lake["last_day"]]), days, "{token}");
        assert_eq!(lake["masked"], masked, "{token}");
        // Files hold the rows of all, and so do counters of what came in.
        let sees_all = token == TOKENS[0].0;
        assert_eq!(lake["tables"].as_array().unwrap().is_empty(), !sees_all, "{token}");
        let ingestion = get(&app, "/api/ingestion", token, "").await.status();
        let expected = if sees_all { StatusCode::OK } else { StatusCode::FORBIDDEN };
        assert_eq!(ingestion, expected, "{token}");
    }
    app.stop().await.unwrap();
}
