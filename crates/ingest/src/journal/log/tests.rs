//! The index of ids fails: what it had not synced is known all the same.

use std::fs;

use bytes::Bytes;

use super::super::open;
use super::*;
use crate::event::Scheme;

fn record(id: u8, body: &'static str) -> Record {
    Record {
        kind: RecordKind::Event,
        scheme: Scheme::StandardBase64,
        webhook_id: format!("evt_{id}"),
        received_at_ms: 5,
        body: Bytes::from(body),
    }
}

#[test]
fn an_index_that_lost_its_ids_is_told_of_all_that_waits() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        segment_bytes_max: 1 << 20,
        segment_records_max: 4,
        quota: Quota::default(),
        dedup_window_ms: 1_000_000,
    };
    let (mut log, _) = open(folder.path(), "/lake", options, 10).unwrap();
    for id in 0..9 {
        log.append(&mut [record(id, "{}")], 10).0.unwrap();
    }
    log.ids.close();
    let index = log.directory.ids();
    fs::remove_dir_all(&index).unwrap();
    log.is_index_broken = true;
    let again = &mut [record(2, "{}"), record(8, "{}"), record(8, "[]"), record(9, "{}")];
    let expected = [Outcome::Duplicate, Outcome::Duplicate, Outcome::Conflict, Outcome::Accepted];
    assert_eq!(log.append(again, 10).0.unwrap(), expected);
}
