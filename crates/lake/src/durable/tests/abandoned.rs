//! Staged files of processes that were killed go, and nothing else does.

use std::fs::{self, File};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use object_store::{MultipartUpload, ObjectStoreExt};

use super::{bytes_of, files_below, key, open};
use crate::durable::remove_abandoned;

/// A time after which nothing was written to.
fn late() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1 << 40)
}

#[tokio::test]
async fn what_nobody_holds_goes_and_what_is_under_way_stays() {
    let (root, store) = open();
    store.put(&key("a/whole"), "whole".into()).await.unwrap();
    let mut upload = store.put_multipart(&key("a/b/living")).await.unwrap();
    upload.put_part("living".into()).await.unwrap();
    let of_another = format!("a/b/.put#{:050}", 7);
    for path in [&of_another, "a/.put#7", "a/.put#x", "a/part.parquet"] {
        fs::write(root.path().join(path), "rows").unwrap();
    }
    assert_eq!(remove_abandoned(&root.path().join("none"), late()).unwrap(), 0);
    assert_eq!(remove_abandoned(root.path(), late()).unwrap(), 1);
    assert!(!files_below(root.path()).contains(&of_another));
    upload.complete().await.unwrap();
    assert_eq!(bytes_of(&store, "a/b/living").await, b"living");
    let kept = ["a/.put#7", "a/.put#x", "a/b/living", "a/part.parquet", "a/whole"];
    assert_eq!(files_below(root.path()), kept);
}

#[tokio::test]
async fn what_was_written_to_later_stays() {
    let (root, _store) = open();
    let written = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let file = File::create_new(root.path().join(format!(".put#{:050}", 7))).unwrap();
    file.set_modified(written).unwrap();
    drop(file);
    assert_eq!(remove_abandoned(root.path(), written - Duration::from_secs(1)).unwrap(), 0);
    assert_eq!(files_below(root.path()).len(), 1);
    assert_eq!(remove_abandoned(root.path(), written).unwrap(), 1);
    assert!(files_below(root.path()).is_empty());
}

#[test]
fn no_write_is_disturbed_by_those_who_look_for_abandoned_files() {
    let (root, store) = open();
    thread::scope(|scope| {
        let writers = ["a", "b"].map(|raw| {
            let store = &store;
            scope.spawn(move || {
                let runtime = tokio::runtime::Runtime::new().unwrap();
                runtime.block_on(async {
                    for _ in 0..300 {
                        store.put(&key(raw), "x".into()).await.unwrap();
                        store.copy(&key(raw), &key(&format!("{raw}-copy"))).await.unwrap();
                    }
                });
            })
        });
        while !writers.iter().all(|writer| writer.is_finished()) {
            // One that is not locked yet may go; its writer makes another.
            remove_abandoned(root.path(), late()).unwrap();
        }
    });
    assert_eq!(files_below(root.path()), ["a", "a-copy", "b", "b-copy"]);
}
