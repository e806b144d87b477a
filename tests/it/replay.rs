//! Flattening again, and the rewriting of tables that it stands on.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use bytes::Bytes;
use tributary::replay::{Replay, Replayed, Selection};
use tributary_ingest::clock::Clock as _;
use tributary_ingest::event::{Record, RecordKind, Scheme};
use tributary_ingest::flatten::channel::Channels;
use tributary_ingest::flatten::{BodyAt, Flattener, raw_events, sessions};
use tributary_ingest::schema::Table;
use tributary_lake::rewrite::Rewrite;
use tributary_lake::sweep::{self, GRACE, SILENCE, SweepOptions};
use tributary_lake::{DataFile, LakeTable, files};

use crate::ingest::number;
use crate::support::{NOW_MS, Place, commit, event};

const DAY_MS: i64 = 86_400_000;
const NOW: SweepOptions = SweepOptions { now_ms: NOW_MS, grace: GRACE, silence: Duration::ZERO };

async fn replay(place: &Place, selection: Selection) -> Replayed {
    let lake = place.lake();
    let now_ms = place.clock.now_ms();
    let mut replay = Replay::open(&lake, Channels::default(), now_ms, |_| {}).await.unwrap();
    let rehearsed = replay.rehearse(&selection).await.unwrap();
    let done = replay.run(&selection).await.unwrap();
    assert_eq!(rehearsed, done, "what is told is what is done");
    done
}

fn letters() -> Selection {
    Selection { dead_letters_only: true, ..Selection::default() }
}

async fn table(place: &Place, definition: &'static Table) -> LakeTable {
    place.lake().table(definition).await.unwrap().unwrap()
}

