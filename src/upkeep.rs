//! Keeping a lake in good shape: large files, each row once, nothing older than it may be, a
//! short log, and no files that nobody reads.
//!
//! ```text
//! retention ─▶ for each table: compaction, log ─▶ replaced files go, when their grace is over
//! ```
//!
//! What fails in one table or partition keeps nothing from the others.
//!
//! `serve` does this by itself, `compact` when told to. Several processes may: rewrites take
//! turns, so it is only a question of doing things once that [`elect`] picks one of them.

use std::time::Duration;

use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{ObjectStoreExt as _, PutMode, PutOptions};

use tributary_ingest::flatten::{TABLES, raw_events};
use tributary_lake::compact::{self, CompactOptions, Compacted};
use tributary_lake::log::LogOptions;
use tributary_lake::sweep::{SweepOptions, Swept};
use tributary_lake::{Lake, LakeError, LakeTable, Operation, retention, sweep};

pub mod schedule;

const DAY_MS: i64 = 86_400_000;
/// Folder of the marks by which processes agree on who does the next round.
const MARKS: &str = "_tributary/upkeep";

/// What is wanted of a lake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How files are put together.
    pub compact: CompactOptions,
    /// First day that is compacted, as days since the Unix epoch.
    pub from: Option<i32>,
    /// Day behind the last one.
    pub to: Option<i32>,
    /// How long readers may go on with files that were replaced.
    pub grace: Duration,
    /// How long rows are kept.
    pub retention: Retention,
    /// How long the tables' logs may be.
    pub log: LogOptions,
}

/// How long rows are kept, by their day; `None` is for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    /// All tables.
    pub all: Option<Duration>,
    /// `raw_events` and `dead_letters`, which hold bodies.
    pub raw: Option<Duration>,
}

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    /// Files and rows.
    pub compacted: Compacted,
    /// Rows whose retention was over.
    pub n_rows_expired: u64,
    /// Files of logs that others stand for.
    pub n_entries_removed: usize,
}

/// Opens those of the lake's tables that are there and may be compacted; returns also why others
/// may not.
///
/// # Errors
/// Any [`LakeError`] that is not about one table.
pub async fn tables(lake: &Lake) -> Result<(Vec<LakeTable>, Vec<LakeError>), LakeError> {
    let (mut tables, mut blocked) = (vec![], vec![]);
    for table in TABLES {
        match lake.table_to_rewrite(table, Operation::Compact).await {
            Ok(opened) => tables.extend(opened),
            Err(error) if error.is_block() => blocked.push(error),
            Err(error) => return Err(error),
        }
    }
    Ok((tables, blocked))
}

/// Does what the rules say, table after table; `progress` is told the bytes that were read.
/// Returns also what could not be done.
pub async fn run(
    lake: &Lake,
    tables: &[LakeTable],
    rules: &Rules,
    now_ms: i64,
    progress: impl Fn(u64) + Send + Sync,
) -> (Done, Vec<LakeError>) {
    let (mut done, mut errors) = (Done::default(), vec![]);
    // What may not be there any longer goes first, whatever is wrong with other tables.
    for table in tables {
        if let Some(cutoff) = rules.retention.cutoff(table.definition().name, now_ms) {
            match retention::apply(lake, table, cutoff, now_ms).await {
                Ok(n_rows) => done.n_rows_expired += n_rows,
                Err(error) => errors.push(error),
            }
        }
    }
    let is_wanted = |date| rules.wants(date);
    for table in tables {
        let (compacted, result) =
            compact::compact(lake, table, rules.compact, now_ms, is_wanted, &progress).await;
        done.compacted.merge(compacted);
        let shortened = match result {
            Ok(()) => shorten(lake, table, rules.log, now_ms).await,
            Err(error) => Err(error),
        };
        match shortened {
            Ok(n_entries) => done.n_entries_removed += n_entries,
            Err(error) => errors.push(error),
        }
    }
    (done, errors)
}

