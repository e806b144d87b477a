//! Any text in any field that a visitor controls: every report answers in every format, and what
//! shares out conversions adds up.

use std::collections::BTreeMap;
use std::io::Write;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Float64Type};
use bytes::Bytes;
use futures::TryStreamExt as _;
use serde_json::{Value as Json, json};
use tributary::attribution::{Journeys, Model, Weights, attribute};
use tributary::goal;
use tributary::query::{Engine, Limits};
use tributary::report::render::{Format, renderer};
use tributary::report::{Catalog, Report};
use tributary_ingest::event::{Record, RecordKind, Scheme};
use tributary_ingest::flatten::channel::Channels;
use tributary_ingest::flatten::{BodyAt, Flattener, TABLES};

use crate::support::{NOW_MS, Place, commit};

const LIMITS: Limits = Limits {
    memory_bytes_max: 1 << 28,
    spill_bytes_max: 1 << 28,
    partitions: NonZeroUsize::new(1),
};
const DAY_MS: i64 = 86_400_000;
/// A prime.
const N_TEXTS: usize = 83;
/// Rows that sum up what stands above them.
const FOOTERS: [&str; 3] = ["(attributed)", "(unattributed)", "(total)"];
/// What a program may take for something else.
#[rustfmt::skip]
const TEXTS: [&str; 81] = [
    "", " ", ">", " > ", "a > b", "a>b", "a >", "> a", r"\", r"\\ > x", r"\>", r"a\ ", "'q'", "''",
    "\"d\"", "a,b;c", "=1+1", "+1", "-1", "@x", "\tx", "\rx", "'=1", "(not set)", "(none)",
    "(total)", "(attributed)", "(unattributed)", "(null)", "(start)", "(conversion)", "(no touch)",
    "(direct)", "null", "undefined", "NaN", "inf", "a\u{1f}b", "\u{1f}\u{1f}x", "\u{1e}0",
    "a\u{1e}1b", "\0", "a\0b", "\u{1b}[2J", "\u{9b}31m", "a\r\nb", "\u{2028}", "\u{202e}gnp",
    "\u{200f}\u{200e}\u{61c}x", "\u{feff}bom", "e\u{301}\u{301}", "😀\u{200d}", "\u{fffd}",
    "\u{10ffff}", "%3E", "%", "%%", "_", "%ff", "$1", "${x}", "$from", "{\"a\":1}",
    "'; DROP TABLE sessions; --", "<b>x</b>", "a|b", "`m`", "| --- |", "[x](y)", "1e400", "x\u{1f}",
    "\u{7f}", "\"value\": 7", "Paid evil", "paid", "Direct", "direct > direct", "İ", "ß", "٣",
    "a / b",
];
/// Dimensions that a visitor's text becomes.
const DIMENSIONS: [&str; 3] = ["campaign", "content", "landing_page"];
/// Reports that a test of their own looks at.
const APART: [&str; 3] = ["models", "paths", "transitions"];

/// What a visitor may type.
fn texts() -> Vec<String> {
    let mut texts: Vec<String> = TEXTS.map(str::to_owned).to_vec();
    texts.push("9".repeat(400));
    texts.push("x > ".repeat(3000));
    assert_eq!(texts.len(), N_TEXTS);
    texts
}

/// Text number `n` of a field: each field goes through all of the list, which has a prime length,
/// in an order of its own.
fn text(texts: &[String], field: usize, n: usize) -> &str {
    &texts[(n * (field + 1) + field * 17) % texts.len()]
}

/// A session of a visitor; every second visitor converts in the last of three.
fn session(texts: &[String], n: usize) -> String {
    let (visitor, visit) = (n / 3, n % 3);
    let started = NOW_MS - (3 - i64::try_from(visit).unwrap()) * DAY_MS;
    let t = |field: usize| text(texts, field, n);
    let url = |field: usize| match n % 4 {
        0 => t(field).to_owned(),
        1 => format!("https://example.com/{}", t(field)),
        2 => format!("https://example.com/?utm_campaign={}&gclid={}", t(field), t(field + 1)),
        _ => format!("https://{}.com/x#{}", t(field), t(field)),
    };
    let mut events = vec![
        json!({"ts": started, "signal": "pageview", "url": url(1), "title": t(2)}),
        json!({"ts": started + 1, "signal": t(3), "url": url(4), "props": {t(5): t(6)}}),
        json!({"ts": started + 2, "signal": "pageview", "url": url(7), "ref": t(8)}),
    ];
    if visit == 2 && visitor.is_multiple_of(2) {
        let value = if visitor.is_multiple_of(4) { json!(t(9)) } else { json!(100) };
        events.push(json!({"ts": started + 3, "signal": "signup", "url": url(10), "props": {
            "value": value, "note": t(11)}}));
    }
    let campaign = text(texts, 0, n);
    json!({
        "id": format!("evt_{n}"), "type": "identity.session.finalized", "created": started,
        "data": {
            "finalizedAt": started + 10,
            "session": {
                "sid": format!("sid_{n}"), "vid": format!("vid_{visitor}"), "createdAt": started,
                "startedAt": started, "landingPage": url(12), "landingTitle": t(13),
                "referrer": if n.is_multiple_of(2) { t(14).to_owned() } else { url(15) },
                "gclid": t(16), "fbclid": t(17), "userAgent": t(18), "timezone": t(19),
                "utm": {"source": t(20), "medium": t(21), "campaign": campaign, "term": t(22),
                        "content": t(23)},
                "network": {"country": t(24), "city": t(25), "region": t(26)},
                "options": {t(27): t(28)},
                "events": events,
            },
            "enrichment": {"companies": [{"name": t(29), "industry": t(30), "domain":
                if visitor.is_multiple_of(3) { format!("c{visitor}.com") } else { t(31).to_owned() }}]},
        },
    })
    .to_string()
}

