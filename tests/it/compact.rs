//! Compaction: the files hold what the views show, and nothing that reads notices.

use std::time::Duration;

use arrow::util::pretty::pretty_format_batches;
use futures::TryStreamExt as _;
use tributary::app::{App, JournalSettings, Settings};
use tributary::query::{Engine, Limits, VIEWS};
use tributary::upkeep::{self, Retention, Rules, schedule::Schedule};
use tributary_ingest::clock::Clock as _;
use tributary_ingest::flatten::{TABLES, sessions};
use tributary_ingest::schema::Table;
use tributary_lake::audit::audit;
use tributary_lake::compact::{CompactOptions, Compacted};
use tributary_lake::log::LogOptions;
use tributary_lake::rewrite::Rewrite;
use tributary_lake::sweep::SweepOptions;
use tributary_lake::{LakeTable, files};

use crate::ingest::number;
use crate::support::{NOW_MS, Place, event, fixture};

pub(crate) const DAY_MS: i64 = 86_400_000;
const LIMITS: Limits =
    Limits { memory_bytes_max: 1 << 28, spill_bytes_max: 1 << 28, partitions: None };
const LOG: LogOptions = LogOptions { entries_max: 100, is_published: false };
const OPTIONS: CompactOptions =
    CompactOptions { target_bytes: 64 << 20, sort_bytes: 32 << 20, n_parallel: 2 };

pub(crate) fn rules() -> Rules {
    Rules {
        compact: OPTIONS,
        from: None,
        to: None,
        grace: Duration::ZERO,
        retention: Retention::default(),
        log: LOG,
    }
}

/// Does a round of upkeep and removes what it replaced.
pub(crate) async fn upkeep(place: &Place, rules: Rules) -> Compacted {
    let lake = place.lake();
    let (tables, blocked) = upkeep::tables(&lake).await.unwrap();
    assert!(blocked.is_empty(), "{blocked:?}");
    let now_ms = place.clock.now_ms();
    let (done, errors) = upkeep::run(&lake, &tables, &rules, now_ms, |_| {}).await;
    assert!(errors.is_empty(), "{errors:?}");
    let options = SweepOptions { now_ms, grace: rules.grace, silence: Duration::ZERO };
    upkeep::sweep(&lake, &tables, options).await.unwrap();
    done.compacted
}

/// Returns the rows of each view, as text, in any order.
async fn shown(place: &Place) -> Vec<(&'static str, Vec<String>)> {
    let engine = Engine::open(&place.lake(), &TABLES, &[], LIMITS).await.unwrap();
    let mut all = vec![];
    for (name, _) in VIEWS {
        // When a copy came in is not what it says.
        let columns = match name {
            "sessions" | "raw_events" | "dead_letters" => "* EXCEPT (received_at)",
            _ => "*",
        };
        let rows = engine.run(&format!("SELECT {columns} FROM {name}"), &[]).await.unwrap();
        let batches: Vec<_> = rows.batches.try_collect().await.unwrap();
        let text = pretty_format_batches(&batches).unwrap().to_string();
        let mut lines: Vec<String> = text
            .lines()
            .filter(|line| line.starts_with('|'))
            .map(|line| line.split_whitespace().collect())
            .collect();
        lines.sort();
        all.push((name, lines));
    }
    all
}

pub(crate) async fn table(place: &Place, definition: &'static Table) -> LakeTable {
    place.lake().table(definition).await.unwrap().unwrap()
}

/// Counts the Parquet files that lie in a table's folders.
fn n_files(place: &Place, name: &str) -> usize {
    let dates = std::fs::read_dir(place.path("lake").join(name)).unwrap();
    let dates =
        dates.map(|entry| entry.unwrap().path()).filter(|path| !path.ends_with("_delta_log"));
    dates.map(|date| std::fs::read_dir(date).unwrap().count()).sum()
}

