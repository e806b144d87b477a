//! Attribution in SQL against the published figures of two vendors, and against itself.

use std::sync::Arc;

use arrow::array::AsArray as _;
use arrow::datatypes::Float64Type;
use futures::TryStreamExt as _;
use tributary::flatten::TABLES;
use tributary::goal;
use tributary::query::{Engine, Limits, Value};
use tributary::report::Catalog;

use crate::support::Place;

const LIMITS: Limits = Limits { memory_bytes_max: 1 << 28, spill_bytes_max: 1 << 28 };
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

/// Runs the report `models` by source, in money; returns each source's credit of a model.
async fn credits(place: &Place, model: &str) -> Vec<(String, f64)> {
    let engine = Engine::open(&place.lake(), &TABLES, &goal::usual(), LIMITS).await.unwrap();
    let catalog = Catalog::bundled().unwrap();
    let report = catalog.find("models").unwrap();
    let given: Vec<(String, String)> = [("by", "source"), ("measure", "value")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
    let values: Vec<(&str, Value)> = report.bind(&given).unwrap();
    let rows = engine.run(&report.sql, &values).await.unwrap();
    let mut credits = vec![];
    let batches: Vec<_> = rows.batches.try_collect().await.unwrap();
    for batch in batches {
        let cast = |name: &str, to| {
            arrow::compute::cast(batch.column_by_name(name).unwrap(), &to).unwrap()
        };
        let names = cast("dimension", arrow::datatypes::DataType::Utf8);
        let worth = cast(model, arrow::datatypes::DataType::Float64);
        for at in 0..batch.num_rows() {
            let credit = worth.as_primitive::<Float64Type>().value(at);
            credits.push((names.as_string::<i32>().value(at).to_owned(), credit));
        }
    }
    credits
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
