//! The journal against a trivial model: a list of records and a map of ids.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on ends")]

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use tempfile::TempDir;
use tributary_ingest::event::{Record, RecordKind, Scheme};
use tributary_ingest::journal::layout::{list_sequences, segment_path};
use tributary_ingest::journal::segment::{HEADER_BYTES, Piece, SegmentReader};
use tributary_ingest::journal::{
    self, JournalError, Log, Options, Outcome, Quota, Recovery, SealedSegment,
};

const LAKE: &str = "/lake";
const QUOTA: Quota =
    Quota { bytes_max: 1 << 20, segments_max: 100, age_ms_max: i64::MAX, free_bytes_min: 0 };
const OPTIONS: Options = Options {
    segment_bytes_max: 600,
    segment_records_max: 6,
    quota: QUOTA,
    dedup_window_ms: 1_000_000,
};

fn record(id: u8, body: u8) -> Record {
    Record {
        kind: RecordKind::Event,
        scheme: Scheme::StandardBase64,
        webhook_id: format!("evt_{id}"),
        received_at_ms: 5,
        body: Bytes::from(vec![body; usize::from(body)]),
    }
}

fn open(root: &Path) -> (Log, Recovery) {
    journal::open(root, LAKE, OPTIONS, 10).unwrap()
}

/// Reads the records of sealed segments, in order.
fn read(segments: &[SealedSegment]) -> Vec<(u8, RecordKind, usize)> {
    let mut records = vec![];
    for segment in segments {
        let mut reader = SegmentReader::open(&segment.path).unwrap();
        while reader.offset() < segment.length {
            let Some(piece) = reader.next_piece().unwrap() else { break };
            let Piece::Record { record, offset, .. } = piece else { panic!("damage: {piece:?}") };
            if !segment.skip.contains(&offset) {
                let id = record.webhook_id.trim_start_matches("evt_").parse().unwrap();
                records.push((id, record.kind, record.body.len()));
            }
        }
    }
    records
}

#[derive(Debug, Clone)]
enum Step {
    Append(Vec<(u8, u8)>),
    Seal,
    /// The oldest sealed segment is in the lake.
    Release,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop::collection::vec((0..12_u8, 0..3_u8), 1..6).prop_map(Step::Append),
        1 => Just(Step::Seal),
        1 => Just(Step::Reopen),
    ]
}

fn step_with_release() -> impl Strategy<Value = Step> {
    prop_oneof![4 => step(), 1 => Just(Step::Release)]
}

/// What the journal should hold: bodies first seen by id, and the records that count.
#[derive(Default)]
struct Model {
    first: BTreeMap<u8, u8>,
    conflicts: Vec<(u8, u8)>,
    records: Vec<(u8, RecordKind, usize)>,
}

