//! What a segment becomes depends on its records alone.

use std::path::Path;
use std::sync::Arc;

use rayon::ThreadPoolBuilder;

use super::*;
use tributary_ingest::event::{Record, RecordKind, Scheme};
use tributary_ingest::flatten::channel::Channels;
use tributary_ingest::journal::{Options, Quota};

/// Makes a sealed segment of the vendor's payloads, many times over, with ids of their own.
fn segment(root: &Path, n_records: u64) -> (SealedSegment, Arc<Directory>) {
    let options = Options {
        segment_bytes_max: u64::MAX,
        segment_records_max: n_records,
        quota: Quota::default(),
        dedup_window_ms: 1 << 40,
    };
    let (mut log, _) = tributary_ingest::journal::open(root, "lake", options, 10).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/payloads");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let bodies: Vec<Vec<u8>> = paths.iter().map(|path| std::fs::read(path).unwrap()).collect();
    let bodies = bodies.iter().cycle().enumerate().take(usize::try_from(n_records).unwrap());
    let mut records: Vec<Record> = bodies
        .map(|(at, body)| Record {
            kind: RecordKind::Event,
            scheme: Scheme::Import,
            webhook_id: format!("evt_{at}"),
            received_at_ms: 1_771_286_400_000,
            body: body.clone().into(),
        })
        .collect();
    let (outcomes, sealed) = log.append(&mut records, 10);
    assert_eq!(outcomes.unwrap().len(), records.len());
    let directory = Arc::clone(log.directory());
    log.close().unwrap();
    (sealed.unwrap(), directory)
}

/// Encodes a segment on so many threads; the files by table, day and chunk.
fn files(
    segment: &SealedSegment,
    directory: &Directory,
    n_threads: usize,
    chunk_bytes: usize,
) -> BTreeMap<(&'static str, i32, usize), (usize, Vec<u8>)> {
    let pool = ThreadPoolBuilder::new().num_threads(n_threads).stack_size(8 << 20).build().unwrap();
    let flatteners = Flatteners::new(Channels::default());
    let (sender, mut receiver) = mpsc::channel(10_000);
    let committed = HashMap::new();
    let job = Job {
        blocked: &[],
        directory,
        committed: &committed,
        flatteners: &flatteners,
        chunk_bytes,
        sender: &sender,
    };
    let encodings = pool.install(|| encode_segment(segment, &job)).unwrap();
    assert_eq!(encodings.received.n_events(), segment.n_records);
    let mut files = BTreeMap::new();
    while let Ok((table, file)) = receiver.try_recv() {
        let place = (table.name, file.date, file.n);
        assert!(files.insert(place, (file.n_rows, file.bytes.to_vec())).is_none(), "{place:?}");
    }
    files
}

#[test]
fn files_do_not_depend_on_the_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let (segment, directory) = segment(&folder.path().join("journal"), 2_500);
    for chunk_bytes in [usize::MAX, 4 << 20, 300_000] {
        let one = files(&segment, &directory, 1, chunk_bytes);
        let n_raw = one.iter().filter(|(place, _)| place.0 == "raw_events");
        assert_eq!(n_raw.map(|(_, (n_rows, _))| n_rows).sum::<usize>(), 2_500);
        let n_chunks = one.keys().map(|place| place.2).max().unwrap() + 1;
        assert_eq!(n_chunks > 1, chunk_bytes < usize::MAX, "{n_chunks}");
        for n_threads in [2, 5] {
            assert!(files(&segment, &directory, n_threads, chunk_bytes) == one, "{n_threads}");
        }
    }
}