/// A session's event: which one, when it was finalized, how often its page was seen.
fn finalized(id: &str, sid: &str, finalized_ms: i64, n_pages: usize) -> Vec<u8> {
    let page = format!(
        r#"{{"ts":{NOW_MS},"signal":"pageview","url":"https://example.com/{finalized_ms}"}}"#
    );
    let pages = vec![page; n_pages].join(",");
    format!(
        r#"{{"id":"{id}","type":"identity.session.finalized","created":{finalized_ms},"data":{{"session":{{"sid":"{sid}","vid":"vid_{sid}","createdAt":{NOW_MS},"events":[{pages}]}},"finalizedAt":{finalized_ms}}}}}"#
    )
    .into_bytes()
}

pub(crate) async fn send(place: &Place, app: &App, id: &str, body: &[u8]) {
    assert_eq!(place.send(app, id, body).await.status, 200);
}

/// Two ingesters get the same webhooks, each flushing after each of them.
pub(crate) async fn lake_of_copies() -> Place {
    let place = Place::new();
    let first = place.start().await;
    let journal = JournalSettings { directory: place.path("second"), ..place.settings().journal };
    let second = place.start_with(Settings { journal, ..place.settings() }).await;
    let mut events: Vec<(String, Vec<u8>)> = vec![
        ("evt_1".to_owned(), finalized("evt_1", "a", NOW_MS + 1, 1)),
        ("evt_2".to_owned(), finalized("evt_2", "a", NOW_MS + 9, 3)),
        ("evt_3".to_owned(), finalized("evt_3", "a", NOW_MS + 5, 2)),
        ("evt_4".to_owned(), finalized("evt_4", "b", NOW_MS + 5, 2)),
        // Of equal times the least id counts.
        ("evt_6".to_owned(), finalized("evt_6", "c", NOW_MS, 2)),
        ("evt_5".to_owned(), finalized("evt_5", "c", NOW_MS, 1)),
        ("wh_7".to_owned(), b"no JSON".to_vec()),
        ("evt_4".to_owned(), finalized("evt_4", "another body", NOW_MS, 2)),
    ];
    for name in ["enriched", "validated", "resolved", "qualified", "session.finalized"] {
        events.push((name.to_owned(), fixture(&format!("payloads/identity.{name}.json"))));
    }
    for app in [&first, &second] {
        for (id, body) in &events {
            send(&place, app, id, body).await;
            app.flush().await.unwrap();
            place.clock.advance_ms(1);
        }
    }
    first.stop().await.unwrap();
    second.stop().await.unwrap();
    place
}

#[tokio::test]
async fn files_hold_what_the_views_show() {
    let place = lake_of_copies().await;
    let before = shown(&place).await;
    let report = upkeep(&place, rules()).await;
    assert_eq!(shown(&place).await, before);
    assert!(report.n_rows_dropped > 0, "{report:?}");
    for name in ["sessions", "pageviews", "utm", "identities", "raw_events", "dead_letters"] {
        let in_files = number(&place, &format!("SELECT count(*) FROM files.{name}")).await;
        let in_view = number(&place, &format!("SELECT count(*) FROM {name}")).await;
        assert_eq!(in_files, in_view, "{name}");
    }
    let pages = "SELECT count(*) FROM files.pageviews WHERE session_id = 'a'";
    assert_eq!(number(&place, pages).await, 3, "those of the latest finalization");
    assert_eq!(number(&place, "SELECT count(*) FROM files.dead_letters").await, 2);
    for definition in TABLES {
        let audit = audit(&place.lake(), definition, NOW_MS).await.unwrap().unwrap();
        assert_eq!((audit.problems, audit.n_orphans), (vec![], 0), "{}", definition.name);
        assert!(audit.fullest.is_none_or(|(_, n_files)| n_files == 1), "{:?}", audit.fullest);
    }
    assert_eq!(upkeep(&place, rules()).await, Compacted::default(), "nothing is left to do");
}

