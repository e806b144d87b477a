//! What stands in `dead_letters`.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{AsArray as _, RecordBatch, StringArray, new_null_array};
use arrow::datatypes::{DataType, SchemaRef};
use futures::TryStreamExt as _;

use super::chunks::{Chunk, RowLocation};
use super::{Replay, ReplayError};
use tributary_ingest::flatten::{Flattener, raw_events};
use tributary_ingest::schema::Table;
use tributary_lake::scan::{Filter, Keys, key, scan};
use tributary_lake::{DataFile, Lake, LakeError};

/// The reason of letters whose body stands nowhere else.
pub const ID_CONFLICT: &str = "id_conflict";

/// Letters by partition and webhook; the value is the event's hash.
pub(super) type DeadLetters = BTreeMap<i32, HashMap<u128, u128>>;

/// Counts the dead letters of a lake by reason.
///
/// # Errors
/// Any [`LakeError`].
pub async fn count_by_reason(lake: &Lake) -> Result<BTreeMap<String, u64>, LakeError> {
    let mut counts = BTreeMap::new();
    let Some(table) = lake.table(&raw_events::DEAD_LETTERS).await? else { return Ok(counts) };
    let schema = columns(&raw_events::DEAD_LETTERS, &["reason"]);
    for file in table.files().await? {
        let schema = Arc::clone(&schema);
        let rows = scan(lake, &raw_events::DEAD_LETTERS, &file, schema, None).await?;
        let mut rows = std::pin::pin!(rows);
        while let Some(batch) = rows.try_next().await? {
            for reason in batch.column(0).as_string::<i32>() {
                *counts.entry(reason.unwrap_or("unknown").to_owned()).or_default() += 1;
            }
        }
    }
    Ok(counts)
}

/// Returns the schema of some columns of a table.
pub(super) fn columns(table: &Table, names: &[&str]) -> SchemaRef {
    let positions: Vec<usize> = names.iter().filter_map(|name| table.position(name)).collect();
    let schema = table.schema().project(&positions);
    Arc::new(schema.expect("positions are those of columns"))
}

/// Finds the letters of some days that can be flattened again.
pub(super) async fn find(
    replay: &Replay<'_>,
    dates: &BTreeSet<i32>,
    reason: Option<&str>,
) -> Result<DeadLetters, ReplayError> {
    let mut dead_letters = DeadLetters::new();
    let Some(table) = replay.table(&raw_events::DEAD_LETTERS) else { return Ok(dead_letters) };
    let schema = columns(table.definition(), &["event_id", "webhook_id", "reason"]);
    for file in table.base(dates).await?.files {
        let schema = Arc::clone(&schema);
        let rows = scan(replay.lake, table.definition(), &file, schema, None).await?;
        let mut rows = std::pin::pin!(rows);
        while let Some(batch) = rows.try_next().await? {
            let [events, webhooks, reasons] =
                [0, 1, 2].map(|at| batch.column(at).as_string::<i32>());
            for at in 0..batch.num_rows() {
                let own = reasons.value(at);
                if own != ID_CONFLICT && reason.is_none_or(|reason| reason == own) {
                    let of_day = dead_letters.entry(file.date).or_default();
                    of_day.insert(key(webhooks.value(at)), key(events.value(at)));
                }
            }
        }
    }
    Ok(dead_letters)
}

