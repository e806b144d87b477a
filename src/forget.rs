//! Forgetting: a person, a visitor or a company leaves every table, physically.
//!
//! ```text
//! text of all files ─▶ events, sessions and visitors that name somebody ─▶ note what is to go
//!   ▲                                                                          │
//!   │ again, until no file names anybody        files without these rows ◀─────┘
//!   └──────────────────────────────────────────  one commit a table, old files deleted
//! ```
//!
//! An event that names a subject goes whole, and so do the other events of its session: a body
//! can't be forgotten in part. With a person go all sessions of the visitors as whom that person
//! was seen, before and after.
//!
//! A table whose log does not let rows be erased is named; the others are done, and the note stays
//! until that table is done too. Columns that another engine added are looked through like ours,
//! and stay with the rows that stay.
//!
//! What is to go is noted in the lake, as hashes, before anything changes. A run that is killed
//! has erased some tables; what linked the rows of the others to the person may be gone with
//! them. The next run of `forget`, for whomever, ends what the note says first.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _};

use object_store::path::Path;

use tributary_lake::scan::Filter;
use tributary_lake::sweep::{self, SweepOptions};
use tributary_lake::{DataFile, Lake, LakeError, LakeTable};

mod erase;
mod find;
mod note;
mod opened;
mod subject;

pub use find::Marks;
pub use subject::{Finder, Subject};

/// Files that are worked on at the same time at most.
const FILES_MAX: usize = 8;
/// How often the lake is looked through before forgetting is given up for now.
const ROUNDS_MAX: usize = 20;

/// What was erased from a table, or would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erased {
    /// Rows that went.
    pub n_rows: u64,
    /// Files that had such rows.
    pub n_files: usize,
    /// Their bytes.
    pub bytes_before: u64,
    /// Files that took their place.
    pub n_files_new: usize,
    /// Their bytes.
    pub bytes_after: u64,
}

/// What was erased, by table.
pub type Receipt = BTreeMap<&'static str, Erased>;

/// Why forgetting could not be finished; a new run goes on.
#[derive(Debug, thiserror::Error)]
pub enum ForgetError {
    /// The lake could not be read or written.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// Events that name a subject keep coming in.
    #[error("events that name them keep coming in; run it again when they have stopped")]
    Unending,
    /// A task ended early.
    #[error("{0}")]
    Task(String),
}

/// A lake in which somebody is to be forgotten.
pub struct Forget<'l> {
    lake: &'l Lake,
    /// The tables whose rows may be erased.
    tables: Vec<LakeTable>,
    /// Those that can be read only.
    unerased: Vec<LakeTable>,
    /// Why rows can't be erased from these and from others.
    blocked: Vec<LakeError>,
    finder: Arc<Finder>,
    now_ms: i64,
    progress: Box<dyn Fn(u64) + Send + Sync + 'l>,
}

impl std::fmt::Debug for Forget<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Forget").field("tables", &self.tables.len()).finish_non_exhaustive()
    }
}

impl<'l> Forget<'l> {
    /// Opens those of the lake's tables that are there; `progress` is told bytes as they are
    /// looked through.
    ///
    /// # Errors
    /// Any [`LakeError`].
    pub async fn open(
        lake: &'l Lake,
        finder: Finder,
        now_ms: i64,
        progress: impl Fn(u64) + Send + Sync + 'l,
    ) -> Result<Self, ForgetError> {
        lake.check_format().await?;
        let opened::Opened { tables, unerased, blocked } = opened::open(lake).await?;
        let (finder, progress) = (Arc::new(finder), Box::new(progress));
        Ok(Self { lake, tables, unerased, blocked, finder, now_ms, progress })
    }

    /// Returns why rows can't be erased from some tables, if there are such: then not everything
    /// is done by [`Self::run`].
    #[must_use]
    pub fn blocked(&self) -> &[LakeError] {
        &self.blocked
    }

