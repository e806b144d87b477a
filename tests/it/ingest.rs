//! From the webhook to the lake: restarts, replays and repeated flushes count each event once.

use std::sync::Arc;

use futures::{FutureExt as _, TryStreamExt as _};
use tributary::blocks::Blocks;
use tributary::flush::{Policy, Worker};
use tributary::metrics::Metrics;
use tributary::priority::RightOfWay;
use tributary::query::{Engine, Limits};
use tributary_ingest::clock::Clock as _;
use tributary_ingest::event::{Record, RecordKind, Scheme};
use tributary_ingest::flatten::{TABLES, sessions};
use tributary_ingest::journal::{self, Journal, Outcome};
use tributary_lake::audit::audit;

use crate::support::{NOW_MS, Place, event};

const QUERY_LIMITS: Limits =
    Limits { memory_bytes_max: 1 << 28, spill_bytes_max: 1 << 28, partitions: None };

/// Runs a query whose answer is one number.
pub(crate) async fn number(place: &Place, sql: &str) -> i64 {
    use arrow::array::AsArray as _;
    use arrow::datatypes::Int64Type;
    let engine = Engine::open(&place.lake(), &TABLES, &[], QUERY_LIMITS).await.unwrap();
    let rows = engine.run(sql, &[]).await.unwrap();
    let batches: Vec<_> = rows.batches.try_collect().await.unwrap();
    let batch = batches.iter().find(|batch| batch.num_rows() > 0).expect("a row");
    batch.column(0).as_primitive::<Int64Type>().value(0)
}

/// `read_parquet('LAKE/<table>/**/*.parquet')` reads whatever Parquet file is there.
#[tokio::test]
async fn after_many_flushes_a_table_has_no_parquet_files_but_its_own() {
    let place = Place::new();
    let app = place.start().await;
    for at in 0..30 {
        let id = format!("evt_{at}");
        assert_eq!(place.send(&app, &id, &event(&id)).await.status, 200);
        app.flush().await.unwrap();
    }
    app.stop().await.unwrap();
    let table = place.path("lake").join("sessions");
    let log = std::fs::read_dir(table.join("_delta_log")).unwrap();
    let names: Vec<String> =
        log.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(names.len() > 30, "{names:?}");
    assert!(names.iter().all(|name| !name.ends_with(".parquet")), "{names:?}");
    assert_eq!(number(&place, "SELECT count(*) FROM files.sessions").await, 30);
}

#[tokio::test]
async fn what_was_answered_survives_a_restart_once() {
    let place = Place::new();
    for run in 0..3 {
        let app = place.start().await;
        for at in 0..10 {
            let id = format!("evt_{run}_{at}");
            assert_eq!(place.send(&app, &id, &event(&id)).await.status, 200);
        }
        let first = place.send(&app, "evt_0_0", &event("evt_0_0")).await;
        assert!(first.body.contains("duplicate"), "{first:?}");
        app.stop().await.unwrap();
    }
    assert_eq!(number(&place, "SELECT count(*) FROM files.raw_events").await, 30);
    assert_eq!(number(&place, "SELECT count(DISTINCT event_id) FROM files.sessions").await, 30);
    assert_eq!(number(&place, "SELECT count(*) FROM files.pageviews").await, 30);
    for table in TABLES {
        let audit = audit(&place.lake(), table, NOW_MS).await.unwrap().unwrap();
        assert_eq!((audit.problems, audit.n_orphans), (vec![], 0), "{}", table.name);
    }
}

/// Opens the journal of a place without the rest of the ingester.
fn open(place: &Place) -> Arc<Journal> {
    let options = journal::Options {
        segment_bytes_max: 1 << 20,
        segment_records_max: 5,
        quota: journal::Quota::default(),
        dedup_window_ms: 1 << 40,
    };
    let lake = place.lake().location().identity();
    let now_ms = place.clock.now_ms();
    let (log, recovery) = journal::open(&place.path("journal"), &lake, options, now_ms).unwrap();
    let metrics = Metrics::new().journal;
    let clock = Arc::clone(&place.clock);
    Arc::new(Journal::start(log, recovery.sealed, clock, metrics).unwrap())
}

