//! What is to be done for some days: which events are touched, and in which files rows change.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use futures::TryStreamExt as _;

use super::chunks::{Chunks, RowLocation};
use super::dead_letters::{self, DeadLetters, ID_CONFLICT};
use super::sums::{Sums, n_compared};
use super::{Replay, ReplayError, Replayed, Selection};
use tributary_ingest::flatten::raw_events;
use tributary_ingest::schema::Table;
use tributary_lake::scan::{Filter, Keys, scan};
use tributary_lake::{DataFile, LakeTable};

/// What is to be done for some days.
pub(super) struct Plan {
    /// The events whose rows are made anew, by the partition where they lie or belong.
    pub(super) touched: BTreeMap<i32, Arc<Keys>>,
    /// The files of `raw_events` in these partitions.
    pub(super) raw_files: Vec<DataFile>,
    /// The tables that change, in the order in which they are committed.
    pub(super) changes: Vec<Change>,
    n_events: u64,
    n_dead_letters: u64,
    n_lost: u64,
}

/// What is to be done in a table.
pub(super) struct Change {
    pub(super) table: LakeTable,
    /// The table's turn when its files were listed.
    pub(super) turn: u64,
    /// The partitions whose rows change.
    pub(super) dates: BTreeSet<i32>,
    /// The files that have rows of touched events, and how many.
    pub(super) files: Vec<(DataFile, u64)>,
    /// What the new rows add up to, by partition.
    pub(super) sums: Vec<u8>,
}

impl Plan {
    /// Returns what this comes to.
    pub(super) fn outcome(&self) -> Replayed {
        Replayed {
            n_events: self.n_events,
            n_dead_letters: self.n_dead_letters,
            n_changed: self.changes.iter().map(|change| change.dates.len()).sum(),
            n_lost: self.n_lost,
        }
    }
}

/// Returns the filter of a table's rows that belong to some events.
///
/// A letter of a used id stays: its body stands nowhere else.
pub(super) fn rows_of(table: &Table, events: &Arc<Keys>) -> Filter {
    let is_dead_letters = table.name == raw_events::DEAD_LETTERS.name;
    let unless = is_dead_letters.then_some(("reason", ID_CONFLICT));
    Filter { unless, ..Filter::inside("event_id", Arc::clone(events)) }
}

/// Finds out what is to be done for some days.
///
/// `counted` has the events of other days that were counted with earlier ones.
pub(super) async fn make(
    replay: &Replay<'_>,
    selection: &Selection,
    dates: &BTreeSet<i32>,
    counted: &mut HashMap<i32, Keys>,
) -> Result<Plan, ReplayError> {
    let mut plan = Plan {
        touched: BTreeMap::new(),
        raw_files: vec![],
        changes: vec![],
        n_events: 0,
        n_dead_letters: 0,
        n_lost: 0,
    };
    let Some(raw) = replay.table(&raw_events::TABLE) else { return Ok(plan) };
    // The other tables are listed behind this one: what it has, they have.
    let base = raw.base(dates).await?;
    plan.raw_files = base.files;
    let (locations, n_lost) = select(replay, selection, dates, &plan.raw_files).await?;
    plan.n_lost = n_lost;
    let mut work = Work { plan, sums: Sums::default(), touched: BTreeMap::new() };
    work.flatten_all(replay, raw, locations, counted).await?;
    for (date, keys) in &work.touched {
        if !dates.contains(date) {
            counted.entry(*date).or_default().extend(keys);
        }
    }
    let touched = std::mem::take(&mut work.touched);
    work.plan.touched = touched.into_iter().map(|(date, keys)| (date, Arc::new(keys))).collect();
    // Where nothing is touched, nothing changes.
    let tables = if work.plan.touched.is_empty() { &[][..] } else { &replay.tables };
    for table in tables {
        let known_turn = (table.definition().name == raw_events::TABLE.name).then_some(base.turn);
        work.compare(replay, table, known_turn).await?;
    }
    Ok(work.plan)
}

