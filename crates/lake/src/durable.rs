//! [`DurableLocalStore`]: a folder as an object store that survives a power cut.
//!
//! [`LocalFileSystem`] never syncs, so an object it acknowledged may be empty or gone after a
//! power cut, and with it everything the caller deleted because the object was safe. Here a put,
//! a completed multipart upload, a copy or a rename returns `Ok` only once its bytes, its name
//! and every new folder above it are on the disk.
//!
//! ```text
//! stage    bytes go to `<folder>/.put#<digits>`, a name that listings hide and no key can have
//! sync     the staged file
//! publish  rename it over the target, or hard-link it to a target that must be new
//! sync     the folder that now holds the name
//! ```
//!
//! What that promises, and what not:
//!
//! * No reader ever sees part of an object.
//! * A failed write leaves no staged file. One killed half-way does: hidden, never
//!   overwritten, until [`remove_abandoned`] finds that nobody holds it.
//! * After any other error than `AlreadyExists` the object may stand there and still not be
//!   durable, as when the last sync failed. Writing it again settles the matter.
//! * `AlreadyExists` means that the object in the way has a durable name: a caller who finds its
//!   own earlier attempt there may rely on it.
//! * Reads, listings (sorted) and deletes are [`LocalFileSystem`]'s own. A deleted object may come back
//!   after a power cut, and to read an object says nothing about its durability.
//! * Keys become file names as in [`LocalFileSystem`], which lets no key leave the root. Symbolic
//!   links below the root are followed, so nobody else may write there; an object that is itself
//!   a link is replaced, not written through.
//! * One file system with hard links holds the whole root, and nobody removes folders from it
//!   while it is open; a folder that is found missing is made again.

mod abandoned;
mod failure;
mod folders;
mod staged;
mod transfer;
mod upload;

#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryFutureExt as _, TryStreamExt as _};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyMode, CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions,
    RenameTargetMode, Result,
};
use tokio::runtime::Handle;

pub use abandoned::remove_abandoned;
use folders::Folders;
use staged::Staged;
use upload::Upload;

/// Keeps objects as files below one folder; what it acknowledged survives a power cut.
///
/// Clones are cheap and share what they know about the folders.
#[derive(Clone, Debug)]
pub struct DurableLocalStore {
    local: LocalFileSystem,
    folders: Arc<Folders>,
}

/// An object: its key for the caller, its file for the disk.
#[derive(Clone, Debug)]
struct ObjectFile {
    key: Path,
    file: PathBuf,
}

impl DurableLocalStore {
    /// Opens the store below `root`; creates that folder durably if it is missing. Blocks.
    ///
    /// # Errors
    /// The system's, which names the folder, when `root` cannot be created, synced or resolved.
    pub fn new(root: &FilePath) -> io::Result<Self> {
        let root = folders::create_root(root)?;
        let local = LocalFileSystem::new_with_prefix(&root).map_err(io::Error::other)?;
        let local = local.with_automatic_cleanup(false);
        Ok(Self { local, folders: Arc::new(Folders::new(root)) })
    }

    fn object_file(&self, key: &Path) -> Result<ObjectFile> {
        Ok(ObjectFile { key: key.clone(), file: self.local.path_to_filesystem(key)? })
    }

    fn not_implemented(&self, operation: &str) -> Error {
        Error::NotImplemented { operation: operation.into(), implementer: self.to_string() }
    }
}

impl fmt::Display for DurableLocalStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DurableLocalStore({})", self.local)
    }
}

#[async_trait]
impl ObjectStore for DurableLocalStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        if !opts.attributes.is_empty() {
            return Err(self.not_implemented("`put_opts` with `opts.attributes` specified"));
        }
        let mode = match opts.mode {
            PutMode::Overwrite => CopyMode::Overwrite,
            PutMode::Create => CopyMode::Create,
            PutMode::Update(_) => {
                return Err(self.not_implemented("`put_opts` with mode `PutMode::Update`"));
            }
        };
        let object = self.object_file(location)?;
        let folders = Arc::clone(&self.folders);
        blocking(move || {
            Staged::new(&folders, &object)?.write(&object, &payload)?.publish(&object, mode)
        })
        .await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        if !opts.attributes.is_empty() {
            return Err(self.not_implemented("`put_multipart_opts` with attributes specified"));
        }
        let object = self.object_file(location)?;
        let folders = Arc::clone(&self.folders);
        let upload = blocking(move || {
            let staged = Staged::new(&folders, &object)?;
            Ok(Upload::new(object, staged))
        })
        .await?;
        Ok(Box::new(upload))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.local.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.local.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.local.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        sorted(self.local.list(prefix))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        sorted(self.local.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.local.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let (from, to) = (self.object_file(from)?, self.object_file(to)?);
        let folders = Arc::clone(&self.folders);
        blocking(move || transfer::copy(&folders, &from, &to, options.mode)).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        let (from, to) = (self.object_file(from)?, self.object_file(to)?);
        let folders = Arc::clone(&self.folders);
        blocking(move || match options.target_mode {
            RenameTargetMode::Overwrite => transfer::rename(&folders, &from, &to),
            RenameTargetMode::Create => transfer::rename_to_new(&folders, &from, &to),
        })
        .await
    }
}

/// Runs `work` on a thread that may block, or right here outside of a runtime.
///
/// Once begun, `work` runs to its end even when the caller stops waiting.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match Handle::try_current() {
        Ok(runtime) => runtime.spawn_blocking(work).await?,
        Err(_) => work(),
    }
}

/// Puts a listing in order of its keys, as object stores give it and a folder does not: who reads
/// a table's log relies on it.
fn sorted(
    listing: BoxStream<'static, Result<ObjectMeta>>,
) -> BoxStream<'static, Result<ObjectMeta>> {
    let collected = listing.try_collect::<Vec<ObjectMeta>>();
    let sorted = collected.map_ok(|mut objects| {
        objects.sort_unstable_by(|left, right| left.location.cmp(&right.location));
        stream::iter(objects.into_iter().map(Ok))
    });
    sorted.try_flatten_stream().boxed()
}
