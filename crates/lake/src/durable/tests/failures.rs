//! Writes that fail, each at another step, leave no staged file and no object.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode};

use super::{DurableLocalStore, files_below, key, open};

/// Every kind of write to `raw` fails and leaves the store as it is.
async fn check_writes_fail(root: &std::path::Path, store: &DurableLocalStore, raw: &Path) {
    store.put(&key("source"), "source".into()).await.unwrap();
    let before = files_below(root);
    store.put(raw, "x".into()).await.unwrap_err();
    store.put_opts(raw, "x".into(), PutMode::Create.into()).await.unwrap_err();
    store.copy(&key("source"), raw).await.unwrap_err();
    store.copy_if_not_exists(&key("source"), raw).await.unwrap_err();
    store.rename(&key("source"), raw).await.unwrap_err();
    store.rename_if_not_exists(&key("source"), raw).await.unwrap_err();
    if let Ok(mut upload) = store.put_multipart(raw).await {
        upload.put_part("x".into()).await.unwrap();
        upload.complete().await.unwrap_err();
    }
    assert_eq!(files_below(root), before);
}

#[tokio::test]
async fn with_a_folder_in_the_way() {
    let (root, store) = open();
    fs::create_dir_all(root.path().join("a/b/c")).unwrap();
    check_writes_fail(root.path(), &store, &key("a/b")).await;
}

#[tokio::test]
async fn with_a_file_in_a_folders_place() {
    let (root, store) = open();
    store.put(&key("a/b"), "x".into()).await.unwrap();
    check_writes_fail(root.path(), &store, &key("a/b/c")).await;
    check_writes_fail(root.path(), &store, &key("a/b/c/d")).await;
}

#[tokio::test]
async fn with_a_name_too_long_to_publish() {
    let (root, store) = open();
    check_writes_fail(root.path(), &store, &key(&"n".repeat(300))).await;
}

#[tokio::test]
async fn with_a_key_that_is_reserved_or_empty() {
    let (root, store) = open();
    for raw in [key("a/.put#12"), key("a#1"), Path::default()] {
        check_writes_fail(root.path(), &store, &raw).await;
    }
}

#[tokio::test]
async fn with_a_folder_closed_to_us() {
    let (root, store) = open();
    store.put(&key("closed/a"), "first".into()).await.unwrap();
    fs::set_permissions(root.path().join("closed"), Permissions::from_mode(0o555)).unwrap();
    match store.put(&key("closed/a"), "second".into()).await {
        // The superuser is let in all the same.
        Ok(_) => {}
        Err(error) => {
            assert!(matches!(error, Error::PermissionDenied { .. }), "{error}");
            check_writes_fail(root.path(), &store, &key("closed/b")).await;
            check_writes_fail(root.path(), &store, &key("closed/new/b")).await;
        }
    }
    fs::set_permissions(root.path().join("closed"), Permissions::from_mode(0o755)).unwrap();
    assert!(files_below(root.path()).contains(&"closed/a".to_owned()));
    assert!(!files_below(root.path()).iter().any(|file| file.contains(".put#")));
}

#[test]
fn a_root_that_is_a_file_is_refused() {
    let (root, _store) = open();
    let file = root.path().join("file");
    fs::write(&file, "x").unwrap();
    assert!(DurableLocalStore::new(&file).is_err());
    assert!(DurableLocalStore::new(&file.join("below")).is_err());
    assert_eq!(fs::read(&file).unwrap(), b"x");
}