async fn worker(place: &Place, journal: &Arc<Journal>) -> Worker {
    worker_with(place, journal, place.settings().policy).await
}

async fn worker_with(place: &Place, journal: &Arc<Journal>, policy: Policy) -> Worker {
    let clock = Arc::clone(&place.clock);
    let metrics = Arc::new(Metrics::new());
    let blocks = Arc::new(Blocks::new(Arc::clone(&metrics)));
    let journal = Arc::clone(journal);
    Worker::new(journal, place.lake(), policy, clock, metrics, blocks).await.unwrap()
}

fn record(place: &Place, id: &str, body: Vec<u8>) -> Record {
    Record {
        kind: RecordKind::Event,
        scheme: Scheme::Import,
        received_at_ms: place.clock.now_ms(),
        body: body.into(),
        webhook_id: id.to_owned(),
    }
}

/// Makes five events durable in the journal, in one segment.
async fn append_five(place: &Place, journal: &Journal) {
    for at in 0..5 {
        let id = format!("evt_{at}");
        journal.append(record(place, &id, event(&id))).await.unwrap();
    }
    journal.seal().await;
}

/// Flushes segments of five events, which are full or not, and tells whether others had to wait.
async fn others_wait(place: &Place, rows_max: u64) -> bool {
    let journal = open(place);
    for at in 0..50 {
        let id = format!("evt_{at}");
        journal.append(record(place, &id, event(&id))).await.unwrap();
    }
    let right_of_way = Arc::new(RightOfWay::new(Arc::clone(&place.clock) as _));
    let policy = Policy { rows_max, ..place.settings().policy };
    let worker = worker_with(place, &journal, policy).await;
    let mut worker = worker.beside_others(Arc::clone(&right_of_way));
    let has_to_wait = || right_of_way.give_way().now_or_never().is_none();
    let flushing = tokio::spawn(async move { while worker.flush_oldest().await.unwrap() {} });
    let mut have_waited = false;
    while !flushing.is_finished() {
        have_waited |= has_to_wait();
        tokio::task::yield_now().await;
    }
    flushing.await.unwrap();
    assert!(!has_to_wait(), "the flush is over");
    have_waited
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flush_of_full_segments_has_the_right_of_way_while_it_works() {
    assert!(others_wait(&Place::new(), 5).await);
    assert!(!others_wait(&Place::new(), 6).await);
}

#[tokio::test]
async fn records_that_come_together_are_each_told_what_became_of_them() {
    let place = Place::new();
    let journal = open(&place);
    let group = || {
        let pairs = [("a", "a"), ("a", "a"), ("b", "b"), ("a", "other")];
        pairs.map(|(id, body)| record(&place, id, event(body))).to_vec()
    };
    let (accepted, duplicate) = (Outcome::Accepted, Outcome::Duplicate);
    let outcomes = journal.append_all(group()).await.unwrap();
    assert_eq!(outcomes, [accepted, duplicate, accepted, Outcome::Conflict]);
    assert_eq!(journal.append_all(group()).await.unwrap(), [duplicate; 4]);
    assert_eq!(journal.shared().open_state().n_records, 3);
    journal.close();
    assert!(journal.append_all(group()).await.is_err());
}

/// Counts the versions of a table.
fn log_entries(place: &Place, table: &str) -> usize {
    std::fs::read_dir(place.path("lake").join(table).join("_delta_log")).unwrap().count()
}

/// A commit whose answer was lost is tried again; meanwhile another program may have replaced its
/// files, and to add them again would bring their rows back.
#[tokio::test]
async fn a_segment_is_committed_to_a_table_once() {
    use tributary_lake::DataFile;
    use tributary_lake::table::NewFile;
    let place = Place::new();
    let table = place.lake().create_table(&sessions::TABLE).await.unwrap();
    let path = "date=2026-02-17/part-0a1b2c3d-00000001-0.parquet".to_owned();
    let file = DataFile { path, date: 20_501, size: 1, n_rows: Some(1) };
    let files = [NewFile { file, stats: r#"{"numRecords":1}"#.to_owned(), written_at_ms: 1 }];
    assert!(table.commit(&files, "0a1b2c3d", 1).await.unwrap());
    assert!(!table.commit(&files, "0a1b2c3d", 1).await.unwrap());
    assert_eq!(log_entries(&place, "sessions"), 2);
    assert_eq!(table.committed("0a1b2c3d").await.unwrap(), Some(1));
    // Another journal's segment of the same number is another segment.
    assert!(table.commit(&files, "ffffffff", 1).await.unwrap());
}

/// Lists the files of a table, relative to its folder.
async fn files(place: &Place, table: &'static tributary_ingest::schema::Table) -> Vec<String> {
    let table = place.lake().table(table).await.unwrap().unwrap();
    table.files().await.unwrap().into_iter().map(|file| file.path).collect()
}

#[tokio::test]
async fn a_segment_of_more_rows_than_fit_in_memory_is_several_files_of_one_commit() {
    let place = Place::new();
    let mut settings = place.settings();
    settings.policy.chunk_bytes_max = 2000;
    let app = place.start_with(settings).await;
    for at in 0..40 {
        let id = format!("evt_{at}");
        assert_eq!(place.send(&app, &id, &event(&id)).await.status, 200);
    }
    app.stop().await.unwrap();
    let files = files(&place, &sessions::TABLE).await;
    assert!(files.len() > 5, "{files:?}");
    for table in ["raw_events", "sessions", "pageviews", "utm"] {
        let sql = format!("SELECT count(DISTINCT event_id) FROM files.{table}");
        assert_eq!(number(&place, &sql).await, 40, "{table}");
        assert_eq!(number(&place, &format!("SELECT count(*) FROM files.{table}")).await, 40);
        let log = place.path("lake").join(table).join("_delta_log");
        assert_eq!(std::fs::read_dir(log).unwrap().count(), 2, "{table}: creation and one commit");
    }
    for table in TABLES {
        let audit = audit(&place.lake(), table, NOW_MS).await.unwrap().unwrap();
        assert_eq!((audit.problems, audit.n_orphans), (vec![], 0), "{}", table.name);
    }
}

/// A process of another version, or told of less memory, may have cut the segment otherwise.
#[tokio::test]
async fn files_that_a_killed_flush_left_and_this_one_does_not_write_are_removed() {
    let place = Place::new();
    let journal = open(&place);
    append_five(&place, &journal).await;
    // Files are put by those alone that have met the lake.
    drop(worker(&place, &journal).await);
    let sequence = journal.shared().oldest().unwrap().sequence;
    let ingester = journal.directory().ingester().to_owned();
    journal.close();
    drop(journal);
    let partition = place.path("lake/sessions/date=2026-02-17");
    std::fs::create_dir_all(&partition).unwrap();
    let left = partition.join(format!("part-{ingester}-{sequence:08}-7.parquet"));
    let others = partition.join(format!("part-0a1b2c3d-{sequence:08}-7.parquet"));
    std::fs::write(&left, "left").unwrap();
    std::fs::write(&others, "another's").unwrap();
    let journal = open(&place);
    assert!(worker(&place, &journal).await.flush_oldest().await.unwrap());
    journal.close();
    assert!(!left.try_exists().unwrap() && others.try_exists().unwrap());
    std::fs::remove_file(others).unwrap();
    assert_eq!(number(&place, "SELECT count(*) FROM files.sessions").await, 5);
}

#[tokio::test]
async fn a_segment_flushed_again_after_a_lost_checkpoint_is_left_out() {
    let place = Place::new();
    let journal = open(&place);
    append_five(&place, &journal).await;
    let segment = journal.shared().oldest().expect("there is something to flush");
    let copy = place.path("copy.seg");
    std::fs::copy(&segment.path, &copy).unwrap();
    assert!(worker(&place, &journal).await.flush_oldest().await.unwrap());
    journal.close();
    drop(journal);
    let n_entries = ["raw_events", "sessions"].map(|table| log_entries(&place, table));
    // As if the process had died between the commits and the checkpoint.
    std::fs::copy(&copy, &segment.path).unwrap();
    std::fs::remove_file(place.path("journal/checkpoint")).unwrap();
    let journal = open(&place);
    assert!(journal.shared().oldest().is_some(), "the segment is there again");
    assert!(worker(&place, &journal).await.flush_oldest().await.unwrap());
    assert!(journal.shared().oldest().is_none());
    journal.close();
    assert_eq!(["raw_events", "sessions"].map(|table| log_entries(&place, table)), n_entries);
    for table in ["raw_events", "sessions", "pageviews", "utm"] {
        let sql = format!("SELECT count(*) FROM files.{table}");
        assert_eq!(number(&place, &sql).await, 5, "{table}");
    }
}

#[tokio::test]
async fn a_session_finalized_twice_is_one_session_of_its_latest_state() {
    let place = Place::new();
    let app = place.start().await;
    let body = |id: &str, finalized: i64, pages: usize| {
        let view = r#"{"ts":1771286400000,"signal":"pageview","url":"https://example.com/"}"#;
        let views = vec![view; pages].join(",");
        format!(
            r#"{{"id":"{id}","type":"identity.session.finalized","created":1771286400000,"data":{{"session":{{"sid":"sid_1","vid":"vid_1","createdAt":1771286400000,"events":[{views}]}},"finalizedAt":{finalized}}}}}"#
        )
    };
    for (id, finalized, pages) in
        [("a", 1_771_286_400_001, 5), ("b", 1_771_286_400_009, 2), ("c", 1_771_286_400_003, 7)]
    {
        place.send(&app, id, body(id, finalized, pages).as_bytes()).await;
    }
    app.stop().await.unwrap();
    assert_eq!(number(&place, "SELECT count(*) FROM files.sessions").await, 3);
    assert_eq!(number(&place, "SELECT count(*) FROM sessions").await, 1);
    assert_eq!(number(&place, "SELECT pageview_count FROM sessions").await, 2);
    assert_eq!(number(&place, "SELECT count(*) FROM pageviews").await, 2);
    assert_eq!(number(&place, "SELECT count(*) FROM visits").await, 1);
}

#[tokio::test]
async fn files_are_sorted_and_filtered_by_bloom_and_page_index() {
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    let place = Place::new();
    let app = place.start().await;
    place.send(&app, "evt_1", &event("evt_1")).await;
    app.stop().await.unwrap();
    let table = place.lake().table(&sessions::TABLE).await.unwrap().unwrap();
    let files = table.files().await.unwrap();
    let path = place.path("lake/sessions").join(&files[0].path);
    assert!(files[0].path.starts_with("date=2026-02-17/part-"), "{}", files[0].path);
    let reader = SerializedFileReader::new(std::fs::File::open(path).unwrap()).unwrap();
    let group = reader.metadata().row_group(0);
    let sorting: Vec<String> = group
        .sorting_columns()
        .unwrap()
        .iter()
        .map(|sorting| group.column(usize::try_from(sorting.column_idx).unwrap()))
        .map(|column| column.column_path().string())
        .collect();
    assert_eq!(sorting, ["tenant", "started_at"]);
    for column in group.columns() {
        let name = column.column_path().string();
        let is_id = ["event_id", "session_id", "visitor_id"].contains(&name.as_str());
        assert_eq!(column.bloom_filter_offset().is_some(), is_id, "{name}");
        assert!(column.column_index_offset().is_some(), "{name}");
    }
}
