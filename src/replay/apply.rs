//! Doing what was planned: new files first, then one commit a table, then the old files go.

use arrow::array::{AsArray as _, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Date32Type;
use object_store::path::Path;
use xxhash_rust::xxh3::Xxh3;

use super::chunks::Chunks;
use super::plan::{Change, Plan, rows_of};
use super::{Replay, ReplayError};
use crate::flush::encode::{Encoded, encode_table};
use tributary_ingest::schema::Table;
use tributary_lake::rewrite::Rewrite;
use tributary_lake::{DataFile, NewFile, files, sweep, writer};

/// A table's change while it is carried out.
struct Task<'p> {
    change: &'p Change,
    /// Tells what is to be done apart from anything else; part of the files' names.
    intent: u64,
    /// What the files say they were made from.
    source: String,
    added: Vec<NewFile>,
}

/// Carries out a plan; `false` if another rewrite was faster, which leaves the rest undone.
pub(super) async fn apply(replay: &Replay<'_>, plan: &Plan) -> Result<bool, ReplayError> {
    let mut tasks: Vec<Task<'_>> =
        plan.changes.iter().map(|change| Task::new(change, plan)).collect();
    if tasks.is_empty() {
        return Ok(true);
    }
    put_new_rows(replay, plan, &mut tasks).await?;
    for task in &mut tasks {
        task.put_other_rows(replay, plan).await?;
    }
    for task in &mut tasks {
        let change = task.change;
        let rewrite = Rewrite {
            removed: change.files.iter().map(|(file, _)| file.clone()).collect(),
            added: std::mem::take(&mut task.added),
            data_change: true,
            at_ms: replay.now_ms,
        };
        if !change.table.rewrite(change.turn, &rewrite).await? {
            return Ok(false);
        }
        let paths = rewrite.removed.iter().map(|file| file.path.as_str());
        sweep::delete(replay.lake, &change.table, paths).await?;
    }
    Ok(true)
}

/// Flattens the touched events and puts their rows into files, for the tables that change.
async fn put_new_rows(
    replay: &Replay<'_>,
    plan: &Plan,
    tasks: &mut [Task<'_>],
) -> Result<(), ReplayError> {
    let mut chunks = Chunks::new(replay, &plan.raw_files, &plan.touched);
    while let Some(chunk) = chunks.next().await? {
        for (table, batch) in chunk.batches()? {
            let task = tasks.iter_mut().find(|task| task.table().name == table.name);
            let Some(task) = task else { continue };
            let rows = task.rows_that_change(&batch)?;
            let mut encoded = vec![];
            if rows.num_rows() > 0 {
                encode_table(table, &rows, (&task.source, 0), |file| {
                    encoded.push(file);
                    Ok(())
                })?;
            }
            for file in encoded {
                task.put(replay, file).await?;
            }
        }
    }
    Ok(())
}

impl<'p> Task<'p> {
    fn new(change: &'p Change, plan: &Plan) -> Self {
        let mut hash = Xxh3::new();
        hash.update(env!("CARGO_PKG_VERSION").as_bytes());
        hash.update(change.table.definition().name.as_bytes());
        for (file, _) in &change.files {
            hash.update(file.path.as_bytes());
        }
        for keys in plan.touched.values() {
            let sum = keys.iter().fold(0_u128, |sum, key| sum.wrapping_add(*key));
            hash.update(&sum.to_le_bytes());
        }
        hash.update(&change.sums);
        let intent = hash.digest();
        let source = format!("rewrite-{intent:016x}-{}", change.turn + 1);
        Self { change, intent, source, added: vec![] }
    }

    fn table(&self) -> &'static Table {
        self.change.table.definition()
    }

    fn next_path(&self, date: i32) -> String {
        files::rewritten_file(date, self.intent, self.change.turn + 1, self.added.len())
    }

    fn rows_that_change(&self, batch: &RecordBatch) -> Result<RecordBatch, ReplayError> {
        let dates = batch.column(0).as_primitive::<Date32Type>();
        let mask: BooleanArray =
            dates.values().iter().map(|date| Some(self.change.dates.contains(date))).collect();
        Ok(filter_record_batch(batch, &mask)?)
    }

    async fn put(&mut self, replay: &Replay<'_>, encoded: Encoded) -> Result<(), ReplayError> {
        let path = self.next_path(encoded.date);
        let key = Path::from(format!("{}/{path}", self.table().name));
        let size = encoded.bytes.len() as u64;
        replay.lake.put(&key, encoded.bytes, &self.source).await?;
        let n_rows = Some(encoded.n_rows as u64);
        let file = DataFile { path, date: encoded.date, size, n_rows };
        self.added.push(NewFile { file, stats: encoded.stats, written_at_ms: replay.now_ms });
        Ok(())
    }

    /// Copies what the old files have of other events; a file that has none has no successor.
    async fn put_other_rows(
        &mut self,
        replay: &Replay<'_>,
        plan: &Plan,
    ) -> Result<(), ReplayError> {
        for (file, n_touched) in &self.change.files {
            if file.n_rows == Some(*n_touched) {
                continue;
            }
            let Some(events) = plan.touched.get(&file.date) else { continue };
            let others = rows_of(self.table(), events).outside();
            let place = (self.next_path(file.date), self.source.as_str());
            let (lake, at_ms) = (replay.lake, replay.now_ms);
            let copied = writer::copy(lake, &self.change.table, file, others, place, at_ms).await?;
            self.added.extend(copied);
        }
        Ok(())
    }
}
