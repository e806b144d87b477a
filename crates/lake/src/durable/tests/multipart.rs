//! Uploads in parts: any order, all or nothing, no traces.

use object_store::{Error, MultipartUpload, ObjectStore, ObjectStoreExt};

use super::{bytes_of, files_below, key, open};

#[tokio::test]
async fn parts_polled_in_any_order_lie_in_the_order_they_were_put() {
    let (root, store) = open();
    let mut upload = store.put_multipart(&key("p/a")).await.unwrap();
    let first = upload.put_part("one,".into());
    let second = upload.put_part("two,".into());
    let third = upload.put_part("three".into());
    third.await.unwrap();
    let (first, second) = futures::join!(first, second);
    first.and(second).unwrap();
    let put = upload.complete().await.unwrap();
    assert_eq!(bytes_of(&store, "p/a").await, b"one,two,three");
    assert_eq!(put.e_tag, store.head(&key("p/a")).await.unwrap().e_tag);
    assert_eq!(files_below(root.path()), ["p/a"]);
}

#[tokio::test]
async fn an_upload_without_parts_is_an_empty_object() {
    let (_root, store) = open();
    store.put_multipart(&key("a")).await.unwrap().complete().await.unwrap();
    assert!(bytes_of(&store, "a").await.is_empty());
}

#[tokio::test]
async fn abort_leaves_nothing_and_ends_the_upload() {
    let (root, store) = open();
    let mut upload = store.put_multipart(&key("a")).await.unwrap();
    upload.put_part("x".into()).await.unwrap();
    upload.abort().await.unwrap();
    assert!(files_below(root.path()).is_empty());
    assert!(upload.complete().await.is_err());
    assert!(upload.abort().await.is_err());
    assert!(files_below(root.path()).is_empty());
}

#[tokio::test]
async fn a_dropped_upload_leaves_nothing() {
    let (root, store) = open();
    let mut upload = store.put_multipart(&key("a")).await.unwrap();
    upload.put_part("x".into()).await.unwrap();
    drop(upload);
    assert!(files_below(root.path()).is_empty());
}

#[tokio::test]
async fn an_upload_with_a_part_missing_is_refused() {
    let (root, store) = open();
    let mut upload = store.put_multipart(&key("a")).await.unwrap();
    drop(upload.put_part("never polled".into()));
    upload.put_part("x".into()).await.unwrap();
    let error = upload.complete().await.unwrap_err();
    assert!(matches!(error, Error::Generic { .. }), "{error}");
    assert!(files_below(root.path()).is_empty());
}

#[tokio::test]
async fn an_upload_replaces_the_object_only_when_complete() {
    let (_root, store) = open();
    store.put(&key("a"), "before".into()).await.unwrap();
    let mut upload: Box<dyn MultipartUpload> =
        store.put_multipart_opts(&key("a"), Default::default()).await.unwrap();
    upload.put_part("after".into()).await.unwrap();
    assert_eq!(bytes_of(&store, "a").await, b"before");
    upload.complete().await.unwrap();
    assert_eq!(bytes_of(&store, "a").await, b"after");
}
