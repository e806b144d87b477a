//! The store through its public face, on a temporary folder of each test's own.
//!
//! `conformance` runs the checks that `object_store` ships for its implementers.

mod abandoned;
mod conformance;
mod failures;
mod multipart;
mod transfer;

use std::fs;
use std::path::Path as FilePath;
use std::sync::{Arc, Barrier};
use std::thread;

use bytes::Bytes;
use futures::TryStreamExt;
use futures::executor::block_on;
use object_store::path::Path;
use object_store::{
    Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, PutResult,
};
use tempfile::TempDir;

use super::DurableLocalStore;

const N_WRITERS: usize = 16;

fn open() -> (TempDir, DurableLocalStore) {
    let root = TempDir::new().unwrap();
    let store = DurableLocalStore::new(root.path()).unwrap();
    (root, store)
}

fn key(raw: &str) -> Path {
    Path::parse(raw).unwrap()
}

/// Every file below `folder` by its path from there, hidden ones too, sorted.
fn files_below(folder: &FilePath) -> Vec<String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            files.extend(files_below(&path).iter().map(|below| format!("{name}/{below}")));
        } else {
            files.push(name);
        }
    }
    files.sort();
    files
}

async fn bytes_of(store: &DurableLocalStore, raw: &str) -> Vec<u8> {
    store.get(&key(raw)).await.unwrap().bytes().await.unwrap().to_vec()
}

async fn create(
    store: &DurableLocalStore,
    raw: &str,
    bytes: impl Into<PutPayload>,
) -> object_store::Result<PutResult> {
    store.put_opts(&key(raw), bytes.into(), PutMode::Create.into()).await
}

#[tokio::test]
async fn pieces_of_any_size_lie_one_after_another() {
    let (_root, store) = open();
    let mib = 1 << 20;
    let sizes = [5, mib, mib - 1, 1, 0, 3 * mib + 7, 2 * mib, 1];
    let bytes: Vec<u8> = (0..251).cycle().take(sizes.iter().sum()).collect();
    let mut rest = Bytes::from(bytes.clone());
    let pieces: PutPayload = sizes.iter().map(|size| rest.split_to(*size)).collect();
    store.put(&key("a"), pieces.clone()).await.unwrap();
    assert!(bytes_of(&store, "a").await == bytes);
    let mut upload = store.put_multipart(&key("b")).await.unwrap();
    upload.put_part(pieces.clone()).await.unwrap();
    upload.put_part(pieces).await.unwrap();
    upload.complete().await.unwrap();
    assert!(bytes_of(&store, "b").await == [bytes.clone(), bytes].concat());
}

#[tokio::test]
async fn a_second_create_fails_and_keeps_the_first_bytes() {
    let (root, store) = open();
    create(&store, "log/0.json", "first").await.unwrap();
    let error = create(&store, "log/0.json", "second").await.unwrap_err();
    assert!(matches!(&error, Error::AlreadyExists { path, .. } if path == "log/0.json"), "{error}");
    assert_eq!(bytes_of(&store, "log/0.json").await, b"first");
    assert_eq!(files_below(root.path()), ["log/0.json"]);
}

#[tokio::test]
async fn a_put_replaces_what_was_there() {
    let (root, store) = open();
    store.put(&key("a"), "the longer first".into()).await.unwrap();
    store.put(&key("a"), "second".into()).await.unwrap();
    assert_eq!(bytes_of(&store, "a").await, b"second");
    assert_eq!(files_below(root.path()), ["a"]);
}

#[tokio::test]
async fn a_put_returns_the_tag_that_head_gives() {
    let (_root, store) = open();
    let overwritten = store.put(&key("a"), "bytes".into()).await.unwrap();
    assert_eq!(overwritten.e_tag, store.head(&key("a")).await.unwrap().e_tag);
    let created = create(&store, "b", "bytes").await.unwrap();
    assert_eq!(created.e_tag, store.head(&key("b")).await.unwrap().e_tag);
}

