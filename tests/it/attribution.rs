//! Attribution in SQL against the published figures of two vendors, and against itself.

use std::sync::Arc;

use arrow::array::AsArray as _;
use arrow::datatypes::Float64Type;
use futures::TryStreamExt as _;
use tributary::goal;
use tributary::query::{Engine, Limits, Value};
use tributary::report::Catalog;
use tributary_ingest::flatten::TABLES;

use crate::support::Place;

const LIMITS: Limits =
    Limits { memory_bytes_max: 1 << 28, spill_bytes_max: 1 << 28, partitions: None };
const DAY_MS: i64 = 86_400_000;
/// When the conversion happens.
const CONVERTED_MS: i64 = 1_771_286_400_000;

/// A touch: days before the conversion, and the source it came from.
type Touch = (f64, &'static str);

/// Sends one session a touch; the last one converts with this value.
async fn lake_of(touches: &[Touch], value: f64) -> Place {
    let place = Place::new();
    let app = place.start().await;
    for (at, (age_days, source)) in touches.iter().enumerate() {
        #[expect(clippy::cast_possible_truncation, reason = "whole milliseconds of a few days")]
        let started = CONVERTED_MS - (age_days * DAY_MS as f64) as i64;
        let is_last = at + 1 == touches.len();
        let goal = format!(
            r#",{{"ts":{started},"signal":"signup","url":"https://example.com/done","props":{{"value":{value}}}}}"#
        );
        let goal = if is_last { goal.as_str() } else { "" };
        let body = format!(
            r#"{{"id":"evt_{at}","type":"identity.session.finalized","created":{started},"data":{{"session":{{"sid":"sid_{at}","vid":"vid_1","createdAt":{started},"utm":{{"source":"{source}","medium":"referral"}},"events":[{{"ts":{started},"signal":"pageview","url":"https://example.com/"}}{goal}]}},"finalizedAt":{started}}}}}"#
        );
        let answer = place.send(&app, &format!("evt_{at}"), body.as_bytes()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    app.stop().await.unwrap();
    place
}

/// Runs a report by source; returns the text of one column and the number of another, row by row.
async fn rows(
    place: &Place,
    report: &str,
    given: &[(&str, &str)],
    columns: (&str, &str),
) -> Vec<(String, f64)> {
    let engine =
        Engine::open(&place.lake(), &TABLES, &goal::default_goals(), LIMITS).await.unwrap();
    let catalog = Catalog::bundled().unwrap();
    let report = catalog.find(report).unwrap();
    let given = [("by", "source")].iter().chain(given);
    let given: Vec<(String, String)> =
        given.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let values: Vec<(&str, Value)> = report.bind(&given).unwrap();
    let rows = engine.run(&report.sql, &values).await.unwrap();
    let mut found = vec![];
    let batches: Vec<_> = rows.batches.try_collect().await.unwrap();
    for batch in batches {
        let cast = |name: &str, to| {
            arrow::compute::cast(batch.column_by_name(name).unwrap(), &to).unwrap()
        };
        let names = cast(columns.0, arrow::datatypes::DataType::Utf8);
        let numbers = cast(columns.1, arrow::datatypes::DataType::Float64);
        for at in 0..batch.num_rows() {
            let number = numbers.as_primitive::<Float64Type>().value(at);
            found.push((names.as_string::<i32>().value(at).to_owned(), number));
        }
    }
    found
}

/// Runs the report `models` in money; returns each source's credit of a model.
async fn credits(place: &Place, model: &str) -> Vec<(String, f64)> {
    rows(place, "models", &[("measure", "value")], ("dimension", model)).await
}

async fn check(touches: &[Touch], value: f64, model: &str, expected: &[(&str, f64)]) {
    let place = Arc::new(lake_of(touches, value).await);
    let credits = credits(&place, model).await;
    for (source, expected) in expected {
        let (_, credit) = credits.iter().find(|(name, _)| name == source).expect("a credit");
        assert!((credit - expected).abs() < 5e-5, "{model} {source}: {credit} is not {expected}");
    }
    let total: f64 =
        credits.iter().filter(|(name, _)| !name.starts_with('(')).map(|(_, c)| c).sum();
    assert!((total - value).abs() < 1e-6, "{model}: {total}");
}

/// Adobe's worked example: touches 9, 6, 0 and 0 days before an order of $50.
#[tokio::test]
async fn time_decay_and_j_shaped_give_adobes_figures() {
    let touches = [(9.0, "a"), (6.0, "b"), (0.0, "c"), (0.0, "d")];
    let decay = [("a", 6.9233), ("b", 9.3181), ("c", 16.8793), ("d", 16.8793)];
    check(&touches, 50.0, "time_decay", &decay).await;
    check(&touches, 50.0, "j_shaped", &[("a", 10.0), ("b", 5.0), ("c", 5.0), ("d", 30.0)]).await;
}

/// A deal of $12,000 with touches 38, 33, 26, 8 and 0 days before it.
#[tokio::test]
async fn a_deals_credit_is_shared_as_published() {
    let touches = [(38.0, "a"), (33.0, "b"), (26.0, "c"), (8.0, "d"), (0.0, "e")];
    let decay =
        [("a", 175.1952), ("b", 287.4376), ("c", 574.8752), ("d", 3417.0450), ("e", 7545.4471)];
    check(&touches, 12_000.0, "time_decay", &decay).await;
    let u = [("a", 4800.0), ("b", 800.0), ("c", 800.0), ("d", 800.0), ("e", 4800.0)];
    check(&touches, 12_000.0, "position_based", &u).await;
    check(&touches, 12_000.0, "linear", &[("a", 2400.0), ("e", 2400.0)]).await;
}

#[tokio::test]
async fn one_and_two_touches_are_no_special_case_gone_wrong() {
    for model in ["first_touch", "last_touch", "linear", "position_based", "time_decay", "shapley"]
    {
        check(&[(3.0, "a")], 100.0, model, &[("a", 100.0)]).await;
    }
    let two = [(3.0, "a"), (1.0, "b")];
    check(&two, 100.0, "position_based", &[("a", 50.0), ("b", 50.0)]).await;
    check(&two, 100.0, "j_shaped", &[("a", 25.0), ("b", 75.0)]).await;
    check(&two, 100.0, "inverse_j", &[("a", 75.0), ("b", 25.0)]).await;
}

/// The path that Snowplow's documentation transforms: D, A, B, B, C, D, C, C.
#[tokio::test]
async fn paths_are_written_as_published() {
    let touches =
        [(8.0, "d"), (7.0, "a"), (6.0, "b"), (5.0, "b"), (4.0, "c"), (3.0, "d"), (2.0, "c")];
    let touches: Vec<Touch> = touches.into_iter().chain([(1.0, "c")]).collect();
    let place = lake_of(&touches, 10.0).await;
    for (transform, path) in [
        ("unique", "d > a > b > b > c > d > c > c"),
        ("exposure", "d > a > b > c > d > c"),
        ("first", "d > a > b > c"),
        ("frequency", "d(2) > a(1) > b(2) > c(3)"),
    ] {
        let found =
            rows(&place, "paths", &[("transform", transform)], ("path", "conversions")).await;
        assert_eq!(found, [(path.to_owned(), 1.0)], "{transform}");
    }
}

#[tokio::test]
async fn time_decay_ends_as_linear_and_begins_as_last_touch() {
    let place = lake_of(&[(9.0, "a"), (6.0, "b"), (2.0, "c"), (0.0, "d")], 100.0).await;
    let decay = |half_life: &'static str| {
        let given = [("measure", "value"), ("half_life", half_life)];
        let place = &place;
        async move { rows(place, "models", &given, ("dimension", "time_decay")).await }
    };
    for (half_life, model) in [("none", "linear"), ("1m", "last_touch")] {
        let expected = credits(&place, model).await;
        for (source, credit) in decay(half_life).await {
            let (_, expected) = expected.iter().find(|(name, _)| *name == source).unwrap();
            assert!((credit - expected).abs() < 1e-3, "{half_life} {source}: {credit}");
        }
    }
}

/// Every model gives what the lookback leaves out to nobody, and the rest away in full.
#[tokio::test]
async fn a_shorter_lookback_leaves_fewer_touches_and_the_same_total() {
    let place = lake_of(&[(9.0, "a"), (6.0, "b"), (0.0, "c")], 100.0).await;
    for (given, n_left) in [(("lookback", "7d"), 2), (("steps", "1"), 1)] {
        let found = rows(&place, "models", &[given], ("dimension", "linear")).await;
        let sources = found.iter().filter(|(name, _)| !name.starts_with('('));
        let sources: Vec<f64> = sources.map(|(_, credit)| *credit).collect();
        assert_eq!(sources.len(), n_left, "{given:?}");
        assert!((sources.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{given:?}");
    }
}

/// Who is not known is somebody each time; an account is one, whoever of it comes.
#[tokio::test]
async fn goals_counted_per_person_or_account_count_rows_without_one_apart() {
    let place = Place::new();
    let app = place.start().await;
    for (at, (visitor, domain)) in [
        ("null", "null"),
        ("null", "null"),
        (r#""vid_1""#, "null"),
        (r#""vid_1""#, "null"),
        ("null", r#""acme.com""#),
        (r#""vid_2""#, r#""acme.com""#),
        (r#""acme.com""#, "null"),
    ]
    .into_iter()
    .enumerate()
    {
        let body = format!(
            r#"{{"id":"evt_{at}","type":"identity.session.finalized","created":{CONVERTED_MS},"data":{{"session":{{"sid":"sid_{at}","vid":{visitor},"createdAt":{CONVERTED_MS},"events":[{{"ts":{CONVERTED_MS},"signal":"signup"}},{{"ts":{CONVERTED_MS},"signal":"signup"}}]}},"enrichment":{{"companies":[{{"domain":{domain}}}]}},"finalizedAt":{CONVERTED_MS}}}}}"#
        );
        place.send(&app, &format!("evt_{at}"), body.as_bytes()).await;
    }
    app.stop().await.unwrap();
    for (counting, expected) in [("every", 14), ("session", 7), ("person", 6), ("account", 5)] {
        let goal = goal::parse(&format!("signup=signal:signup;count={counting}")).unwrap();
        let engine = Engine::open(&place.lake(), &TABLES, &[goal], LIMITS).await.unwrap();
        let rows = engine.run("SELECT count(*) AS n FROM conversion_events", &[]).await.unwrap();
        let batches: Vec<_> = rows.batches.try_collect().await.unwrap();
        let found = batches[0].column(0).as_primitive::<arrow::datatypes::Int64Type>().value(0);
        assert_eq!(found, expected, "{counting}");
    }
}