/// Where the events of letters are that `raw_events` does not have on the same day.
///
/// A run that was killed may have moved an event without taking its letter away. The letter has
/// the body, and so tells where the event went. Returns what is touched, and how many events are
/// nowhere.
pub(super) async fn follow(
    replay: &Replay<'_>,
    unmatched: &DeadLetters,
) -> Result<(Vec<RowLocation>, u64), ReplayError> {
    let mut locations: BTreeMap<i32, Vec<(u128, RowLocation)>> = BTreeMap::new();
    let mut n_lost = 0;
    for (date, dead_letters) in
        unmatched.iter().filter(|(_, dead_letters)| !dead_letters.is_empty())
    {
        let webhooks = Arc::new(dead_letters.keys().copied().collect());
        for (webhook, day) in days_now(replay, *date, &webhooks).await? {
            if let Some(event) = dead_letters.get(&webhook) {
                let location = RowLocation { date: *date, event: *event };
                locations.entry(day).or_default().push((webhook, location));
            }
        }
    }
    let mut touched = vec![];
    let Some(raw) = replay.table(&raw_events::TABLE) else { return Ok((touched, n_lost)) };
    for (date, unmatched) in locations {
        let webhooks: Arc<Keys> = Arc::new(unmatched.iter().map(|(webhook, _)| *webhook).collect());
        let mut found = HashSet::new();
        for file in replay.files(raw, date).await? {
            for (event, webhook) in ids(replay, &file, Some(Arc::clone(&webhooks))).await? {
                found.insert(webhook);
                touched.push(RowLocation { date, event });
            }
        }
        let (here, lost): (Vec<_>, Vec<_>) =
            unmatched.into_iter().partition(|(webhook, _)| found.contains(webhook));
        touched.extend(here.into_iter().map(|(_, location)| location));
        n_lost += lost.len() as u64;
    }
    Ok((touched, n_lost))
}

/// Flattens the bodies of some letters; returns each one's webhook and the day it belongs to.
async fn days_now(
    replay: &Replay<'_>,
    date: i32,
    webhooks: &Arc<Keys>,
) -> Result<Vec<(u128, i32)>, ReplayError> {
    let mut days = vec![];
    let Some(table) = replay.table(&raw_events::DEAD_LETTERS) else { return Ok(days) };
    let mut flattener = Flattener::new(Arc::clone(&replay.channels));
    for file in replay.files(table, date).await? {
        let filter = Filter {
            unless: Some(("reason", ID_CONFLICT)),
            ..Filter::inside("webhook_id", Arc::clone(webhooks))
        };
        let definition = table.definition();
        let rows = scan(replay.lake, definition, &file, definition.schema(), Some(filter)).await?;
        let mut rows = std::pin::pin!(rows);
        while let Some(batch) = rows.try_next().await? {
            let chunk = Chunk::new(&mut flattener, as_raw(&batch)?)?;
            let ids = batch.column_by_name("webhook_id").map(|column| column.as_string::<i32>());
            let ids = ids.into_iter().flatten().flatten().map(key);
            days.extend(ids.zip(chunk.locations().map(|location| location.date)));
        }
    }
    Ok(days)
}

/// Gives letters the columns of `raw_events`.
fn as_raw(dead_letters: &RecordBatch) -> Result<RecordBatch, ReplayError> {
    let schema = raw_events::TABLE.schema();
    let columns =
        schema.fields().iter().map(|field| match dead_letters.column_by_name(field.name()) {
            Some(column) => Arc::clone(column),
            None if field.data_type() == &DataType::Utf8 => {
                Arc::new(StringArray::from(vec![""; dead_letters.num_rows()]))
            }
            None => new_null_array(field.data_type(), dead_letters.num_rows()),
        });
    Ok(RecordBatch::try_new(Arc::clone(&schema), columns.collect())?)
}

/// Returns the hashes of event and webhook of a file's events.
pub(super) async fn ids(
    replay: &Replay<'_>,
    file: &DataFile,
    webhooks: Option<Arc<Keys>>,
) -> Result<Vec<(u128, u128)>, ReplayError> {
    let table = &raw_events::TABLE;
    let filter = webhooks.map(|keys| Filter::inside("webhook_id", keys));
    let schema = columns(table, &["event_id", "webhook_id"]);
    let rows = scan(replay.lake, table, file, schema, filter).await?;
    let mut rows = std::pin::pin!(rows);
    let mut found = vec![];
    while let Some(batch) = rows.try_next().await? {
        let [events, webhooks] = [0, 1].map(|at| batch.column(at).as_string::<i32>());
        let pairs = events.iter().zip(webhooks.iter());
        found.extend(pairs.filter_map(|(event, webhook)| Some((key(event?), key(webhook?)))));
    }
    Ok(found)
}
