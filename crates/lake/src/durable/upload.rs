//! [`Upload`]: an object that arrives in parts, in any order and several at a time.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use futures::FutureExt;
use object_store::path::Path;
use object_store::{CopyMode, Error, MultipartUpload, PutPayload, PutResult, Result, UploadPart};

use super::failure::{failed, named};
use super::staged::Staged;
use super::{ObjectFile, blocking};
use tributary_ingest::disk;

/// A multipart upload; the object appears, durable, when it is completed.
///
/// Dropped without that, it leaves nothing behind.
#[derive(Debug)]
pub(super) struct Upload {
    object: ObjectFile,
    /// Gone once the upload is completed or aborted.
    staged: Option<Staged>,
    parts: Arc<Parts>,
    /// Where the next part begins; the size of all parts so far.
    bytes_promised: u64,
}

/// What the parts under way share.
#[derive(Debug)]
struct Parts {
    file: Arc<File>,
    bytes_written: AtomicU64,
}

impl Upload {
    /// Collects parts for the object at `object` in `staged`.
    pub(super) fn new(object: ObjectFile, staged: Staged) -> Self {
        let parts = Arc::new(Parts { file: staged.file(), bytes_written: AtomicU64::new(0) });
        Self { object, staged: Some(staged), parts, bytes_promised: 0 }
    }

    fn take_staged(&mut self) -> Result<Staged> {
        self.staged.take().ok_or_else(|| refused(&self.object.key, "the upload is over already"))
    }
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let offset = self.bytes_promised;
        // A usize has at most 64 bits.
        self.bytes_promised += data.content_length() as u64;
        let (object, parts) = (self.object.clone(), Arc::clone(&self.parts));
        blocking(move || {
            parts.write(offset, &data).map_err(|source| {
                failed(&object.key, named("write part of", &object.file, &source))
            })
        })
        .boxed()
    }

    /// Publishes the object; an error, and no object, if a part is missing or still under way.
    async fn complete(&mut self) -> Result<PutResult> {
        let staged = self.take_staged()?;
        if self.parts.bytes_written.load(Ordering::Acquire) != self.bytes_promised {
            return Err(refused(&self.object.key, "not all parts are written"));
        }
        let object = self.object.clone();
        blocking(move || staged.publish(&object, CopyMode::Overwrite)).await
    }

    async fn abort(&mut self) -> Result<()> {
        let staged = self.take_staged()?;
        blocking(move || {
            drop(staged);
            Ok(())
        })
        .await
    }
}

impl Parts {
    fn write(&self, offset: u64, data: &PutPayload) -> io::Result<()> {
        let n_bytes = disk::write_in_steps(&self.file, offset, data.iter().map(AsRef::as_ref))?;
        self.bytes_written.fetch_add(n_bytes, Ordering::Release);
        Ok(())
    }
}

fn refused(key: &Path, reason: &str) -> Error {
    failed(key, io::Error::other(format!("upload of {key}: {reason}")))
}
