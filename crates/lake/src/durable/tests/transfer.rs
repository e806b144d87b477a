//! Copies and renames, over objects and beside them.

use object_store::{Error, ObjectStoreExt};

use super::{bytes_of, files_below, key, open};

#[tokio::test]
async fn copies_and_renames_make_the_folders_they_need() {
    let (root, store) = open();
    store.put(&key("a"), "x".into()).await.unwrap();
    store.copy(&key("a"), &key("p/q/copied")).await.unwrap();
    store.copy_if_not_exists(&key("a"), &key("r/s/copied")).await.unwrap();
    store.rename(&key("p/q/copied"), &key("t/u/renamed")).await.unwrap();
    store.rename_if_not_exists(&key("r/s/copied"), &key("v/w/renamed")).await.unwrap();
    assert_eq!(files_below(root.path()), ["a", "t/u/renamed", "v/w/renamed"]);
    assert_eq!(bytes_of(&store, "v/w/renamed").await, b"x");
}

#[tokio::test]
async fn if_not_exists_keeps_both_objects() {
    let (root, store) = open();
    store.put(&key("a"), "a".into()).await.unwrap();
    store.put(&key("b"), "b".into()).await.unwrap();
    let copied = store.copy_if_not_exists(&key("a"), &key("b")).await;
    assert!(matches!(copied, Err(Error::AlreadyExists { .. })));
    let renamed = store.rename_if_not_exists(&key("a"), &key("b")).await;
    assert!(matches!(renamed, Err(Error::AlreadyExists { .. })));
    assert_eq!(bytes_of(&store, "a").await, b"a");
    assert_eq!(bytes_of(&store, "b").await, b"b");
    assert_eq!(files_below(root.path()), ["a", "b"]);
}

#[tokio::test]
async fn a_copy_is_independent_of_later_puts() {
    let (_root, store) = open();
    store.put(&key("a"), "old".into()).await.unwrap();
    store.copy(&key("a"), &key("b")).await.unwrap();
    store.put(&key("a"), "new".into()).await.unwrap();
    assert_eq!(bytes_of(&store, "b").await, b"old");
}

/// The system's rename does nothing between two names of one file.
#[tokio::test]
async fn two_names_of_one_file_copy_and_rename_like_any_others() {
    let (root, store) = open();
    store.put(&key("a"), "x".into()).await.unwrap();
    store.copy(&key("a"), &key("b")).await.unwrap();
    store.copy(&key("a"), &key("b")).await.unwrap();
    assert_eq!(files_below(root.path()), ["a", "b"]);
    store.rename(&key("a"), &key("b")).await.unwrap();
    assert_eq!(files_below(root.path()), ["b"]);
}

#[tokio::test]
async fn an_object_copied_or_renamed_to_itself_stays() {
    let (root, store) = open();
    store.put(&key("a"), "x".into()).await.unwrap();
    store.copy(&key("a"), &key("a")).await.unwrap();
    store.rename(&key("a"), &key("a")).await.unwrap();
    assert!(store.rename_if_not_exists(&key("a"), &key("a")).await.is_err());
    assert_eq!(bytes_of(&store, "a").await, b"x");
    assert_eq!(files_below(root.path()), ["a"]);
}

#[tokio::test]
async fn a_folder_is_no_object_to_copy_or_rename() {
    let (root, store) = open();
    store.put(&key("folder/a"), "x".into()).await.unwrap();
    let copied = store.copy(&key("folder"), &key("b")).await;
    assert!(matches!(copied, Err(Error::NotFound { .. })));
    let renamed = store.rename(&key("folder"), &key("b")).await;
    assert!(matches!(renamed, Err(Error::NotFound { .. })));
    assert_eq!(files_below(root.path()), ["folder/a"]);
}