/// A lake of such sessions.
async fn lake() -> Place {
    let texts = texts();
    let mut flattener = Flattener::new(Arc::new(Channels::default()));
    for n in 0..texts.len() * 3 {
        let mut body = session(&texts, n);
        if n.is_multiple_of(10) {
            // JSON has a way to write what is no character.
            body = body.replacen(r#""landingTitle":""#, r#""landingTitle":"\ud800"#, 1);
        }
        let record = Record {
            kind: RecordKind::Event,
            scheme: Scheme::Import,
            webhook_id: format!("evt_{n}"),
            received_at_ms: NOW_MS,
            body: Bytes::from(body),
        };
        flattener.add(&record, BodyAt { offset: 0, length: 0 });
    }
    let place = Place::new();
    for (table, batch) in flattener.finish().unwrap().batches {
        commit(&place, table, &batch).await;
    }
    place
}

/// What was written, for whoever looks at it afterwards.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn rendered(format: Format, batch: &RecordBatch) -> Vec<u8> {
    let written = Written::default();
    let mut renderer = renderer(format, batch.schema(), Box::new(written.clone())).unwrap();
    renderer.write(batch).unwrap();
    renderer.finish().unwrap();
    std::mem::take(&mut written.0.lock().unwrap())
}

/// Runs a report with those of these values that it takes.
async fn run(engine: &Engine, report: &Report, given: &[(&str, &str)]) -> RecordBatch {
    let takes = |name: &str, value: &str| {
        report.parameters.iter().any(|known| known.name == name && known.value(value).is_ok())
    };
    let given =
        given.iter().chain(&[("limit", "1000000")]).filter(|(name, value)| takes(name, value));
    let given: Vec<(String, String)> =
        given.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let values = report.bind(&given).unwrap();
    let what = format!("{} {given:?}", report.name);
    let rows = engine.run(&report.sql, &values).await;
    let rows = rows.unwrap_or_else(|error| panic!("{what}: {error}"));
    let schema = Arc::clone(&rows.schema);
    let batches: Result<Vec<_>, _> = rows.batches.try_collect().await;
    let batches = batches.unwrap_or_else(|error| panic!("{what}: {error}"));
    concat_batches(&schema, &batches).unwrap()
}

/// The text of a column's cells; null is empty.
fn names(batch: &RecordBatch, column: usize) -> Vec<String> {
    let column = cast(batch.column(column), &DataType::Utf8).unwrap();
    column.as_string::<i32>().iter().map(|text| text.unwrap_or_default().to_owned()).collect()
}

fn numbers(batch: &RecordBatch, column: &str) -> Vec<f64> {
    let column = cast(batch.column_by_name(column).unwrap(), &DataType::Float64).unwrap();
    column.as_primitive::<Float64Type>().iter().map(|number| number.unwrap_or(0.0)).collect()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-6 * (1.0 + a.abs())
}

fn check_formats(what: &str, batch: &RecordBatch) {
    let n_rows = batch.num_rows();
    let utf8 = |format| String::from_utf8(rendered(format, batch)).unwrap();
    for (format, n_more) in [(Format::Table, 3), (Format::Markdown, 2)] {
        let text = utf8(format);
        assert_eq!(text.lines().count(), n_rows + n_more, "{what} {format}");
        let steers = |c: char| {
            let is_mark =
                matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}');
            c != '\n' && (c.is_control() || is_mark)
        };
        assert!(!text.contains(steers), "{what} {format}");
    }
    let csv = utf8(Format::Csv);
    let rows = csv::Reader::from_reader(csv.as_bytes()).into_records();
    assert_eq!(rows.map(Result::unwrap).count(), n_rows, "{what}");
    let json: Vec<Json> = serde_json::from_str(&utf8(Format::Json)).unwrap();
    let lines = utf8(Format::Ndjson);
    let lines: Vec<Json> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((json.len(), &json), (n_rows, &lines), "{what}");
    assert!(rendered(Format::Parquet, batch).starts_with(b"PAR1"), "{what}");
}

