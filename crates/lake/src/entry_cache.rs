//! A store that fetches each entry of a log once.
//!
//! Whoever looks at a table reads the entries since its last checkpoint, and a compaction looks
//! some twenty times. An entry never changes; where fetching one is a request to another machine,
//! what was fetched is kept. Should a listing show that there is another one under the same name,
//! because somebody made the table anew, it is forgotten.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{
    Attributes, CopyOptions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::overlay::{LOG, OWN};

/// Bytes that are kept, of a whole lake.
const KEPT_BYTES: u64 = 16 << 20;
/// Bytes of an entry that is kept.
const ENTRY_BYTES_MAX: u64 = 256 << 10;
/// What an entry is expected to take; only the size of the first table depends on it.
const ENTRY_BYTES: u64 = 4 << 10;

/// Such a store, over one that is far away.
#[derive(Debug)]
pub(super) struct EntryCache {
    inner: Arc<dyn ObjectStore>,
    cache: Arc<Cache<Path, CachedEntry, EntryWeighter>>,
}

/// An entry as it was fetched.
#[derive(Debug, Clone)]
struct CachedEntry {
    meta: ObjectMeta,
    attributes: Attributes,
    bytes: Bytes,
}

/// Weighs entries by their bytes.
#[derive(Debug, Clone)]
struct EntryWeighter;

impl Weighter<Path, CachedEntry> for EntryWeighter {
    fn weight(&self, _: &Path, entry: &CachedEntry) -> u64 {
        entry.bytes.len() as u64
    }
}

impl EntryCache {
    pub(super) fn new(inner: Arc<dyn ObjectStore>) -> Self {
        let n_expected = usize::try_from(KEPT_BYTES / ENTRY_BYTES).unwrap_or(usize::MAX);
        Self { inner, cache: Arc::new(Cache::with_weighter(n_expected, KEPT_BYTES, EntryWeighter)) }
    }

    /// Forgets those that are other ones by what a listing shows.
    fn checked(
        &self,
        listed: BoxStream<'static, Result<ObjectMeta>>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let cache = Arc::clone(&self.cache);
        let forget = move |object: &ObjectMeta| {
            let is_other = |entry: &CachedEntry| {
                entry.meta.size != object.size || tag(&entry.meta) != tag(object)
            };
            cache.remove_if(&object.location, is_other);
        };
        listed.inspect_ok(forget).boxed()
    }

    /// Keeps what was found, if it is whole and small and can be told from another.
    async fn keep(&self, location: &Path, found: GetResult) -> Result<GetResult> {
        let GetResult { payload, meta, range, attributes } = found;
        let is_kept =
            meta.size <= ENTRY_BYTES_MAX && range == (0..meta.size) && meta.e_tag.is_some();
        match payload {
            GetResultPayload::Stream(parts) if is_kept => {
                let parts: Vec<Bytes> = parts.try_collect().await?;
                let entry = CachedEntry { meta, attributes, bytes: parts.concat().into() };
                self.cache.insert(location.clone(), entry.clone());
                Ok(entry.into())
            }
            payload => Ok(GetResult { payload, meta, range, attributes }),
        }
    }
}

impl From<CachedEntry> for GetResult {
    fn from(CachedEntry { meta, attributes, bytes }: CachedEntry) -> Self {
        let payload = GetResultPayload::Stream(stream::iter([Ok(bytes)]).boxed());
        Self { payload, range: 0..meta.size, meta, attributes }
    }
}

/// Whether a key is that of an entry or a checkpoint, whose names begin with a version.
fn is_entry(location: &Path) -> bool {
    let Some((folder, name)) = location.as_ref().rsplit_once('/') else { return false };
    let is_log = folder.ends_with(LOG) || folder.starts_with(OWN);
    let is_version = |digits: &str| digits.len() == 20 && digits.parse::<u64>().is_ok();
    is_log && name.ends_with(".json") && name.split_once('.').is_some_and(|(it, _)| is_version(it))
}

