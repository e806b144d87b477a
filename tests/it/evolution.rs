//! Lakes that an older or a newer program made.

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use tributary::query::{Engine, Limits};
use tributary_ingest::flatten::{TABLES, utm};
use tributary_ingest::schema::ColumnType::{Int, Text, Time};
use tributary_ingest::schema::{Column, Latest, OF_SESSION, Table, Unique, derived};
use tributary_lake::compact::{self, CompactOptions};
use tributary_lake::{LakeError, Operation, files};

use crate::ingest::number;
use crate::support::{NOW_MS, Place, commit, event};

const LIMITS: Limits =
    Limits { memory_bytes_max: 1 << 28, spill_bytes_max: 1 << 28, partitions: None };

const SETTINGS: CompactOptions =
    CompactOptions { target_bytes: 1 << 20, sort_bytes: 1 << 20, n_parallel: 1 };

/// The table as a program had it that knew fewer columns.
static OLD: Table = Table {
    name: "utm",
    doc: "a session's touchpoint",
    columns: OLD_COLUMNS,
    time: "touched_at",
    unique: Unique { group: OF_SESSION, latest: Latest::All, row: &[], first: None },
};
static OLD_COLUMNS: &[Column] = &[
    derived("event_id", Text, "id"),
    derived("session_id", Text, "session id"),
    derived("touched_at", Time, "when"),
    derived("channel", Text, "channel"),
];

/// The same with a column of another type.
static OTHER: Table = Table { columns: OTHER_COLUMNS, ..OLD };
static OTHER_COLUMNS: &[Column] = &[
    derived("event_id", Text, "id"),
    derived("touched_at", Time, "when"),
    derived("channel", Int, "number"),
];

/// Commits a row as an older program did.
async fn write_old(place: &Place) {
    let times = Int64Array::from(vec![NOW_MS]);
    let time = tributary_ingest::schema::data_type(Time);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Date32Array::from(vec![20_501])),
        Arc::new(StringArray::from(vec!["evt_old"])),
        Arc::new(StringArray::from(vec!["sid_old"])),
        arrow::compute::cast(&times, &time).unwrap(),
        Arc::new(StringArray::from(vec!["direct"])),
    ];
    let mut fields = vec![Arc::new(Field::new("date", DataType::Date32, false))];
    fields.extend(OLD.schema().fields().iter().map(Arc::clone));
    let rows = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
    commit(place, &OLD, &rows).await;
}

#[tokio::test]
async fn new_columns_appear_in_an_old_table_and_its_files_stay() {
    let place = Place::new();
    write_old(&place).await;
    let old = place.lake().table(&utm::TABLE).await.unwrap().unwrap().files().await.unwrap();
    let app = place.start().await;
    assert_eq!(place.send(&app, "evt_1", &event("evt_1")).await.status, 200);
    app.stop().await.unwrap();
    let now = place.lake().table(&utm::TABLE).await.unwrap().unwrap().files().await.unwrap();
    assert!(now.len() == 2 && now.contains(&old[0]), "{now:?}");
    let rows = "SELECT count(*) FROM utm WHERE";
    assert_eq!(
        number(&place, &format!("{rows} session_id = 'sid_old' AND visitor_id IS NULL")).await,
        1
    );
    assert_eq!(number(&place, &format!("{rows} visitor_id = 'vid_1'")).await, 1);
    // The old program goes on beside the new one, and what it does not know goes with the rows.
    let found = place.lake().table_to_rewrite(&OLD, Operation::Compact).await.unwrap().unwrap();
    assert!(found.other_columns().contains(&"visitor_id".to_owned()));
    compact::compact(&place.lake(), &found, SETTINGS, NOW_MS, |_| true, |_| {}).await.1.unwrap();
    assert_eq!(number(&place, &format!("{rows} visitor_id = 'vid_1'")).await, 1);
    assert!(found.files().await.unwrap().iter().all(|file| files::is_compacted(&file.path)));
    let table = place.lake().create_table(&OLD).await.unwrap();
    assert!(table.commit(&[], "0ld0ld00", 2).await.unwrap());
    assert!(place.lake().create_table(&utm::TABLE).await.is_ok());
}

#[tokio::test]
async fn a_column_of_another_type_is_refused() {
    let place = Place::new();
    place.lake().create_table(&OTHER).await.unwrap();
    let error = place.lake().create_table(&utm::TABLE).await.unwrap_err();
    assert!(matches!(error, LakeError::Unsupported { .. }), "{error:?}");
    assert!(error.to_string().contains("channel"), "{error}");
}

#[tokio::test]
async fn a_lake_of_a_later_format_is_refused_untouched() {
    let place = Place::new();
    let app = place.start().await;
    assert_eq!(place.send(&app, "evt_1", &event("evt_1")).await.status, 200);
    app.stop().await.unwrap();
    let mark = place.path("lake/_tributary/format.json");
    assert!(std::fs::read_to_string(&mark).unwrap().contains("\"format\":1"));
    for text in ["{\"format\": 2}", "?"] {
        std::fs::write(&mark, text).unwrap();
        let error = place.lake().probe().await.unwrap_err();
        assert!(matches!(error, LakeError::Format { .. }), "{error:?}");
        let opened = Engine::open(&place.lake(), &TABLES, &[], LIMITS).await;
        assert!(opened.unwrap_err().to_string().contains("upgrade"));
        assert_eq!(std::fs::read_to_string(&mark).unwrap(), text);
    }
}