    /// Tells whether there is no table that anything could be erased from.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.tables.is_empty()
    }

    fn readable(&self) -> impl Iterator<Item = &LakeTable> {
        self.tables.iter().chain(&self.unerased)
    }

    /// Counts the bytes that are to be looked through at least.
    ///
    /// # Errors
    /// Any [`LakeError`].
    pub async fn n_bytes(&self) -> Result<u64, ForgetError> {
        let mut n_bytes = 0;
        for table in self.readable() {
            n_bytes += table.files().await?.iter().map(|file| file.size).sum::<u64>();
        }
        Ok(n_bytes)
    }

    /// Tells what would be erased; writes nothing.
    ///
    /// # Errors
    /// Any [`ForgetError`].
    pub async fn rehearse(&self) -> Result<Receipt, ForgetError> {
        let mut marks = Marks::default();
        self.look_through(&mut marks, &mut HashSet::new()).await?;
        let mut receipt = Receipt::new();
        if marks.is_empty() {
            return Ok(receipt);
        }
        let marked = marks.rows();
        for table in &self.tables {
            let mut erased = Erased::default();
            for (file, n_rows) in self.hits(table, table.files().await?, &marked).await? {
                erased.n_rows += n_rows;
                erased.n_files += 1;
                erased.bytes_before += file.size;
            }
            receipt.insert(table.definition().name, erased);
        }
        Ok(receipt)
    }

    /// Erases, until no file names a subject.
    ///
    /// # Errors
    /// Any [`ForgetError`].
    pub async fn run(&self) -> Result<Receipt, ForgetError> {
        let mut receipt = Receipt::new();
        for table in &self.tables {
            table.add_columns().await?;
        }
        self.sweep().await?;
        for (key, marks) in note::find(self.lake).await? {
            self.erase_all(&marks, &mut receipt).await?;
            self.end(&key).await?;
        }
        let mut marks = Marks::default();
        let mut known = HashSet::new();
        let mut last: Option<Path> = None;
        for _ in 0..ROUNDS_MAX {
            let is_found = self.look_through(&mut marks, &mut known).await?;
            let mut n_rows = 0;
            // Also rows that name nobody but came in meanwhile, of visitors that are marked.
            if !marks.is_empty() {
                let key = note::put(self.lake, &marks).await?;
                // It says all that the one before said.
                if let Some(before) = last.replace(key.clone()) {
                    note::remove(self.lake, &before).await?;
                }
                n_rows = self.erase_all(&marks, &mut receipt).await?;
                self.end(&key).await?;
            }
            if !is_found && n_rows == 0 {
                self.sweep().await?;
                return Ok(receipt);
            }
        }
        Err(ForgetError::Unending)
    }

    /// Removes a note whose rows have gone, unless there are tables that could not be done.
    async fn end(&self, note: &Path) -> Result<(), LakeError> {
        if self.blocked.is_empty() { note::remove(self.lake, note).await } else { Ok(()) }
    }

    /// Looks through the text of all files that are not `known`, and marks what names a subject.
    /// Returns whether anything did.
    async fn look_through(
        &self,
        marks: &mut Marks,
        known: &mut HashSet<(&'static str, String)>,
    ) -> Result<bool, ForgetError> {
        let mut is_found = false;
        for table in self.readable() {
            let definition = table.definition();
            let files = table.files().await?.into_iter();
            let files = files.filter(|file| !known.contains(&(definition.name, file.path.clone())));
            let files: Vec<DataFile> = files.collect();
            let looked = futures::stream::iter(files).map(|file| {
                let (lake, finder) = (self.lake.clone(), Arc::clone(&self.finder));
                let table = table.clone();
                spawned(async move {
                    let found = find::marks_of(&lake, &table, &file, &finder).await?;
                    Ok((file, found))
                })
            });
            let mut looked = looked.buffer_unordered(n_parallel());
            while let Some((file, found)) = looked.try_next().await? {
                (self.progress)(file.size);
                is_found |= !found.is_empty();
                marks.add(found);
                known.insert((definition.name, file.path));
            }
        }
        Ok(is_found)
    }

    /// Erases the marked rows of all tables; returns how many there were.
    async fn erase_all(&self, marks: &Marks, receipt: &mut Receipt) -> Result<u64, ForgetError> {
        let marked = marks.rows();
        let mut n_rows = 0;
        for table in &self.tables {
            let erased = erase::erase(self, table, &marked).await?;
            n_rows += erased.n_rows;
            receipt.entry(table.definition().name).or_default().add(erased);
        }
        Ok(n_rows)
    }

    /// Returns the files that have marked rows, and how many.
    async fn hits(
        &self,
        table: &LakeTable,
        files: Vec<DataFile>,
        marked: &Filter,
    ) -> Result<Vec<(DataFile, u64)>, ForgetError> {
        let definition = table.definition();
        let counted = futures::stream::iter(files).map(|file| {
            let (lake, marked) = (self.lake.clone(), marked.clone());
            spawned(async move {
                let n_rows = erase::n_marked(&lake, definition, &file, marked).await?;
                Ok((file, n_rows))
            })
        });
        let counted: Vec<(DataFile, u64)> = counted.buffered(n_parallel()).try_collect().await?;
        Ok(counted.into_iter().filter(|(_, n_rows)| *n_rows > 0).collect())
    }

    /// Removes files that were replaced: what is in them is to be gone as well.
    async fn sweep(&self) -> Result<(), ForgetError> {
        let (grace, silence) = (Duration::ZERO, Duration::ZERO);
        let options = SweepOptions { now_ms: self.now_ms, grace, silence };
        for table in &self.tables {
            sweep::sweep(self.lake, table, options).await?;
        }
        sweep::abandoned(self.lake, &self.tables, options).await?;
        Ok(())
    }
}

impl Erased {
    fn add(&mut self, other: Self) {
        self.n_rows += other.n_rows;
        self.n_files += other.n_files;
        self.bytes_before += other.bytes_before;
        self.n_files_new += other.n_files_new;
        self.bytes_after += other.bytes_after;
    }
}

fn n_parallel() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(FILES_MAX)
}

/// Runs work on a thread of the runtime.
async fn spawned<T: Send + 'static>(
    work: impl Future<Output = Result<T, LakeError>> + Send + 'static,
) -> Result<T, ForgetError> {
    let done = tokio::spawn(work).await;
    Ok(done.map_err(|error| ForgetError::Task(error.to_string()))??)
}
