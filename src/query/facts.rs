//! What an engine knows of the tables it has opened: their version, files and days.

use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};

use xxhash_rust::xxh3::Xxh3Default;

use super::{Engine, OPENED_MAX, QueryError};
use tributary_ingest::schema::Table;
use tributary_lake::{DataFile, Lake, Listing};

/// A table at the version that an engine reads.
#[derive(Debug, Clone)]
pub struct TableFacts {
    /// Its definition.
    pub table: &'static Table,
    /// Its version; `None` if it is not there.
    pub version: Option<u64>,
    /// Its files.
    pub n_files: usize,
    /// Their bytes.
    pub n_bytes: u64,
    /// A digest of their names and sizes. A lake that was made anew has the versions of the one
    /// before it, and other files.
    pub digest: u64,
    /// The first and the last day that it has rows of, as days since the Unix epoch.
    pub days: Option<(i32, i32)>,
}

impl TableFacts {
    /// Sums up a listing; `None` is a table that is not there.
    pub(super) fn new(table: &'static Table, listing: Option<&Listing>) -> Self {
        let files = listing.map(|listing| listing.files.as_slice()).unwrap_or_default();
        let days = || files.iter().map(|file| file.date);
        Self {
            table,
            version: listing.map(|listing| listing.version),
            n_files: files.len(),
            n_bytes: files.iter().map(|file| file.size).sum(),
            digest: digest(files),
            days: days().min().zip(days().max()),
        }
    }
}

fn digest(files: &[DataFile]) -> u64 {
    let mut hash = Xxh3Default::new();
    for file in files {
        hash.update(file.path.as_bytes());
        hash.update(&[0]);
        hash.update(&file.size.to_le_bytes());
    }
    hash.digest()
}

impl Engine {
    /// Returns what is known of each table that was opened.
    #[must_use]
    pub fn tables(&self) -> &[TableFacts] {
        &self.tables
    }

    /// Tells whether nobody has written to any of the tables since they were opened.
    ///
    /// # Errors
    /// [`QueryError::Lake`] if the store does not answer.
    pub async fn is_current(&self, lake: &Lake) -> Result<bool, QueryError> {
        let check = |facts: &TableFacts| lake.is_last(facts.table, facts.version).boxed();
        let checks: Vec<_> = self.tables.iter().map(check).collect();
        let checks: Vec<bool> = stream::iter(checks).buffered(OPENED_MAX).try_collect().await?;
        Ok(checks.into_iter().all(|is_last| is_last))
    }
}
