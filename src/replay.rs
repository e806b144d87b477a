//! Flattening again: what stands in `raw_events` becomes rows once more, in place of the old ones.
//!
//! ```text
//! dead_letters or days ─▶ raw_events ─▶ flatten ─▶ same rows? ──yes──▶ nothing to do
//!                          (bodies)                    │no
//!                                                      ▼
//!         new files, and the old ones without these events ─▶ one commit a table ─▶ old files go
//! ```
//!
//! A batch is some days. For each it is worked out which events are touched; what those events
//! have in every table is dropped, and what they flatten to now takes its place. Events whose
//! day changes move, with their row in `raw_events`, so that an event's rows share one partition.
//! Rows are compared before anything is written, by sums of hashes; so a second run writes nothing.
//!
//! `serve` may run. It commits an event's rows before its row in `raw_events`, so what is read
//! there has all its rows elsewhere; rows of events that were not read there are left alone. Other
//! rewrites take turns ([`tributary_lake::rewrite`]); who is too late starts over.
//!
//! A crash leaves tables of which some have the new rows. `raw_events` and `dead_letters` are
//! committed last and in this order, so the next run finds the same events and does the rest.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use tributary_ingest::flatten::channel::Channels;
use tributary_ingest::flatten::{event_tables, raw_events};
use tributary_ingest::schema::Table;
use tributary_lake::scan::Keys;
use tributary_lake::sweep::{self, GRACE, SweepOptions};
use tributary_lake::{DataFile, Lake, LakeError, LakeTable, Operation};

mod apply;
mod chunks;
mod dead_letters;
mod plan;
mod sums;

pub use dead_letters::{ID_CONFLICT, count_by_reason};

/// Events of a batch, about; their ids are held in memory, 16 bytes each and as much again.
const EVENTS_MAX: u64 = 1 << 19;
/// Days of a batch.
const DATES_MAX: usize = 64;
/// How often a batch starts over before the command gives up.
const TRIES_MAX: usize = 20;

/// Which events are flattened again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// First day, as days since the Unix epoch.
    pub from: Option<i32>,
    /// Day behind the last one.
    pub to: Option<i32>,
    /// Only events that are dead letters now, but for those whose id was another body's.
    pub dead_letters_only: bool,
    /// Only dead letters of this reason.
    pub reason: Option<String>,
}

/// What was done, or would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Events that were flattened again.
    pub n_events: u64,
    /// Those of them that are dead letters still.
    pub n_dead_letters: u64,
    /// Tables' partitions whose rows are others now.
    pub n_changed: usize,
    /// Dead letters whose event is not in `raw_events`; they were left alone.
    pub n_lost: u64,
}

/// Why events could not be flattened again; what was committed stays, a new run does the rest.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The lake could not be read or written.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// Rows could not be encoded; a defect.
    #[error(transparent)]
    Encode(#[from] crate::flush::FlushError),
    /// Rows could not be put together; a defect.
    #[error(transparent)]
    Arrow(#[from] arrow::error::ArrowError),
    /// Ingesters have rows in their journals for tables that they could not write.
    #[error(
        "events of {} are not in all tables yet, since one could not be written (`check` tells \
         which); run it again when they are, or bring them in with `recover`",
        ingesters.join(", ")
    )]
    Behind {
        /// Their names, which are those of their journals' files `ingester`.
        ingesters: Vec<String>,
    },
    /// Other rewrites were always faster.
    #[error("other commands keep rewriting the same tables; run it again when they are done")]
    Contended,
}

/// Flattens events of a lake again.
pub struct Replay<'l> {
    lake: &'l Lake,
    channels: Arc<Channels>,
    now_ms: i64,
    progress: Box<dyn Fn(u64) + Send + Sync + 'l>,
    tables: Vec<LakeTable>,
}

impl std::fmt::Debug for Replay<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replay").field("tables", &self.tables.len()).finish_non_exhaustive()
    }
}

impl<'l> Replay<'l> {
    /// Opens those of the lake's tables that are there.
    ///
    /// `progress` is told how many more events were read.
    ///
    /// # Errors
    /// [`ReplayError::Lake`].
    pub async fn open(
        lake: &'l Lake,
        channels: Channels,
        now_ms: i64,
        progress: impl Fn(u64) + Send + Sync + 'l,
    ) -> Result<Self, ReplayError> {
        let mut tables = vec![];
        for table in event_tables() {
            tables.extend(lake.table(table).await?);
        }
        let channels = Arc::new(channels);
        Ok(Self { lake, channels, now_ms, progress: Box::new(progress), tables })
    }

    /// Counts the events that are flattened again, about: those of the days, or the dead letters.
    ///
    /// # Errors
    /// [`ReplayError::Lake`].
    pub async fn n_events(&self, selection: &Selection) -> Result<u64, ReplayError> {
        Ok(self.rows(selection).await?.values().sum())
    }

    /// Tells what [`Self::run`] would do; writes nothing.
    ///
    /// # Errors
    /// Any [`ReplayError`].
    pub async fn rehearse(&self, selection: &Selection) -> Result<Replayed, ReplayError> {
        let mut sum = Replayed::default();
        let mut counted = HashMap::new();
        for dates in self.batches(selection).await? {
            let plan = plan::make(self, selection, &dates, &mut counted).await?;
            sum.add(plan.outcome());
        }
        Ok(sum)
    }