#[test]
fn of_many_concurrent_creates_exactly_one_wins() {
    let (root, store) = open();
    let start = Arc::new(Barrier::new(N_WRITERS));
    let writers: Vec<_> = (0..N_WRITERS)
        .map(|writer_idx| {
            let (store, start) = (store.clone(), Arc::clone(&start));
            thread::spawn(move || {
                start.wait();
                let bytes = format!("{writer_idx}");
                let created = block_on(create(&store, "new/deep/0.json", bytes.clone()));
                (bytes, created)
            })
        })
        .collect();
    let (won, lost): (Vec<_>, Vec<_>) = writers
        .into_iter()
        .map(|writer| writer.join().unwrap())
        .partition(|(_, created)| created.is_ok());
    assert_eq!(won.len(), 1);
    assert!(lost.iter().all(|(_, e)| matches!(e, Err(Error::AlreadyExists { .. }))), "{lost:?}");
    assert_eq!(block_on(bytes_of(&store, "new/deep/0.json")), won[0].0.as_bytes());
    assert_eq!(files_below(root.path()), ["new/deep/0.json"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_puts_share_the_making_of_deep_folders() {
    let (root, store) = open();
    let puts = (0..N_WRITERS).map(|n| {
        let store = store.clone();
        tokio::spawn(async move { store.put(&key(&format!("a/b/c/d/{n}")), "x".into()).await })
    });
    for put in futures::future::join_all(puts).await {
        put.unwrap().unwrap();
    }
    assert_eq!(files_below(root.path()).len(), N_WRITERS);
}

#[tokio::test]
async fn a_folder_taken_away_is_made_again() {
    let (root, store) = open();
    store.put(&key("a/b/1"), "x".into()).await.unwrap();
    fs::remove_dir_all(root.path().join("a")).unwrap();
    store.put(&key("a/b/2"), "x".into()).await.unwrap();
    store.rename(&key("a/b/2"), &key("c/2")).await.unwrap();
    assert_eq!(files_below(root.path()), ["c/2"]);
}

#[tokio::test]
async fn a_missing_root_is_made() {
    let above = TempDir::new().unwrap();
    let root = above.path().join("x/50% of #1/lake");
    let store = DurableLocalStore::new(&root).unwrap();
    store.put(&key("a/b"), "x".into()).await.unwrap();
    assert_eq!(files_below(&root), ["a/b"]);
    assert!(store.to_string().starts_with("DurableLocalStore("));
}

#[tokio::test]
async fn no_listing_shows_a_staged_file() {
    let (root, store) = open();
    store.put(&key("p/a#b"), "x".into()).await.unwrap();
    let upload = store.put_multipart(&key("p/a#b")).await.unwrap();
    assert_eq!(files_below(root.path()).len(), 2);

    let listed: Vec<_> = store.list(None).try_collect().await.unwrap();
    assert_eq!(listed.len(), 1);
    let after: Vec<_> = store.list_with_offset(None, &key("p")).try_collect().await.unwrap();
    assert_eq!(after.len(), 1);
    assert_eq!(store.list_with_delimiter(Some(&key("p"))).await.unwrap().objects.len(), 1);
    drop(upload);
}

#[tokio::test]
async fn no_key_leaves_the_root() {
    let above = TempDir::new().unwrap();
    let root = above.path().join("root");
    let store = DurableLocalStore::new(&root).unwrap();
    for raw in ["..", "../x", "a/../../x", "a/.", "a/\n/x", "a//x"] {
        assert!(Path::parse(raw).is_err(), "{raw:?}");
    }
    store.put(&Path::from("../encoded"), "x".into()).await.unwrap();
    for raw in ["%2E%2E/x", "%2e%2e%2fx", "a\\..\\x", "...", "ev=10%3A00 ü#?&"] {
        store.put(&key(raw), "x".into()).await.unwrap();
        assert_eq!(fs::read(root.join(raw)).unwrap(), b"x", "{raw:?} is not its own file name");
    }
    assert!(files_below(above.path()).iter().all(|file| file.starts_with("root/")));
}

#[tokio::test]
async fn a_link_is_replaced_and_not_written_through() {
    let (root, store) = open();
    let outside = TempDir::new().unwrap();
    let precious = outside.path().join("precious");
    fs::write(&precious, "kept").unwrap();
    std::os::unix::fs::symlink(&precious, root.path().join("a")).unwrap();
    store.put(&key("a"), "new".into()).await.unwrap();
    assert_eq!(fs::read(&precious).unwrap(), b"kept");
    assert_eq!(bytes_of(&store, "a").await, b"new");
}

#[tokio::test]
async fn what_local_file_system_does_not_implement_stays_so() {
    let (root, store) = open();
    let attributes = [(object_store::Attribute::ContentType, "text/plain")].into_iter().collect();
    let with_attributes = PutOptions { attributes, ..PutOptions::default() };
    let put = store.put_opts(&key("a"), "x".into(), with_attributes.clone()).await;
    assert!(matches!(put, Err(Error::NotImplemented { .. })));
    let multipart = object_store::PutMultipartOptions {
        attributes: with_attributes.attributes,
        ..Default::default()
    };
    let upload = store.put_multipart_opts(&key("a"), multipart).await;
    assert!(matches!(upload, Err(Error::NotImplemented { .. })));
    assert!(files_below(root.path()).is_empty());
}
