//! The journal: any bytes are read to an end, and what was written comes back or is missed.
//!
//! The first byte chooses. Even: the rest stands behind a good header of a segment. Odd: the rest
//! is cut into bodies that are written as frames, and then one byte is changed or the end cut off.
//! Those frames carry a uuid that the input can't hold, as a sender can't know a segment's: a body
//! with a good frame in it would otherwise be read as one behind damage.

#![no_main]

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;
use std::sync::LazyLock;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;
use tributary_ingest::event::{Record, RecordKind, Scheme};
use tributary_ingest::journal::frame;
use tributary_ingest::journal::segment::{HEADER_BYTES, Header, Piece, SegmentReader};

const UUID: [u8; 16] = *b"0123456789abcdef";
/// What the frames of a batch amount to: each third begins one.
const BATCH: usize = 3;

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| TempDir::new().expect("there is a folder"));

fuzz_target!(|data: &[u8]| {
    _ = Header::decode(data);
    if let Some(frame) = frame::decode(&Bytes::copy_from_slice(data), &UUID) {
        let mut again = vec![];
        frame::encode(&frame.record, &UUID, frame.batch_start, &mut again);
        assert_eq!(again, data[..frame.length]);
    }
    let Some((choice, rest)) = data.split_first() else { return };
    if choice % 2 == 0 {
        _ = read(rest, UUID);
    } else if rest.len() > 4 {
        check_damaged(*choice, rest);
    }
});

/// Writes a segment and reads its pieces.
fn read(frames: &[u8], uuid: [u8; 16]) -> Vec<Piece> {
    let path: PathBuf = FOLDER.path().join("segment");
    let header = Header { uuid, sequence: 1, created_at_ms: 0 };
    fs::write(&path, [&header.encode()[..], frames].concat()).expect("the file can be written");
    let mut reader = SegmentReader::open(&path).expect("the header is good");
    let mut pieces = vec![];
    let mut end = HEADER_BYTES;
    while let Some(piece) = reader.next_piece().expect("the file can be read") {
        let (Piece::Record { offset, length, .. } | Piece::Damage { offset, length }) = &piece;
        assert_eq!(*offset, end, "pieces follow each other");
        assert!(*length > 0);
        end += length;
        assert_eq!(reader.offset(), end);
        pieces.push(piece);
    }
    assert!(end <= HEADER_BYTES + frames.len() as u64);
    pieces
}

/// Writes frames, damages one byte or cuts them, and checks what is read.
fn check_damaged(choice: u8, data: &[u8]) {
    let (place, bodies) = data.split_at(4);
    let uuid = uuid_unknown_to(data);
    let (mut bytes, mut records, mut ends, mut batch_start) =
        (vec![], vec![], vec![], HEADER_BYTES);
    for (at, body) in bodies.chunks(usize::from(choice / 4) + 1).take(40).enumerate() {
        if at % BATCH == 0 {
            batch_start = HEADER_BYTES + bytes.len() as u64;
        }
        let record = Record {
            kind: RecordKind::Event,
            scheme: Scheme::Import,
            webhook_id: format!("evt_{at}"),
            received_at_ms: at as i64,
            body: Bytes::copy_from_slice(body),
        };
        frame::encode(&record, &uuid, batch_start, &mut bytes);
        records.push(record);
        ends.push(bytes.len());
    }
    let whole = read(&bytes, uuid);
    assert_eq!(whole.len(), records.len());
    if bytes.is_empty() {
        return;
    }
    let at = u32::from_le_bytes(place.try_into().expect("four bytes")) as usize % bytes.len();
    if choice & 2 == 0 {
        bytes.truncate(at);
    } else {
        bytes[at] ^= 1;
    }
    let n_before = ends.iter().filter(|end| **end <= at).count();
    let found = read(&bytes, uuid).into_iter().filter_map(|piece| match piece {
        Piece::Record { record, .. } => Some(record),
        Piece::Damage { .. } => None,
    });
    let found: Vec<Record> = found.collect();
    assert!(found.len() >= n_before && found[..n_before] == records[..n_before]);
    assert!(found.iter().all(|record| records.contains(record)), "a record that nobody wrote");
    // Batches behind the damage prove that the damaged bytes were acknowledged.
    let damaged = n_before;
    let proves = (damaged / BATCH + 1) * BATCH;
    if choice & 2 != 0 && proves < records.len() {
        assert_eq!(found.len(), records.len() - 1, "only the damaged record is missed");
    }
}

/// Makes a uuid of a hash of the data, which the data can't hold the checksums of.
fn uuid_unknown_to(data: &[u8]) -> [u8; 16] {
    let mut hasher = DefaultHasher::new();
    data.hash(&mut hasher);
    u128::from(hasher.finish()).to_le_bytes()
}