/// Returns the events to start with, and how many letters have none.
async fn select(
    replay: &Replay<'_>,
    selection: &Selection,
    dates: &BTreeSet<i32>,
    raw_files: &[DataFile],
) -> Result<(Vec<RowLocation>, u64), ReplayError> {
    let dead_letters = dead_letters::find(replay, dates, selection.reason.as_deref()).await?;
    let dead_letters_only = selection.dead_letters_only || selection.reason.is_some();
    let mut unmatched: DeadLetters = dead_letters.clone();
    let mut locations = vec![];
    for file in raw_files {
        let date = file.date;
        let of_day = dead_letters.get(&date);
        if dead_letters_only && of_day.is_none() {
            continue;
        }
        for (event, webhook) in dead_letters::ids(replay, file, None).await? {
            let is_dead_letter =
                of_day.is_some_and(|dead_letters| dead_letters.contains_key(&webhook));
            if let (true, Some(unmatched)) = (is_dead_letter, unmatched.get_mut(&date)) {
                unmatched.remove(&webhook);
            }
            if is_dead_letter || !dead_letters_only {
                locations.push(RowLocation { date, event });
            }
        }
    }
    let (followed, n_lost) = dead_letters::follow(replay, &unmatched).await?;
    locations.extend(followed);
    Ok((locations, n_lost))
}

/// A plan while it is made.
struct Work {
    plan: Plan,
    /// What the new rows add up to.
    sums: Sums,
    touched: BTreeMap<i32, Keys>,
}

impl Work {
    /// Flattens the events, and those that share a place with what becomes of them.
    async fn flatten_all(
        &mut self,
        replay: &Replay<'_>,
        raw: &LakeTable,
        locations: Vec<RowLocation>,
        counted: &HashMap<i32, Keys>,
    ) -> Result<(), ReplayError> {
        let mut pending: BTreeMap<i32, Keys> = BTreeMap::new();
        for location in locations {
            self.touch(location, &mut pending);
        }
        while !pending.is_empty() {
            let wanted = std::mem::take(&mut pending);
            for date in wanted.keys() {
                if !self.plan.raw_files.iter().any(|file| file.date == *date) {
                    let more = replay.files(raw, *date).await?;
                    self.plan.raw_files.extend(more);
                }
            }
            let wanted = wanted.into_iter().map(|(date, keys)| (date, Arc::new(keys))).collect();
            let mut chunks = Chunks::new(replay, &self.plan.raw_files, &wanted);
            while let Some(chunk) = chunks.next().await? {
                for (table, batch) in chunk.batches()? {
                    self.sums.add_dated(table, &batch)?;
                }
                let is_new = |location: &RowLocation| {
                    counted
                        .get(&location.date)
                        .is_none_or(|events| !events.contains(&location.event))
                };
                self.plan.n_events += chunk.locations().filter(is_new).count() as u64;
                self.plan.n_dead_letters += chunk.dead_letters().filter(is_new).count() as u64;
                chunk.locations().for_each(|location| self.touch(location, &mut pending));
            }
        }
        Ok(())
    }

    fn touch(&mut self, location: RowLocation, pending: &mut BTreeMap<i32, Keys>) {
        if self.touched.entry(location.date).or_default().insert(location.event) {
            pending.entry(location.date).or_default().insert(location.event);
        }
    }

    /// Compares what a table has of the events with what it should have.
    async fn compare(
        &mut self,
        replay: &Replay<'_>,
        table: &LakeTable,
        known_turn: Option<u64>,
    ) -> Result<(), ReplayError> {
        let definition = table.definition();
        let dates = self.plan.touched.keys().copied().collect();
        let base = table.base(&dates).await?;
        let columns: Vec<&str> = definition.columns.iter().map(|column| column.name).collect();
        let schema = dead_letters::columns(definition, &columns[..n_compared(definition)]);
        let mut found = Sums::default();
        let mut files = vec![];
        let is_raw = known_turn.is_some();
        let listed = if is_raw { self.plan.raw_files.clone() } else { base.files };
        for file in listed {
            let Some(events) = self.plan.touched.get(&file.date) else { continue };
            let filter = Some(rows_of(definition, events));
            let rows = scan(replay.lake, definition, &file, Arc::clone(&schema), filter).await?;
            let mut rows = std::pin::pin!(rows);
            let mut n_rows = 0;
            while let Some(batch) = rows.try_next().await? {
                n_rows += batch.num_rows() as u64;
                found.add(definition, file.date, &batch)?;
            }
            if n_rows > 0 {
                files.push((file, n_rows));
            }
        }
        let differs = |date: &i32| self.sums.of(definition, *date) != found.of(definition, *date);
        let dates: BTreeSet<i32> = dates.into_iter().filter(differs).collect();
        if dates.is_empty() {
            return Ok(());
        }
        files.retain(|(file, _)| dates.contains(&file.date));
        let sums = dates.iter().flat_map(|date| {
            date.to_le_bytes().into_iter().chain(self.sums.of(definition, *date).bytes())
        });
        let sums = sums.collect();
        let turn = known_turn.unwrap_or(base.turn);
        self.plan.changes.push(Change { table: table.clone(), turn, dates, files, sums });
        Ok(())
    }
}
