//! Compaction: few large files in the place of many small ones, each row once.
//!
//! ```text
//! partition ─▶ rows that don't count ─▶ files that are small, new or hold such rows
//!              (their keys alone)        │ read, sorted by tenant and time
//!                                        ▼
//!              some partitions together ─▶ one commit: old files go, large ones come
//! ```
//!
//! Columns that another engine added go with their rows.
//!
//! What counts is said by each table's [`tributary_ingest::schema::Unique`], and the views say the same, so
//! that no report changes. A large file is read again only for its keys, and written again only
//! if it holds a row that a later one replaces; a late event costs a small file.
//!
//! Rewrites take turns ([`super::rewrite`]): whoever is too late starts over. A compaction that
//! is killed leaves files that no version names; [`super::sweep`] removes them. The old files
//! stay for readers that have listed them, until the sweep's grace is over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::BooleanArray;
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use futures::{StreamExt as _, TryStreamExt as _};
use xxhash_rust::xxh3::Xxh3;

use super::rewrite::Rewrite;
use super::scan::scan;
use super::writer::FileWriter;
use super::{DataFile, Lake, LakeError, LakeTable, NewFile, files};
use tributary_ingest::schema::Table;

mod sorted;
mod superseded;

use sorted::{SortError, Sorter};
use superseded::Positions;

/// Partitions that are committed together at most.
const WAVE_PARTITIONS: usize = 64;
/// Bytes of files that are committed together, about; what a killed compaction has done in vain.
const WAVE_BYTES: u64 = 1 << 30;
/// How often a table starts over before it is left for the next time.
const TRIES_MAX: usize = 20;

/// How files are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompactOptions {
    /// Size that files are to have, in bytes; those under half of it are small.
    pub target_bytes: u64,
    /// Bytes of rows that are sorted in memory, for each partition that is worked on.
    pub sort_bytes: usize,
    /// Partitions that are worked on at the same time.
    pub n_parallel: usize,
}

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Partitions that have other files now.
    pub n_partitions: usize,
    /// Files that were replaced.
    pub n_files_before: usize,
    /// Their bytes.
    pub bytes_before: u64,
    /// Files that took their place.
    pub n_files_after: usize,
    /// Their bytes.
    pub bytes_after: u64,
    /// Rows that a later one replaced, and copies.
    pub n_rows_dropped: u64,
}

/// The files of a partition that are replaced, and those that take their place.
#[derive(Debug, Default)]
struct Replaced {
    removed: Vec<DataFile>,
    added: Vec<NewFile>,
    n_dropped: u64,
}

/// One partition and what is to be done with it.
#[derive(Debug, Clone)]
struct PartitionJob {
    lake: Lake,
    table: &'static Table,
    /// The columns that go with the rows.
    schema: SchemaRef,
    date: i32,
    files: Vec<DataFile>,
    turn: u64,
    options: CompactOptions,
    at_ms: i64,
}

/// Compacts those partitions of a table that `is_wanted` picks; `progress` is told their bytes.
/// Returns what was committed, also where something failed.
pub async fn compact(
    lake: &Lake,
    table: &LakeTable,
    options: CompactOptions,
    at_ms: i64,
    is_wanted: impl Fn(i32) -> bool + Send + Sync,
    progress: impl Fn(u64) + Send + Sync,
) -> (Compacted, Result<(), LakeError>) {
    let mut done = Compacted::default();
    for _ in 0..TRIES_MAX {
        match try_compact(lake, table, options, at_ms, &is_wanted, &progress, &mut done).await {
            Ok(true) => return (done, Ok(())),
            // A file that is gone was another rewrite's to remove.
            Ok(false) | Err(LakeError::Replaced { .. }) => {
                tracing::debug!(table = table.definition().name, "another rewrite was faster");
            }
            Err(error) => return (done, Err(error)),
        }
    }
    (done, Err(LakeError::Contended { table: table.definition().name }))
}

/// Counts the bytes of a table's partitions that have something to compact.
///
/// # Errors
/// [`LakeError::Delta`].
pub async fn bytes_due(
    table: &LakeTable,
    options: CompactOptions,
    is_wanted: impl Fn(i32) -> bool,
) -> Result<u64, LakeError> {
    let due = partitions(table.files().await?, options, is_wanted);
    Ok(due.values().flatten().map(|file| file.size).sum())
}

fn partitions(
    files: Vec<DataFile>,
    options: CompactOptions,
    is_wanted: impl Fn(i32) -> bool,
) -> BTreeMap<i32, Vec<DataFile>> {
    let mut partitions: BTreeMap<i32, Vec<DataFile>> = BTreeMap::new();
    for file in files.into_iter().filter(|file| is_wanted(file.date)) {
        partitions.entry(file.date).or_default().push(file);
    }
    partitions.retain(|_, files| !is_settled(files, options));
    partitions
}