impl Model {
    fn append(&mut self, id: u8, body: u8) -> Outcome {
        match self.first.get(&id) {
            None => {
                self.first.insert(id, body);
                self.records.push((id, RecordKind::Event, usize::from(body)));
                Outcome::Accepted
            }
            Some(first) if *first == body => Outcome::Duplicate,
            Some(_) if self.conflicts.contains(&(id, body)) => Outcome::Duplicate,
            Some(_) => {
                self.conflicts.push((id, body));
                self.records.push((id, RecordKind::IdConflict, usize::from(body)));
                Outcome::Conflict
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn it_does_what_a_list_and_a_map_do(steps in prop::collection::vec(step(), 1..20)) {
        check_against_model(steps)?;
    }

    #[test]
    fn it_does_so_while_files_of_segments_are_used_again(
        steps in prop::collection::vec(step_with_release(), 1..40)
    ) {
        check_against_model(steps)?;
    }
}

fn check_against_model(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let folder = TempDir::new().unwrap();
    let mut model = Model::default();
    let (mut log, _) = open(folder.path());
    let (mut sealed, mut was_released) = (VecDeque::new(), false);
    for step in steps {
        match step {
            Step::Append(pairs) => {
                let expected: Vec<Outcome> =
                    pairs.iter().map(|(id, body)| model.append(*id, *body)).collect();
                let mut records: Vec<Record> =
                    pairs.iter().map(|(id, body)| record(*id, *body)).collect();
                let (outcomes, full) = log.append(&mut records, 10);
                prop_assert_eq!(outcomes.unwrap(), expected);
                sealed.extend(full);
            }
            Step::Seal => sealed.extend(log.seal()),
            Step::Release => {
                let Some(SealedSegment { sequence, n_records, .. }) = sealed.pop_front() else {
                    continue;
                };
                log.persister().persist().unwrap();
                log.directory().store_checkpoint(sequence).unwrap();
                log.directory().release_segment(sequence, Duration::ZERO).unwrap();
                model.records.drain(..usize::try_from(n_records).unwrap());
                was_released = true;
            }
            Step::Reopen => {
                // As after a kill: nothing is closed in order.
                drop(log);
                let (opened, recovery) = open(folder.path());
                log = opened;
                prop_assert!(recovery.damaged.is_empty());
                prop_assert!(was_released || recovery.torn_bytes == 0);
                prop_assert_eq!(&read(&recovery.sealed), &model.records);
                sealed = recovery.sealed.into();
            }
        }
    }
    drop(log);
    let (_, recovery) = open(folder.path());
    prop_assert_eq!(read(&recovery.sealed), model.records);
    Ok(())
}

/// Writes a segment of three batches; returns its file's bytes and where each frame ends.
fn segment() -> (TempDir, Vec<u8>, Vec<u64>) {
    let folder = TempDir::new().unwrap();
    let (mut log, _) = open(folder.path());
    for batch in [&[(1, 3), (2, 9)][..], &[(3, 20)], &[(4, 1), (5, 7)]] {
        let mut records: Vec<Record> = batch.iter().map(|(id, body)| record(*id, *body)).collect();
        log.append(&mut records, 10).0.unwrap();
    }
    drop(log);
    let path = segment_path(folder.path(), 1);
    let mut reader = SegmentReader::open(&path).unwrap();
    let mut ends = vec![];
    while let Some(Piece::Record { offset, length, .. }) = reader.next_piece().unwrap() {
        ends.push(offset + length);
    }
    assert_eq!(ends.len(), 5);
    let bytes = fs::read(&path).unwrap();
    (folder, bytes, ends)
}

#[test]
fn a_segment_cut_at_any_byte_gives_the_frames_before_the_cut() {
    let (_folder, bytes, ends) = segment();
    for cut in 0..=bytes.len() {
        let copy = TempDir::new().unwrap();
        fs::create_dir_all(copy.path().join("segments")).unwrap();
        fs::write(segment_path(copy.path(), 1), &bytes[..cut]).unwrap();
        let (_log, recovery) = open(copy.path());
        let whole = ends.iter().filter(|end| **end <= cut as u64).count();
        assert_eq!(read(&recovery.sealed).len(), whole, "cut at {cut}");
        let kept =
            ends[..whole].last().copied().unwrap_or(if whole == 0 { HEADER_BYTES } else { 0 });
        let torn = if cut as u64 > HEADER_BYTES { cut as u64 - kept } else { 0 };
        if cut as u64 >= HEADER_BYTES {
            assert_eq!(recovery.torn_bytes, torn, "cut at {cut}");
        }
        assert!(recovery.damaged.is_empty(), "cut at {cut}");
    }
}

#[test]
fn a_file_that_is_used_again_gives_the_frames_written_over_it() {
    let folder = TempDir::new().unwrap();
    let (mut log, _) = open(folder.path());
    let many: Vec<Record> = (0..6).map(|id| record(id, 50 + id)).collect();
    let (_, first) = log.append(&mut many.clone(), 10);
    let old = fs::read(first.unwrap().path).unwrap();
    log.directory().store_checkpoint(1).unwrap();
    log.directory().release_segment(1, Duration::ZERO).unwrap();
    for batch in [&[(11, 3), (12, 9)][..], &[(13, 20)], &[(14, 1), (15, 7)]] {
        let mut records: Vec<Record> = batch.iter().map(|(id, body)| record(*id, *body)).collect();
        log.append(&mut records, 10).0.unwrap();
    }
    let path = segment_path(folder.path(), 2);
    let new = fs::read(&path).unwrap();
    assert_eq!(new.len(), old.len(), "the first segment's file is the second's now");
    let mut reader = SegmentReader::open(&path).unwrap();
    let mut ends = vec![];
    while let Some(piece) = reader.next_piece().unwrap() {
        let Piece::Record { offset, length, .. } = piece else { panic!("damage: {piece:?}") };
        ends.push(offset + length);
    }
    assert_eq!(ends.len(), 5);
    drop(log);
    // Of what was being written some is on disk, and behind it what was there before.
    let header = usize::try_from(HEADER_BYTES).unwrap();
    for cut in header..=usize::try_from(ends[4]).unwrap() {
        let copy = TempDir::new().unwrap();
        fs::create_dir_all(copy.path().join("segments")).unwrap();
        fs::write(segment_path(copy.path(), 2), [&new[..cut], &old[cut..]].concat()).unwrap();
        let (_log, recovery) = open(copy.path());
        let whole = ends.iter().filter(|end| **end <= cut as u64).count();
        assert_eq!(read(&recovery.sealed).len(), whole, "cut at {cut}");
        assert!(recovery.damaged.is_empty(), "cut at {cut}");
    }
}

#[test]
fn a_released_segment_is_gone_where_its_file_cannot_be_kept() {
    let folder = TempDir::new().unwrap();
    let (mut log, _) = open(folder.path());
    fs::remove_dir(folder.path().join("spare")).unwrap();
    for n in 1..=3 {
        log.append(&mut [record(n, n)], 10).0.unwrap();
        let segment = log.seal().unwrap();
        log.directory().release_segment(segment.sequence, Duration::ZERO).unwrap();
        assert!(list_sequences(folder.path()).unwrap().is_empty());
    }
}

#[test]
fn damage_before_acknowledged_bytes_is_set_aside_and_the_rest_is_read() {
    let (_folder, bytes, ends) = segment();
    let acknowledged = usize::try_from(ends[2]).unwrap();
    let header = usize::try_from(HEADER_BYTES).unwrap();
    for at in (header..acknowledged).step_by(7) {
        let copy = TempDir::new().unwrap();
        fs::create_dir_all(copy.path().join("segments")).unwrap();
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x40;
        fs::write(segment_path(copy.path(), 1), &damaged).unwrap();
        let (_log, recovery) = open(copy.path());
        assert_eq!(recovery.damaged.len(), 1, "damage at {at}");
        let mut n_records = 0;
        let mut reader = SegmentReader::open(&recovery.sealed[0].path).unwrap();
        while let Some(piece) = reader.next_piece().unwrap() {
            n_records += usize::from(matches!(piece, Piece::Record { .. }));
        }
        assert_eq!(n_records, 4, "damage at {at}");
        let aside = fs::read(&recovery.damaged[0]).unwrap();
        assert!(damaged.windows(aside.len()).any(|window| window == aside));
    }
}

#[test]
fn one_process_and_one_lake_at_a_time() {
    let folder = TempDir::new().unwrap();
    let (mut log, _) = open(folder.path());
    log.append(&mut [record(1, 1)], 10).0.unwrap();
    let second = journal::open(folder.path(), LAKE, OPTIONS, 10);
    assert!(matches!(second, Err(JournalError::Locked(_))), "{second:?}");
    drop(log);
    let other = journal::open(folder.path(), "/other", OPTIONS, 10);
    assert!(matches!(other, Err(JournalError::OtherLake { .. })), "{other:?}");
    assert_eq!(list_sequences(folder.path()).unwrap(), [1]);
}

#[test]
fn an_id_is_forgotten_after_the_window() {
    let folder = TempDir::new().unwrap();
    let day_ms = 86_400_000;
    let options = Options { dedup_window_ms: 2 * day_ms, ..OPTIONS };
    let at = |received_at_ms| Record { received_at_ms, ..record(1, 1) };
    let (mut log, _) = journal::open(folder.path(), LAKE, options, 0).unwrap();
    let mut append = |now_ms: i64| log.append(&mut [at(now_ms)], now_ms).0.unwrap()[0];
    assert_eq!(append(day_ms), Outcome::Accepted);
    assert_eq!(append(2 * day_ms), Outcome::Duplicate);
    assert_eq!(append(3 * day_ms), Outcome::Duplicate);
    assert_eq!(append(3 * day_ms + 1), Outcome::Accepted);
}

/// A segment that version 1 wrote must be read by every later version; see `fixtures/journal`.
#[test]
fn a_segment_of_an_earlier_version_is_read() {
    let segment =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/journal/version-1.seg");
    let mut reader = SegmentReader::open(&segment).unwrap();
    assert_eq!(reader.header().sequence, 7);
    let mut records = vec![];
    while let Some(piece) = reader.next_piece().unwrap() {
        let Piece::Record { record, .. } = piece else { panic!("{piece:?}") };
        records.push((record.webhook_id, record.kind, record.received_at_ms, record.body));
    }
    let of = |id: &str, kind, ms, body: &'static str| (id.to_owned(), kind, ms, Bytes::from(body));
    let expected = [
        of("evt_1", RecordKind::Event, 1_771_286_400_000, r#"{"id":"evt_1","ü":"日本"}"#),
        of("evt_1", RecordKind::IdConflict, 1_771_286_400_001, "{}"),
        of("evt_2", RecordKind::Event, 1_771_286_400_002, "not json"),
    ];
    assert_eq!(records, expected);
}

#[test]
fn a_segment_of_a_later_version_is_refused_and_not_touched() {
    let folder = TempDir::new().unwrap();
    let (mut log, _) = open(folder.path());
    log.append(&mut [record(1, 1)], 10).0.unwrap();
    drop(log);
    let path = segment_path(folder.path(), 1);
    let mut bytes = fs::read(&path).unwrap();
    bytes[8] = 2;
    let crc = crc32fast::hash(&[&bytes[..12], &bytes[16..64]].concat());
    bytes[12..16].copy_from_slice(&crc.to_le_bytes());
    fs::write(&path, &bytes).unwrap();
    let error = journal::open(folder.path(), LAKE, OPTIONS, 10).unwrap_err();
    assert!(matches!(error, JournalError::Version { version: 2, .. }), "{error}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}