    /// Flattens the events again, and removes what earlier runs left over.
    ///
    /// # Errors
    /// Any [`ReplayError`].
    pub async fn run(&mut self, selection: &Selection) -> Result<Replayed, ReplayError> {
        self.create_tables().await?;
        self.sweep().await?;
        let mut sum = Replayed::default();
        let mut counted = HashMap::new();
        for dates in self.batches(selection).await? {
            sum.add(self.run_batch(selection, &dates, &mut counted).await?);
        }
        Ok(sum)
    }

    async fn run_batch(
        &self,
        selection: &Selection,
        dates: &BTreeSet<i32>,
        counted: &mut HashMap<i32, Keys>,
    ) -> Result<Replayed, ReplayError> {
        for _ in 0..TRIES_MAX {
            let mut counted_now = counted.clone();
            self.check_behind().await?;
            let planned = plan::make(self, selection, dates, &mut counted_now).await;
            // Looked at again: an ingester may have begun to pass a table meanwhile.
            self.check_behind().await?;
            let tried = match planned {
                Ok(plan) => apply::apply(self, &plan).await.map(|is_done| (plan, is_done)),
                Err(error) => Err(error),
            };
            match tried {
                Ok((plan, true)) => {
                    *counted = counted_now;
                    return Ok(plan.outcome());
                }
                // A file that is gone was another rewrite's to remove.
                Ok((_, false)) | Err(ReplayError::Lake(LakeError::Replaced { .. })) => {}
                Err(error) => return Err(error),
            }
            tracing::debug!("another command rewrote the tables, starting over");
            self.sweep().await?;
        }
        Err(ReplayError::Contended)
    }

    /// Refuses to make rows that an ingester is still to bring.
    async fn check_behind(&self) -> Result<(), ReplayError> {
        let ingesters = self.lake.behind().await?;
        if ingesters.is_empty() { Ok(()) } else { Err(ReplayError::Behind { ingesters }) }
    }

    async fn create_tables(&mut self) -> Result<(), ReplayError> {
        if self.table(&raw_events::TABLE).is_none() {
            return Ok(());
        }
        self.tables.clear();
        for table in event_tables() {
            // Rows go and rows come.
            let found = self.lake.create_table(table).await?;
            let found = self.lake.table_to_rewrite(table, Operation::Erase).await?.unwrap_or(found);
            let columns = found.other_columns();
            if !columns.is_empty() {
                let (table, columns) = (table.name, columns.join(" "));
                tracing::warn!(
                    table,
                    columns,
                    "rows that are flattened again have nulls in another engine's columns"
                );
            }
            self.tables.push(found);
        }
        Ok(())
    }

    async fn sweep(&self) -> Result<(), ReplayError> {
        let options = SweepOptions::new(self.now_ms, GRACE);
        sweep::abandoned(self.lake, &self.tables, options).await?;
        for table in &self.tables {
            let n_files = sweep::sweep(self.lake, table, options).await?.n_removed;
            if n_files > 0 {
                let table = table.definition().name;
                tracing::info!(table, n_files, "files of an earlier rewrite were left, removed");
            }
        }
        Ok(())
    }

    fn table(&self, definition: &Table) -> Option<&LakeTable> {
        self.tables.iter().find(|table| table.definition().name == definition.name)
    }

    /// Counts what is selected, by day.
    async fn rows(&self, selection: &Selection) -> Result<BTreeMap<i32, u64>, ReplayError> {
        let dead_letters_only = selection.dead_letters_only || selection.reason.is_some();
        let source = if dead_letters_only { &raw_events::DEAD_LETTERS } else { &raw_events::TABLE };
        let mut rows: BTreeMap<i32, u64> = BTreeMap::new();
        let Some(table) = self.table(source) else { return Ok(rows) };
        for file in table.files().await? {
            let is_early = selection.to.is_none_or(|to| file.date < to);
            if is_early && selection.from.is_none_or(|from| file.date >= from) {
                *rows.entry(file.date).or_default() += file.n_rows.unwrap_or(0);
            }
        }
        Ok(rows)
    }

    /// Cuts the days that have what is selected into batches.
    async fn batches(&self, selection: &Selection) -> Result<Vec<BTreeSet<i32>>, ReplayError> {
        let rows = self.rows(selection).await?;
        let mut batches: Vec<BTreeSet<i32>> = vec![];
        let mut n_events = 0;
        for (date, n_rows) in rows {
            n_events += n_rows;
            match batches.last_mut() {
                Some(batch) if n_events <= EVENTS_MAX && batch.len() < DATES_MAX => {
                    batch.insert(date);
                }
                _ => {
                    n_events = n_rows;
                    batches.push(BTreeSet::from([date]));
                }
            }
        }
        Ok(batches)
    }

    /// Lists a table's files of one day.
    async fn files(&self, table: &LakeTable, date: i32) -> Result<Vec<DataFile>, ReplayError> {
        Ok(table.base(&BTreeSet::from([date])).await?.files)
    }
}

impl Replayed {
    fn add(&mut self, other: Self) {
        self.n_events += other.n_events;
        self.n_dead_letters += other.n_dead_letters;
        self.n_changed += other.n_changed;
        self.n_lost += other.n_lost;
    }
}