/// Completes what the log says of files, and makes it shorter to read.
async fn shorten(
    lake: &Lake,
    table: &LakeTable,
    options: LogOptions,
    now_ms: i64,
) -> Result<usize, LakeError> {
    table.describe_files(lake, now_ms).await?;
    table.shorten_log(options, now_ms).await
}

/// Counts the bytes that [`run`] would read.
///
/// # Errors
/// Any [`LakeError`] that is not about one table.
pub async fn bytes_due(tables: &[LakeTable], rules: &Rules) -> Result<u64, LakeError> {
    let mut n_bytes = 0;
    for table in tables {
        match compact::bytes_due(table, rules.compact, |date| rules.wants(date)).await {
            Ok(due) => n_bytes += due,
            // The work itself says so.
            Err(error) if error.is_block() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(n_bytes)
}

/// Removes files that no version names and no reader can be at; those of tables that can't be
/// read stay.
///
/// # Errors
/// Any [`LakeError`] that is not about one table.
pub async fn sweep(
    lake: &Lake,
    tables: &[LakeTable],
    options: SweepOptions,
) -> Result<Swept, LakeError> {
    let n_removed = sweep::abandoned(lake, tables, options).await?;
    let mut sum = Swept { n_removed, ..Swept::default() };
    for table in tables {
        let swept = match sweep::sweep(lake, table, options).await {
            Ok(swept) => swept,
            Err(error) if error.is_block() => continue,
            Err(error) => return Err(error),
        };
        sum.n_removed += swept.n_removed;
        sum.n_waiting += swept.n_waiting;
    }
    Ok(sum)
}

/// Tells whether this process is to do the round of this interval: the first that asks is.
///
/// Whoever creates the mark of the interval has it, and no one else. Should it die, the next
/// interval has another mark. Marks of earlier intervals are removed.
///
/// # Errors
/// The store's error.
pub async fn elect(lake: &Lake, interval: Duration, now_ms: i64) -> Result<bool, LakeError> {
    let interval_ms = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX).max(1);
    let round = now_ms.div_euclid(interval_ms);
    let prefix = Path::from(format!("{MARKS}/{interval_ms}"));
    let key = prefix.clone().join(format!("{round:020}"));
    let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
    match lake.store().put_opts(&key, "".into(), create).await {
        Ok(_) => {}
        Err(object_store::Error::AlreadyExists { .. }) => return Ok(false),
        Err(error) => return Err(LakeError::store("put", &key, error)),
    }
    let failed = |error| LakeError::store("list", &prefix, error);
    let marks: Vec<_> = lake.store().list(Some(&prefix)).try_collect().await.map_err(failed)?;
    for mark in marks.iter().map(|mark| &mark.location).filter(|mark| **mark < key) {
        match lake.store().delete(mark).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(LakeError::store("delete", mark, error)),
        }
    }
    Ok(true)
}

impl Rules {
    fn wants(&self, date: i32) -> bool {
        self.from.is_none_or(|from| date >= from) && self.to.is_none_or(|to| date < to)
    }
}

impl Retention {
    /// Returns what a table keeps no longer, if it does not keep all.
    fn cutoff(self, table: &str, now_ms: i64) -> Option<retention::Cutoff> {
        let is_raw = [raw_events::TABLE.name, raw_events::DEAD_LETTERS.name].contains(&table);
        let kept = if is_raw { self.raw.into_iter().chain(self.all).min() } else { self.all }?;
        let kept_ms = i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
        let written_before_ms = now_ms.saturating_sub(kept_ms);
        let before = i32::try_from(written_before_ms.div_euclid(DAY_MS)).ok()?;
        Some(retention::Cutoff { before, today: day_of(now_ms), written_before_ms })
    }
}

/// Returns the day of a time, as days since the Unix epoch.
#[must_use]
pub fn day_of(now_ms: i64) -> i32 {
    i32::try_from(now_ms.div_euclid(DAY_MS)).unwrap_or(i32::MAX)
}