/// Whether all of an object is asked for, whatever it is.
fn is_plain(options: &GetOptions) -> bool {
    let GetOptions { if_match, if_none_match, if_modified_since, .. } = options;
    let GetOptions { if_unmodified_since, range, version, head, .. } = options;
    let is_conditional = if_match.is_some()
        || if_none_match.is_some()
        || if_modified_since.is_some()
        || if_unmodified_since.is_some();
    !is_conditional && range.is_none() && version.is_none() && !head
}

/// Returns what an object's tag is, without the quotes that only some answers have.
fn tag(meta: &ObjectMeta) -> Option<&str> {
    meta.e_tag.as_deref().map(|tag| tag.trim_matches('"'))
}

impl fmt::Display for EntryCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EntryCache({})", self.inner)
    }
}

#[async_trait]
impl ObjectStore for EntryCache {
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
        if !is_entry(location) || !is_plain(&options) {
            return self.inner.get_opts(location, options).await;
        }
        match self.cache.get(location) {
            Some(entry) => Ok(entry.into()),
            None => self.keep(location, self.inner.get_opts(location, options).await?).await,
        }
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.checked(self.inner.list(prefix))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.checked(self.inner.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt as _;
    use object_store::memory::InMemory;

    use super::*;

    const ENTRY: &str = "sessions/_delta_log/00000000000000000007.json";
    const CHECKPOINT: &str = "_tributary/log/sessions/00000000000000000007.checkpoint.a.json";

    async fn read(store: &dyn ObjectStore, key: &str) -> Result<Bytes> {
        store.get(&Path::from(key)).await?.bytes().await
    }

    /// Puts an object past the store, reads it, and takes it away; tells whether it is still read.
    async fn is_kept(key: &str, size: u64) -> bool {
        let inner = Arc::new(InMemory::new());
        let store = EntryCache::new(Arc::clone(&inner) as Arc<dyn ObjectStore>);
        let bytes = Bytes::from(vec![b'x'; usize::try_from(size).unwrap()]);
        inner.put(&Path::from(key), bytes.clone().into()).await.unwrap();
        assert_eq!(read(&store, key).await.unwrap(), bytes, "{key}");
        inner.delete(&Path::from(key)).await.unwrap();
        read(&store, key).await.is_ok_and(|found| found == bytes)
    }

    #[tokio::test]
    async fn entries_and_checkpoints_are_fetched_once() {
        assert!(is_kept(ENTRY, 10).await);
        assert!(is_kept(CHECKPOINT, ENTRY_BYTES_MAX).await);
    }

    #[tokio::test]
    async fn what_may_change_or_is_large_is_fetched_each_time() {
        for key in [
            "sessions/_delta_log/_last_checkpoint",
            "sessions/date=2026-11-27/part-a-1-0.parquet",
            "_tributary/lake.json",
        ] {
            assert!(!is_kept(key, 10).await, "{key}");
        }
        assert!(!is_kept(ENTRY, ENTRY_BYTES_MAX + 1).await);
    }

    #[tokio::test]
    async fn another_entry_of_the_same_name_is_fetched_behind_a_listing() {
        let inner = Arc::new(InMemory::new());
        let store = EntryCache::new(Arc::clone(&inner) as Arc<dyn ObjectStore>);
        let key = Path::from(ENTRY);
        for text in ["first", "other"] {
            inner.put(&key, text.into()).await.unwrap();
            let listed: Vec<_> = store.list(None).try_collect().await.unwrap();
            assert_eq!(listed.len(), 1);
            assert_eq!(read(&store, ENTRY).await.unwrap(), text);
        }
    }

    #[tokio::test]
    async fn parts_and_conditions_are_the_stores_to_answer() {
        let store = EntryCache::new(Arc::new(InMemory::new()));
        let key = Path::from(ENTRY);
        store.put(&key, "an entry".into()).await.unwrap();
        assert_eq!(read(&store, ENTRY).await.unwrap(), "an entry");
        assert_eq!(store.get_range(&key, 3..8).await.unwrap(), "entry");
        assert_eq!(store.head(&key).await.unwrap().size, 8);
        let other = GetOptions { if_match: Some("another".to_owned()), ..GetOptions::default() };
        assert!(store.get_opts(&key, other).await.is_err());
    }
}