/// Whether a partition has nothing but files of compactions, and only one small one.
fn is_settled(files: &[DataFile], options: CompactOptions) -> bool {
    let n_small = files.iter().filter(|file| is_small(file, options)).count();
    n_small <= 1 && files.iter().all(|file| files::is_compacted(&file.path))
}

fn is_small(file: &DataFile, options: CompactOptions) -> bool {
    file.size < options.target_bytes / 2
}

/// Does what is to be done; `false` if another rewrite was faster. A partition that can't be
/// compacted keeps nothing from the others; its error is returned at the end.
async fn try_compact(
    lake: &Lake,
    table: &LakeTable,
    options: CompactOptions,
    at_ms: i64,
    is_wanted: &(impl Fn(i32) -> bool + Sync),
    progress: &(impl Fn(u64) + Sync),
    done: &mut Compacted,
) -> Result<bool, LakeError> {
    // The turn comes first: should a rewrite come in between, ours is refused.
    let mut turn = table.turn().await?;
    let due = partitions(table.files().await?, options, is_wanted);
    let mut first_error = None;
    for wave in waves(due) {
        let of = |(date, files)| PartitionJob {
            lake: lake.clone(),
            table: table.definition(),
            schema: table.schema(),
            date,
            files,
            turn,
            options,
            at_ms,
        };
        let jobs: Vec<PartitionJob> = wave.into_iter().map(of).collect();
        let jobs = futures::stream::iter(jobs).map(run);
        let mut jobs = std::pin::pin!(jobs.buffer_unordered(options.n_parallel.max(1)));
        let mut replaced = vec![];
        while let Some((n_bytes, result)) = jobs.next().await {
            progress(n_bytes);
            match result {
                Ok(of_partition) => replaced.push(of_partition),
                Err(error @ LakeError::Replaced { .. }) => return Err(error),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        if replaced.iter().all(|replaced| replaced.removed.is_empty()) {
            continue;
        }
        let mut rewrite = Rewrite { data_change: false, at_ms, ..Rewrite::default() };
        let mut sum = *done;
        for replaced in replaced {
            sum.add(&replaced);
            rewrite.removed.extend(replaced.removed);
            rewrite.added.extend(replaced.added);
        }
        if !table.rewrite(turn, &rewrite).await? {
            return Ok(false);
        }
        *done = sum;
        turn += 1;
    }
    match first_error {
        Some(error) => Err(error),
        None => Ok(true),
    }
}

/// Cuts partitions into those that are committed together.
fn waves(due: BTreeMap<i32, Vec<DataFile>>) -> Vec<Vec<(i32, Vec<DataFile>)>> {
    let mut waves: Vec<Vec<_>> = vec![];
    let mut n_bytes = 0;
    for (date, files) in due {
        let size: u64 = files.iter().map(|file| file.size).sum();
        n_bytes += size;
        match waves.last_mut() {
            Some(wave) if n_bytes <= WAVE_BYTES && wave.len() < WAVE_PARTITIONS => {
                wave.push((date, files));
            }
            _ => {
                n_bytes = size;
                waves.push(vec![(date, files)]);
            }
        }
    }
    waves
}

/// Compacts a partition on a thread of the runtime; returns also the bytes of its files.
async fn run(job: PartitionJob) -> (u64, Result<Replaced, LakeError>) {
    let n_bytes = job.files.iter().map(|file| file.size).sum();
    let table = job.table.name.to_owned();
    let done = match tokio::spawn(async move { job.run().await }).await {
        Ok(result) => result,
        Err(error) => Err(LakeError::Unsupported { table, reason: error.to_string() }),
    };
    (n_bytes, done)
}

impl PartitionJob {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    async fn run(&self) -> Result<Replaced, LakeError> {
        let found =
            superseded::find(&self.lake, self.table, &self.files, self.options.n_parallel).await?;
        let is_due = |(file, positions): &(&DataFile, Positions)| {
            let is_large = files::is_compacted(&file.path) && !is_small(file, self.options);
            !is_large || !positions.is_empty()
        };
        let due: Vec<(&DataFile, Positions)> =
            self.files.iter().zip(found).filter(is_due).collect();
        let is_done = |(file, positions): &(&DataFile, Positions)| {
            files::is_compacted(&file.path) && positions.is_empty()
        };
        // Files that are as they should be stay, unless they become fewer.
        let n_bytes: u64 = due.iter().map(|(file, _)| file.size).sum();
        let n_files = n_bytes.div_ceil(self.options.target_bytes).max(1);
        if due.iter().all(is_done) && n_files >= due.len() as u64 {
            return Ok(Replaced::default());
        }
        let mut sorter =
            self.sorted(Sorter::new(self.table, self.schema(), self.options.sort_bytes))?;
        for (file, positions) in &due {
            self.read(file, positions, &mut sorter).await?;
        }
        let removed: Vec<DataFile> = due.iter().map(|(file, _)| (*file).clone()).collect();
        let n_dropped = due.iter().map(|(_, positions)| positions.len() as u64).sum();
        let added = self.write(sorter, &removed).await?;
        Ok(Replaced { removed, added, n_dropped })
    }

    /// Reads a file's rows that count.
    async fn read(
        &self,
        file: &DataFile,
        positions: &Positions,
        sorter: &mut Sorter,
    ) -> Result<(), LakeError> {
        let rows = scan(&self.lake, self.table, file, self.schema(), None).await?;
        let mut rows = std::pin::pin!(rows);
        let mut start = 0;
        let mut dropped = positions.iter().copied().peekable();
        while let Some(batch) = rows.try_next().await? {
            let end = start + batch.num_rows() as u64;
            let of_batch: BTreeSet<u64> =
                std::iter::from_fn(|| dropped.next_if(|at| *at < end)).collect();
            let batch = if of_batch.is_empty() {
                batch
            } else {
                let mask = (start..end).map(|at| Some(!of_batch.contains(&at)));
                let mask: BooleanArray = mask.collect();
                self.sorted(filter_record_batch(&batch, &mask).map_err(SortError::from))?
            };
            start = end;
            if batch.num_rows() > 0 {
                self.sorted(sorter.push(batch))?;
            }
        }
        Ok(())
    }

    /// Writes sorted rows into files of the size that is wanted.
    async fn write(&self, sorter: Sorter, removed: &[DataFile]) -> Result<Vec<NewFile>, LakeError> {
        let intent = self.intent(removed);
        let source = format!("compact-{intent:016x}-{}", self.turn + 1);
        let n_rows_max = removed.iter().filter_map(|file| file.n_rows).sum::<u64>();
        let n_rows_max = usize::try_from(n_rows_max).unwrap_or(usize::MAX);
        let mut rows = self.sorted(sorter.finish())?;
        let mut added: Vec<NewFile> = vec![];
        let mut writer: Option<FileWriter> = None;
        while let Some(batch) = self.sorted(rows.next())? {
            let open = match &mut writer {
                Some(open) => open,
                None => {
                    let n = added.len();
                    let path = files::compacted_file(self.date, intent, self.turn + 1, n);
                    let file = (path, self.date);
                    let rows = (&batch, n_rows_max);
                    let made = FileWriter::create(&self.lake, self.table, file, rows, &source);
                    writer.insert(made?)
                }
            };
            open.write(&batch).await?;
            if open.n_bytes() >= self.options.target_bytes
                && let Some(full) = writer.take()
            {
                added.push(full.finish(self.at_ms).await?);
            }
            tokio::task::yield_now().await;
        }
        if let Some(last) = writer {
            added.push(last.finish(self.at_ms).await?);
        }
        Ok(added)
    }

    /// Returns what tells this piece of work apart from any other of the same turn.
    fn intent(&self, removed: &[DataFile]) -> u64 {
        let mut hash = Xxh3::new();
        hash.update(env!("CARGO_PKG_VERSION").as_bytes());
        hash.update(&self.options.target_bytes.to_le_bytes());
        hash.update(self.table.name.as_bytes());
        for file in removed {
            hash.update(file.path.as_bytes());
        }
        hash.digest()
    }

    fn sorted<T>(&self, result: Result<T, SortError>) -> Result<T, LakeError> {
        result.map_err(|error| LakeError::Unsorted {
            partition: format!("{}/{}", self.table.name, files::partition(self.date)),
            reason: error.to_string(),
        })
    }
}

impl Compacted {
    /// Adds what was done in another table.
    pub fn merge(&mut self, other: Self) {
        self.n_partitions += other.n_partitions;
        self.n_files_before += other.n_files_before;
        self.bytes_before += other.bytes_before;
        self.n_files_after += other.n_files_after;
        self.bytes_after += other.bytes_after;
        self.n_rows_dropped += other.n_rows_dropped;
    }

    fn add(&mut self, replaced: &Replaced) {
        if replaced.removed.is_empty() {
            return;
        }
        self.merge(Self {
            n_partitions: 1,
            n_files_before: replaced.removed.len(),
            bytes_before: replaced.removed.iter().map(|file| file.size).sum(),
            n_files_after: replaced.added.len(),
            bytes_after: replaced.added.iter().map(|new| new.file.size).sum(),
            n_rows_dropped: replaced.n_dropped,
        });
    }
}
