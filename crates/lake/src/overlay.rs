//! A table's log as this program reads it: with checkpoints of its own beside it.
//!
//! ```text
//! LAKE/<table>/_delta_log/00000000000000001208.json                         an entry
//! LAKE/_tributary/log/<table>/00000000000000001208.checkpoint.<uuid>.json   shown as if it lay there
//! ```
//!
//! A checkpoint in JSON would need a feature in the table's protocol that not every reader knows;
//! kept apart, it costs nobody anything, and this program reads a long log as fast as a short one.
//! Its uuid is made from size and time of the entry of its version: where that entry is another
//! one, because somebody made the table anew or copied the lake, the checkpoint is not shown.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryFutureExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_128;

/// Folder of a table's log.
pub(super) const LOG: &str = "_delta_log";
/// Folder of the checkpoints that only this program reads.
pub(super) const OWN: &str = "_tributary/log";

/// Such a store; its root is the lake.
#[derive(Debug, Clone)]
pub(super) struct Overlay {
    inner: Arc<dyn ObjectStore>,
    log: Path,
    own: Path,
}

impl Overlay {
    /// Shows a table's own checkpoints in its log.
    pub(super) fn new(inner: Arc<dyn ObjectStore>, table: &str) -> Self {
        let log = Path::from(format!("{table}/{LOG}"));
        Self { inner, log, own: Path::from(format!("{OWN}/{table}")) }
    }

    /// Returns the key under which the own checkpoint of an entry's version lies.
    pub(super) fn own_key(&self, entry: &ObjectMeta) -> Option<Path> {
        let version = entry.location.filename()?.strip_suffix(".json")?;
        Some(self.own.clone().join(format!("{version}.checkpoint.{}.json", mark(entry))))
    }

    /// Lists the own checkpoints, whatever they are worth.
    pub(super) fn own_files(&self) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(Some(&self.own))
    }

    /// Adds the own checkpoints to what was listed of the log.
    fn with_own(
        &self,
        listed: BoxStream<'static, Result<ObjectMeta>>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let this = self.clone();
        let merged = async move {
            let mut objects: Vec<ObjectMeta> = listed.try_collect().await?;
            let found: Vec<ObjectMeta> = this.own_files().try_collect().await?;
            for mut object in found {
                let Some(name) = object.location.filename() else { continue };
                let entry =
                    this.log.clone().join(format!("{}.json", name.split('.').next().unwrap_or("")));
                let shown = this.log.clone().join(name);
                let entry = objects.iter().find(|listed| listed.location == entry);
                if entry.and_then(|entry| this.own_key(entry)).as_ref() == Some(&object.location) {
                    object.location = shown;
                    objects.push(object);
                }
            }
            objects.sort_unstable_by(|left, right| left.location.cmp(&right.location));
            Ok(stream::iter(objects.into_iter().map(Ok)))
        };
        merged.try_flatten_stream().boxed()
    }

    /// Returns where a checkpoint of the log may lie among the own ones.
    fn own_place(&self, location: &Path) -> Option<Path> {
        let name = location.filename().filter(|name| name.contains(".checkpoint."))?;
        location.prefix_matches(&self.log).then(|| self.own.clone().join(name))
    }
}

/// Returns what tells an entry from another of the same version.
fn mark(entry: &ObjectMeta) -> Uuid {
    let text = format!("{} {}", entry.size, entry.last_modified.timestamp_millis());
    Uuid::from_u128(xxh3_128(text.as_bytes()))
}

impl fmt::Display for Overlay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Overlay({})", self.inner)
    }
}

#[async_trait]
impl ObjectStore for Overlay {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        self.inner.put_opts(location, payload, opts).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        match (self.inner.get_opts(location, options.clone()).await, self.own_place(location)) {
            (Err(Error::NotFound { .. }), Some(own)) => self.inner.get_opts(&own, options).await,
            (found, _) => found,
        }
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let listed = self.inner.list(prefix);
        if prefix == Some(&self.log) { self.with_own(listed) } else { listed }
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let listed = self.inner.list_with_offset(prefix, offset);
        if prefix == Some(&self.log) { self.with_own(listed) } else { listed }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
