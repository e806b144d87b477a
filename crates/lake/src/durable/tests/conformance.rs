//! What `object_store` asks of every implementation, with a runtime and without.

use futures::executor::block_on;
use object_store::integration;
use object_store::{MultipartUpload, ObjectStore};

use super::open;

#[tokio::test]
async fn conforms_in_a_runtime() {
    let (_root, store) = open();
    integration::put_get_delete_list(&store).await;
    integration::list_with_offset_exclusivity(&store).await;
    integration::get_opts(&store).await;
    integration::list_uses_directories_correctly(&store).await;
    integration::list_with_delimiter(&store).await;
    integration::rename_and_copy(&store).await;
    integration::copy_if_not_exists(&store).await;
    integration::copy_rename_nonexistent_object(&store).await;
    integration::stream_get(&store).await;
    integration::put_opts(&store, false).await;
    integration::multipart_out_of_order(&store).await;
    integration::multipart_race_condition(&store, true).await;
    let missing = integration::get_nonexistent_object(&store, None).await.unwrap_err();
    assert!(matches!(missing, object_store::Error::NotFound { .. }), "{missing}");
}

#[test]
fn conforms_without_a_runtime() {
    let (_root, store) = open();
    block_on(async {
        integration::put_get_delete_list(&store).await;
        integration::list_uses_directories_correctly(&store).await;
        integration::list_with_delimiter(&store).await;
        integration::rename_and_copy(&store).await;
        integration::copy_if_not_exists(&store).await;
        integration::put_opts(&store, false).await;
        integration::multipart_out_of_order(&store).await;
    });
}

/// Spawned tasks move the store and its uploads between threads.
#[test]
fn the_store_and_its_uploads_may_move_between_threads() {
    const fn check<T: Send + ?Sized>() {}
    check::<dyn ObjectStore>();
    check::<dyn MultipartUpload>();
}
