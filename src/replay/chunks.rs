//! Rows of `raw_events`, some at a time, and what they flatten to.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use arrow::array::{AsArray as _, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Date32Type, Field, Schema, TimestampMillisecondType};
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;

use super::{Replay, ReplayError};
use tributary_ingest::event::{Record, RecordKind, Scheme};
use tributary_ingest::flatten::{BodyAt, Flattened, Flattener, body_bytes, raw_events};
use tributary_ingest::schema::{DATE, Table, position};
use tributary_lake::scan::{Filter, Keys, key, scan};
use tributary_lake::{DataFile, LakeError};

/// Bytes of bodies that are flattened together.
const CHUNK_BYTES: usize = 32 << 20;
/// Events that are flattened together.
const CHUNK_ROWS: usize = 1 << 16;

const WEBHOOK_ID: usize = position(raw_events::COLUMNS, "webhook_id");
const RECEIVED_AT: usize = position(raw_events::COLUMNS, "received_at");
const SCHEME: usize = position(raw_events::COLUMNS, "signature_scheme");
const BODY: usize = position(raw_events::COLUMNS, "body");

/// Some events and the rows they have.
pub(super) struct Chunk {
    /// As they stand in `raw_events`.
    stored: RecordBatch,
    flattened: Flattened,
}

/// Where an event's rows belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RowLocation {
    pub(super) date: i32,
    pub(super) event: u128,
}

impl Chunk {
    /// Flattens events that stand in `raw_events` so.
    pub(super) fn new(flattener: &mut Flattener, stored: RecordBatch) -> Result<Self, ReplayError> {
        let webhook_ids = stored.column(WEBHOOK_ID).as_string::<i32>();
        let schemes = stored.column(SCHEME).as_string::<i32>();
        let times = stored.column(RECEIVED_AT).as_primitive::<TimestampMillisecondType>();
        let bodies = stored.column(BODY).as_string::<i32>();
        for at in 0..stored.num_rows() {
            let scheme = Scheme::ALL.into_iter().find(|scheme| scheme.name() == schemes.value(at));
            let record = Record {
                kind: RecordKind::Event,
                scheme: scheme.unwrap_or(Scheme::Unsigned),
                webhook_id: webhook_ids.value(at).to_owned(),
                received_at_ms: times.value(at),
                body: Bytes::from(body_bytes(bodies.value(at)).into_owned()),
            };
            flattener.add(&record, BodyAt { offset: 0, length: 0 });
        }
        Ok(Self { flattened: flattener.finish()?, stored })
    }

    /// Returns where the rows of each event belong now.
    pub(super) fn locations(&self) -> impl Iterator<Item = RowLocation> {
        locations(&self.flattened.raw)
    }

    /// Returns where the dead letters among them belong.
    pub(super) fn dead_letters(&self) -> impl Iterator<Item = RowLocation> {
        let mut batches = self.flattened.batches.iter();
        let dead_letters = batches.find(|(table, _)| table.name == raw_events::DEAD_LETTERS.name);
        dead_letters.into_iter().flat_map(|(_, batch)| locations(batch))
    }

    /// Returns a batch for each table that has rows; the first column is `date`.
    pub(super) fn batches(&self) -> Result<Vec<(&'static Table, RecordBatch)>, ReplayError> {
        let mut columns = self.flattened.raw.columns().to_vec();
        columns.push(Arc::clone(self.stored.column(BODY)));
        // How it was let in stays what it was, also if this program has no name for it.
        columns[SCHEME + 1] = Arc::clone(self.stored.column(SCHEME));
        let mut fields = vec![Arc::new(Field::new(DATE, DataType::Date32, false))];
        fields.extend(raw_events::TABLE.schema().fields().iter().map(Arc::clone));
        let raw = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?;
        let mut batches = self.flattened.batches.clone();
        batches.push((&raw_events::TABLE, raw));
        Ok(batches)
    }
}

fn locations(batch: &RecordBatch) -> impl Iterator<Item = RowLocation> {
    let dates = batch.column(0).as_primitive::<Date32Type>();
    let events = batch.column(1).as_string::<i32>();
    (0..batch.num_rows())
        .map(|at| RowLocation { date: dates.value(at), event: key(events.value(at)) })
}

/// Reads and flattens those events of some files that are wanted, a chunk at a time.
pub(super) struct Chunks<'r> {
    replay: &'r Replay<'r>,
    files: VecDeque<(DataFile, Arc<Keys>)>,
    rows: Option<BoxStream<'static, Result<RecordBatch, LakeError>>>,
    flattener: Flattener,
}

impl<'r> Chunks<'r> {
    /// Wants the events of `touched`, by partition.
    pub(super) fn new(
        replay: &'r Replay<'r>,
        files: &[DataFile],
        touched: &BTreeMap<i32, Arc<Keys>>,
    ) -> Self {
        let wanted = |file: &DataFile| Some((file.clone(), Arc::clone(touched.get(&file.date)?)));
        let files = files.iter().filter_map(wanted).collect();
        let flattener = Flattener::new(Arc::clone(&replay.channels));
        Self { replay, files, rows: None, flattener }
    }

    /// Returns the next chunk; `None` behind the last one.
    pub(super) async fn next(&mut self) -> Result<Option<Chunk>, ReplayError> {
        let (mut batches, mut n_bytes, mut n_rows) = (vec![], 0, 0);
        while n_bytes < CHUNK_BYTES && n_rows < CHUNK_ROWS {
            let Some(batch) = self.next_batch().await? else { break };
            n_bytes += batch.column(BODY).as_string::<i32>().value_data().len();
            n_rows += batch.num_rows();
            batches.push(batch);
        }
        if batches.is_empty() {
            return Ok(None);
        }
        let stored = concat_batches(&raw_events::TABLE.schema(), &batches)?;
        (self.replay.progress)(n_rows as u64);
        Chunk::new(&mut self.flattener, stored).map(Some)
    }

    async fn next_batch(&mut self) -> Result<Option<RecordBatch>, ReplayError> {
        loop {
            if let Some(rows) = &mut self.rows {
                if let Some(batch) = rows.next().await {
                    return Ok(Some(batch?));
                }
                self.rows = None;
            }
            let Some((file, keys)) = self.files.pop_front() else { return Ok(None) };
            let table = &raw_events::TABLE;
            let filter = Some(Filter::inside("event_id", keys));
            let rows = scan(self.replay.lake, table, &file, table.schema(), filter).await?;
            self.rows = Some(rows.boxed());
        }
    }
}