/// Puts a body into a column named `body`, the last one or one in between.
fn with_body(rows: &RecordBatch, body: &str) -> RecordBatch {
    let texts: ArrayRef = Arc::new(StringArray::from(vec![body; rows.num_rows()]));
    let mut fields = rows.schema().fields().to_vec();
    let mut columns = rows.columns().to_vec();
    match rows.schema().index_of("body") {
        Ok(at) => columns[at] = texts,
        Err(_) => {
            fields.push(Arc::new(Field::new("body", DataType::Utf8, true)));
            columns.push(texts);
        }
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

/// Leaves an event as a program would have that could make nothing of its body.
async fn leave_unread(place: &Place, webhook_id: &str, body: &[u8], received_at_ms: i64) {
    let mut flattener = Flattener::new(Arc::default());
    let record = Record {
        kind: RecordKind::Event,
        scheme: Scheme::StandardBase64,
        webhook_id: webhook_id.to_owned(),
        received_at_ms,
        body: Bytes::from_static(b"no json"),
    };
    flattener.add(&record, BodyAt { offset: 0, length: 0 });
    let flattened = flattener.finish().unwrap();
    let body = str::from_utf8(body).unwrap();
    let (definition, rows) = &flattened.batches[0];
    commit(place, definition, &with_body(rows, body)).await;
    commit(place, &raw_events::TABLE, &with_body(&flattened.raw, body)).await;
}

#[tokio::test]
async fn an_event_that_can_be_read_now_moves_to_its_own_day_with_its_row() {
    let place = Place::new();
    let app = place.start().await;
    assert_eq!(place.send(&app, "evt_1", &event("evt_1")).await.status, 200);
    app.stop().await.unwrap();
    leave_unread(&place, "msg_2", &event("evt_2"), NOW_MS + 3 * DAY_MS).await;
    let done = replay(&place, letters()).await;
    assert_eq!((done.n_events, done.n_dead_letters, done.n_lost), (1, 0, 0));
    for table in ["raw_events", "sessions", "pageviews", "utm"] {
        let sql = format!("SELECT count(*) FROM files.{table} WHERE date = '2026-02-17'");
        assert_eq!(number(&place, &sql).await, 2, "{table}");
        assert_eq!(number(&place, &format!("SELECT count(*) FROM files.{table}")).await, 2);
    }
    assert_eq!(number(&place, "SELECT count(*) FROM files.dead_letters").await, 0);
    let sql = "SELECT count(*) FROM files.raw_events WHERE event_id = 'evt_2' \
               AND webhook_id = 'msg_2' AND signature_scheme = 'standard_base64'";
    assert_eq!(number(&place, sql).await, 1);
    let before = table(&place, &sessions::TABLE).await.turn().await.unwrap();
    let again = replay(&place, Selection::default()).await;
    assert_eq!((again.n_events, again.n_dead_letters, again.n_changed), (2, 0, 0));
    assert_eq!(table(&place, &sessions::TABLE).await.turn().await.unwrap(), before);
}

#[tokio::test]
async fn a_letter_whose_id_is_anothers_stays() {
    let place = Place::new();
    let app = place.start().await;
    assert_eq!(place.send(&app, "msg", &event("evt_1")).await.status, 200);
    place.send(&app, "msg", &event("evt_1x")).await;
    let odd = String::from_utf8(event("evt_3")).unwrap().replace("\"events\":[", "\"events\":[7,");
    assert_eq!(place.send(&app, "evt_3", odd.as_bytes()).await.status, 200);
    app.stop().await.unwrap();
    let done = replay(&place, letters()).await;
    assert_eq!((done.n_events, done.n_dead_letters, done.n_changed), (1, 1, 0));
    let done = replay(&place, Selection::default()).await;
    assert_eq!((done.n_events, done.n_dead_letters, done.n_changed), (2, 1, 0));
    let sql = "SELECT count(*) FROM files.dead_letters WHERE reason = 'id_conflict'";
    assert_eq!(number(&place, sql).await, 1);
    let sql = "SELECT count(*) FROM files.dead_letters WHERE path = 'data.session.events[0]'";
    assert_eq!(number(&place, sql).await, 1);
}

#[tokio::test]
async fn of_two_rewrites_that_began_together_one_starts_over() {
    let place = Place::new();
    for id in ["evt_1", "evt_2"] {
        let app = place.start().await;
        assert_eq!(place.send(&app, id, &event(id)).await.status, 200);
        app.stop().await.unwrap();
    }
    let table = table(&place, &sessions::TABLE).await;
    let dates = BTreeSet::from([20_501]);
    let base = table.base(&dates).await.unwrap();
    assert_eq!((base.turn, base.files.len()), (0, 2));
    let rewrite = |file: &DataFile| Rewrite {
        removed: vec![file.clone()],
        added: vec![],
        data_change: true,
        at_ms: NOW_MS,
    };
    // What an ingester appends meanwhile is no conflict.
    let app = place.start().await;
    assert_eq!(place.send(&app, "evt_3", &event("evt_3")).await.status, 200);
    app.stop().await.unwrap();
    assert!(table.rewrite(base.turn, &rewrite(&base.files[0])).await.unwrap());
    assert!(!table.rewrite(base.turn, &rewrite(&base.files[1])).await.unwrap());
    assert!(!table.rewrite(1, &rewrite(&base.files[0])).await.unwrap(), "it is gone already");
    assert_eq!(number(&place, "SELECT count(*) FROM files.sessions").await, 2);
    let orphans = sweep::find(&place.lake(), &table, NOW).await.unwrap();
    assert_eq!(orphans.leftover, BTreeSet::from([base.files[0].path.clone()]));
}

#[tokio::test]
async fn only_files_that_nobody_can_commit_any_more_are_swept() {
    let place = Place::new();
    let app = place.start().await;
    assert_eq!(place.send(&app, "evt_1", &event("evt_1")).await.status, 200);
    app.stop().await.unwrap();
    let table = table(&place, &sessions::TABLE).await;
    let lake = place.lake();
    let paths =
        [files::data_file(20_501, "0ther000", 9, 0), files::rewritten_file(20_501, 7, 1, 0)];
    for path in &paths {
        let key = object_store::path::Path::from(format!("sessions/{path}"));
        lake.put(&key, Bytes::from_static(b"rows"), "a segment").await.unwrap();
    }
    let found = sweep::find(&lake, &table, NOW).await.unwrap();
    assert_eq!((found.leftover.len(), found.pending.len(), found.n_others), (0, 1, 1));
    assert_eq!(sweep::sweep(&lake, &table, NOW).await.unwrap().n_removed, 1);
    let left = sweep::find(&lake, &table, NOW).await.unwrap();
    assert_eq!((left.leftover.len(), left.pending.len(), left.n_others), (0, 0, 1));
    // The rewrite that was about to commit the file finds its turn taken.
    assert!(!table.rewrite(0, &Rewrite::default()).await.unwrap());
    assert_eq!(number(&place, "SELECT count(*) FROM files.sessions").await, 1);
}

/// A sweep beside a running compaction made it start over, each time.
#[tokio::test]
async fn a_rewrite_that_still_puts_files_keeps_its_turn() {
    let place = Place::new();
    let (table, lake) = (place.lake().create_table(&sessions::TABLE).await.unwrap(), place.lake());
    let path = files::compacted_file(20_501, 7, 1, 0);
    let key = object_store::path::Path::from(format!("sessions/{path}"));
    lake.put(&key, Bytes::from_static(b"rows"), "compact").await.unwrap();
    let put_at_ms = sweep::find(&lake, &table, NOW).await.unwrap().pending[&path];
    let later = |after: Duration| put_at_ms + i64::try_from(after.as_millis()).unwrap();
    let sweep = async |now_ms: i64| {
        sweep::sweep(&lake, &table, SweepOptions::new(now_ms, Duration::ZERO))
            .await
            .unwrap()
            .n_removed
    };
    assert_eq!(sweep(later(SILENCE) - 1).await, 0);
    assert_eq!(table.turn().await.unwrap(), 0);
    assert_eq!(sweep(later(SILENCE)).await, 1);
    assert_eq!(table.turn().await.unwrap(), 1);
}