/// Checks a report that ends with its reconciliation; returns whether it does.
fn check_sums(what: &str, batch: &RecordBatch) -> bool {
    let names = names(batch, 0);
    let at = |footer: &str| names.iter().position(|name| name == footer);
    let (Some(attributed), Some(lost), Some(total)) =
        (at(FOOTERS[0]), at(FOOTERS[1]), at(FOOTERS[2]))
    else {
        return false;
    };
    for footer in FOOTERS {
        assert_eq!(names.iter().filter(|name| *name == footer).count(), 1, "{what} {footer}");
    }
    for field in batch.schema().fields() {
        let name = field.name().as_str();
        let is_credit = match what.split(' ').next() {
            Some("models") => !["dimension", "participation"].contains(&name),
            Some("deals") => ["credit", "credit_value"].contains(&name),
            _ => ["conversions", "value"].contains(&name),
        };
        if !is_credit {
            continue;
        }
        let numbers = numbers(batch, name);
        assert!(numbers.iter().all(|number| number.is_finite()), "{what} {name}");
        let rows = names.iter().zip(&numbers);
        let credited: f64 =
            rows.filter(|(name, _)| !FOOTERS.contains(&name.as_str())).map(|(_, n)| n).sum();
        assert!(close(credited, numbers[attributed]), "{what} {name}: {credited} is credited");
        assert!(close(numbers[attributed] + numbers[lost], numbers[total]), "{what} {name}");
        assert!(numbers[total] > 0.0, "{what} {name}");
    }
    true
}

/// Runs every second report, from the `first` on.
async fn check_reports(first: usize) {
    let place = lake().await;
    let engine =
        Engine::open(&place.lake(), &TABLES, &goal::default_goals(), LIMITS).await.unwrap();
    let mut n_sums = 0;
    for (at, report) in Catalog::bundled().unwrap().reports().iter().enumerate() {
        if at % 2 != first || APART.contains(&report.name.as_str()) {
            continue;
        }
        let by = DIMENSIONS[at / 2 % DIMENSIONS.len()];
        let batch = run(&engine, report, &[("by", by), ("model", "markov")]).await;
        check_formats(&report.name, &batch);
        n_sums += usize::from(check_sums(&report.name, &batch));
    }
    assert!(n_sums >= 3, "{n_sums} reports reconcile");
}

#[tokio::test]
async fn every_report_answers_in_every_format_and_adds_up() {
    check_reports(0).await;
}

#[tokio::test]
async fn every_other_report_answers_in_every_format_and_adds_up() {
    check_reports(1).await;
}

/// What `paths` writes is what `attribute` reads, name for name; and a chain begins and ends where
/// nobody can type.
#[tokio::test]
async fn paths_are_parted_where_touches_are() {
    let place = lake().await;
    let engine =
        Engine::open(&place.lake(), &TABLES, &goal::default_goals(), LIMITS).await.unwrap();
    let catalog = Catalog::bundled().unwrap();
    let mut found = vec![];
    for name in APART {
        let given = [("by", "campaign"), ("transform", "unique")];
        let batch = run(&engine, catalog.find(name).unwrap(), &given).await;
        check_formats(name, &batch);
        found.push(batch);
    }
    assert!(check_sums("models", &found[0]));
    check_journeys(&found[0], &found[1]);
    check_chain(&found[2]);
}

/// Checks that the paths of a report give its models' credits, attributed by themselves.
fn check_journeys(models: &RecordBatch, paths: &RecordBatch) {
    let journeys = Journeys::from_csv(&rendered(Format::Csv, paths)[..]).unwrap();
    for model in [Model::Linear, Model::FirstTouch, Model::PositionBased] {
        let found = attribute(&journeys, &[model], 1, Weights::default()).unwrap();
        let mut found: BTreeMap<String, f64> =
            found.into_iter().map(|credit| (credit.channel, credit.conversions)).collect();
        let credits = names(models, 0).into_iter().zip(numbers(models, model.name()));
        for (name, credit) in credits.filter(|(name, _)| !FOOTERS.contains(&name.as_str())) {
            let known = found.remove(&name).unwrap_or_default();
            assert!(close(credit, known), "{name:?}: {credit} and {known}");
        }
        assert_eq!(found, BTreeMap::new());
    }
    for name in [">", "a > b", "a >", "=1+1", "'=1", r"\\ > x", "a\0b", "\u{1f}\u{1f}x"] {
        assert!(journeys.channels().iter().any(|known| known == name), "{name:?}");
    }
}

/// Checks that what follows a touch is certain to, and that only touches would be missed.
fn check_chain(rows: &RecordBatch) {
    let mut sums: BTreeMap<String, f64> = BTreeMap::new();
    for (from, chance) in names(rows, 0).into_iter().zip(numbers(rows, "probability")) {
        *sums.entry(from).or_default() += chance;
    }
    assert!(sums.values().all(|sum| close(*sum, 1.0)), "{sums:?}");
    let effect = rows.column_by_name("removal_effect").unwrap();
    for (at, from) in names(rows, 0).iter().enumerate() {
        assert_eq!(effect.is_null(at), from == "(start)", "{from:?}");
    }
    assert!(sums.contains_key(">") && sums.contains_key("a > b"), "{:?}", sums.keys());
}