#[tokio::test]
async fn rows_that_do_not_fit_into_memory_are_sorted_on_disk() {
    let place = Place::new();
    let app = place.start().await;
    for at in 0..40 {
        let id = format!("evt_{at}");
        // Against the order of time.
        let started = NOW_MS + 100 - i64::from(at);
        let body = String::from_utf8(event(&id)).unwrap();
        let body =
            body.replace(&format!(r#""createdAt":{NOW_MS}"#), &format!(r#""createdAt":{started}"#));
        send(&place, &app, &id, body.as_bytes()).await;
        if at % 2 == 0 {
            app.flush().await.unwrap();
        }
    }
    app.stop().await.unwrap();
    let before = shown(&place).await;
    let options = CompactOptions { sort_bytes: 1, ..OPTIONS };
    upkeep(&place, Rules { compact: options, ..rules() }).await;
    assert_eq!(shown(&place).await, before);
    assert_eq!(n_files(&place, "sessions"), 1);
    let unsorted = "SELECT count(*) FROM (SELECT started_at, lag(started_at) OVER () AS earlier \
                    FROM files.sessions) WHERE earlier > started_at";
    assert_eq!(number(&place, unsorted).await, 0);
}

#[tokio::test]
async fn a_large_file_is_written_again_only_if_a_row_of_it_was_replaced() {
    let place = Place::new();
    let app = place.start().await;
    for (id, sid) in [("evt_1", "a"), ("evt_2", "b")] {
        send(&place, &app, id, &finalized(id, sid, NOW_MS, 1)).await;
    }
    app.flush().await.unwrap();
    // Every file is large where a few bytes are asked for.
    let options = CompactOptions { target_bytes: 2, ..OPTIONS };
    let rules = Rules { compact: options, ..rules() };
    assert_eq!(upkeep(&place, rules).await.n_files_before, 4);
    let sessions = table(&place, &sessions::TABLE).await;
    let large = sessions.files().await.unwrap();
    send(&place, &app, "evt_3", &finalized("evt_3", "c", NOW_MS, 1)).await;
    app.flush().await.unwrap();
    upkeep(&place, rules).await;
    let now = sessions.files().await.unwrap();
    assert!(now.len() == 2 && large.iter().all(|file| now.contains(file)), "{now:?}");
    send(&place, &app, "evt_4", &finalized("evt_4", "a", NOW_MS + 1, 1)).await;
    app.stop().await.unwrap();
    assert_eq!(upkeep(&place, rules).await.n_rows_dropped, 3, "in sessions, utm and pageviews");
    let now = sessions.files().await.unwrap();
    assert!(large.iter().all(|file| !now.contains(file)), "{now:?}");
    assert_eq!(number(&place, "SELECT count(*) FROM files.sessions").await, 3);
}

#[tokio::test]
async fn old_files_stay_for_readers_until_their_grace_is_over() {
    let place = lake_of_copies().await;
    let engine = Engine::open(&place.lake(), &TABLES, &[], LIMITS).await.unwrap();
    let old: Vec<String> = table(&place, &sessions::TABLE)
        .await
        .files()
        .await
        .unwrap()
        .into_iter()
        .map(|file| file.path)
        .collect();
    let patient = Rules { grace: Duration::from_secs(60), ..rules() };
    upkeep(&place, patient).await;
    // The sessions are of two days.
    assert_eq!(n_files(&place, "sessions"), old.len() + 2);
    let rows = engine.run("SELECT session_id FROM files.sessions", &[]).await.unwrap();
    let rows: Vec<_> = rows.batches.try_collect().await.unwrap();
    assert_eq!(rows.iter().map(|batch| batch.num_rows()).sum::<usize>(), old.len());
    place.clock.advance_ms(59_000);
    upkeep(&place, patient).await;
    assert_eq!(n_files(&place, "sessions"), old.len() + 2);
    place.clock.advance_ms(2000);
    upkeep(&place, patient).await;
    assert_eq!(n_files(&place, "sessions"), 2);
}

#[tokio::test]
async fn what_a_killed_compaction_left_is_removed_and_done_again() {
    let place = lake_of_copies().await;
    let sessions = table(&place, &sessions::TABLE).await;
    let date = sessions.files().await.unwrap()[0].date;
    let path = files::compacted_file(date, 7, 1, 0);
    let key = object_store::path::Path::from(format!("sessions/{path}"));
    place.lake().put(&key, bytes::Bytes::from_static(b"half"), "compact").await.unwrap();
    upkeep(&place, rules()).await;
    assert_eq!(n_files(&place, "sessions"), 2);
    // One that lives on with an old plan finds its turn taken.
    assert!(!sessions.rewrite(0, &Rewrite::default()).await.unwrap());
}

#[tokio::test]
async fn rows_past_their_retention_go_by_their_day() {
    let place = Place::new();
    let app = place.start().await;
    for age in 0..4 {
        let id = format!("evt_{age}");
        let body = String::from_utf8(event(&id)).unwrap();
        let body = body.replace(&NOW_MS.to_string(), &(NOW_MS - age * DAY_MS).to_string());
        send(&place, &app, &id, body.as_bytes()).await;
    }
    app.stop().await.unwrap();
    let days = |n: u64| Some(Duration::from_secs(n * 86_400));
    let retention = Retention { all: days(2), raw: days(1) };
    upkeep(&place, Rules { retention, ..rules() }).await;
    assert_eq!(number(&place, "SELECT count(*) FROM files.sessions").await, 3);
    assert_eq!(number(&place, "SELECT count(*) FROM files.raw_events").await, 2);
    assert_eq!(n_files(&place, "raw_events"), 2);
}

/// A browser whose clock is wrong dates its session years ahead; its day never ends.
#[tokio::test]
async fn days_that_have_not_come_yet_go_by_when_they_were_written() {
    let place = Place::new();
    let app = place.start().await;
    let far = i64::from(20_501 + 9_000) * DAY_MS;
    let body =
        String::from_utf8(event("evt_1")).unwrap().replace(&NOW_MS.to_string(), &far.to_string());
    send(&place, &app, "evt_1", body.as_bytes()).await;
    app.stop().await.unwrap();
    let retention = Retention { all: Some(Duration::from_secs(2 * 86_400)), raw: None };
    for (age, n_left) in [(1, 1), (1, 1), (1, 0)] {
        place.clock.advance_ms(age * DAY_MS);
        upkeep(&place, Rules { retention, to: Some(20_501), ..rules() }).await;
        for table in ["sessions", "pageviews", "raw_events"] {
            let sql = format!("SELECT count(*) FROM files.{table}");
            assert_eq!(number(&place, &sql).await, n_left, "{table}");
        }
    }
}

#[tokio::test]
async fn one_process_does_a_round() {
    let place = Place::new();
    let (first, second) = (place.lake(), place.lake());
    let hour = Duration::from_secs(3600);
    let elect = |lake, now_ms| upkeep::elect(lake, hour, now_ms);
    assert!(elect(&first, NOW_MS).await.unwrap());
    assert!(!elect(&second, NOW_MS + 1).await.unwrap());
    assert!(elect(&second, NOW_MS + 3_600_000).await.unwrap());
    assert!(!elect(&first, NOW_MS + 3_600_000).await.unwrap());
}

#[tokio::test]
async fn an_ingester_compacts_days_that_are_over_by_itself() {
    let place = Place::new();
    let interval = Duration::from_secs(60);
    let schedule = Schedule { interval, rules: rules() };
    let app = place.start_with(Settings { upkeep: Some(schedule), ..place.settings() }).await;
    let yesterday = NOW_MS - DAY_MS;
    for at in 0..4 {
        let id = format!("evt_{at}");
        let started = if at < 2 { yesterday } else { NOW_MS };
        let body = String::from_utf8(event(&id)).unwrap();
        let body = body.replace(&NOW_MS.to_string(), &started.to_string());
        send(&place, &app, &id, body.as_bytes()).await;
        app.flush().await.unwrap();
    }
    assert_eq!(n_files(&place, "sessions"), 4);
    place.clock.advance_ms(61_000);
    while app.metrics().compactions.get() == 0 || n_files(&place, "sessions") != 3 {
        assert_eq!(app.metrics().compaction_errors.get(), 0);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    app.stop().await.unwrap();
    assert_eq!(number(&place, "SELECT count(*) FROM sessions").await, 4);
}
