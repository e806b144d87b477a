//! The tables' logs: a shorter one says the same, and what is written behind it is read.

use std::collections::BTreeSet;

use tributary_ingest::clock::Clock as _;
use tributary_ingest::flatten::raw_events;
use tributary_lake::log::LogOptions;
use tributary_lake::rewrite::Rewrite;

use crate::compact::{DAY_MS, lake_of_copies, rules, send, table, upkeep};
use crate::ingest::number;
use crate::support::{NOW_MS, Place, event};

/// Returns the names of the files of a log.
fn log_of(place: &Place, table: &str) -> BTreeSet<String> {
    let folder = place.path("lake").join(table).join("_delta_log");
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn a_shorter_log_says_the_same() {
    let place = lake_of_copies().await;
    upkeep(&place, rules()).await;
    let raw = table(&place, &raw_events::TABLE).await;
    let (files, turn) = (raw.files().await.unwrap(), raw.turn().await.unwrap());
    let ingester = std::fs::read_to_string(place.path("journal").join("ingester")).unwrap();
    let committed = raw.committed(ingester.trim()).await.unwrap();
    assert!(committed.is_some() && turn == 1);
    let check = async |step: &str| {
        // A program that begins now finds everything.
        let raw = table(&place, &raw_events::TABLE).await;
        assert_eq!(raw.files().await.unwrap(), files, "{step}");
        assert_eq!(raw.turn().await.unwrap(), turn, "{step}");
        assert_eq!(raw.committed(ingester.trim()).await.unwrap(), committed, "{step}");
    };
    let options = LogOptions { entries_max: 5, is_published: false };
    let n_entries = log_of(&place, "raw_events").len();
    assert_eq!(raw.shorten_log(options, NOW_MS).await.unwrap(), 0);
    assert_eq!(raw.n_entries().await.unwrap(), 0);
    assert_eq!(log_of(&place, "raw_events").len(), n_entries, "nobody else sees it");
    check("with a checkpoint of our own").await;
    // It stands for the entries: they are not looked into.
    let entry = place.path("lake/raw_events/_delta_log/00000000000000000003.json");
    let text = std::fs::read(&entry).unwrap();
    std::fs::write(&entry, "").unwrap();
    check("without an entry").await;
    std::fs::write(&entry, text).unwrap();
    // Nobody else sees it, so it stands for no entry that others need.
    let options = LogOptions { entries_max: 1000, is_published: true };
    let later_ms = place.clock.now_ms() + 400 * DAY_MS;
    assert_eq!(raw.shorten_log(options, later_ms).await.unwrap(), 0);
    let options = LogOptions { entries_max: 0, is_published: true };
    raw.rewrite(turn, &Rewrite::default()).await.unwrap();
    let turn = turn + 1;
    assert_eq!(raw.shorten_log(options, NOW_MS).await.unwrap(), 0, "readers may have listed it");
    let options = LogOptions { entries_max: 9, ..options };
    assert!(raw.shorten_log(options, later_ms).await.unwrap() > 20);
    let names = log_of(&place, "raw_events");
    assert!(names.len() == 3 && names.iter().all(|name| !name.ends_with("parquet")), "{names:?}");
    let raw = table(&place, &raw_events::TABLE).await;
    assert_eq!((raw.files().await.unwrap(), raw.turn().await.unwrap()), (files.clone(), turn));
    assert_eq!(raw.committed(ingester.trim()).await.unwrap(), committed);
    let n = number(&place, "SELECT count(*) FROM files.raw_events").await;
    let app = place.start().await;
    send(&place, &app, "evt_new", &event("evt_new")).await;
    app.stop().await.unwrap();
    assert_eq!(number(&place, "SELECT count(*) FROM files.raw_events").await, n + 1);
}

/// A table that was open while others wrote and entries went: what it creates next stands behind
/// the checkpoint, not among the entries that are gone.
#[tokio::test]
async fn a_commit_after_others_have_cleaned_up_the_log_is_read() {
    let place = Place::new();
    let app = place.start().await;
    send(&place, &app, "evt_1", &event("evt_1")).await;
    app.flush().await.unwrap();
    let raw = table(&place, &raw_events::TABLE).await;
    for _ in 0..3 {
        let turn = raw.turn().await.unwrap();
        raw.rewrite(turn, &Rewrite::default()).await.unwrap();
    }
    let options = LogOptions { entries_max: 1, is_published: true };
    let later_ms = place.clock.now_ms() + 400 * DAY_MS;
    raw.shorten_log(options, NOW_MS).await.unwrap();
    assert!(raw.shorten_log(options, later_ms).await.unwrap() > 3);
    send(&place, &app, "evt_2", &event("evt_2")).await;
    app.stop().await.unwrap();
    assert_eq!(number(&place, "SELECT count(*) FROM files.raw_events").await, 2);
}
