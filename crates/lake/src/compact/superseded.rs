//! Which rows of a partition don't count: those of events that a later one replaces, and copies.
//!
//! The columns that tell are read, and no others. Rows are looked at in several passes, each over
//! those whose group's hash has the pass's remainder, so that memory holds a bounded number.

use std::cmp::{Ordering, Reverse};
use std::sync::Arc;

use arrow::array::{Array as _, AsArray as _, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, SchemaRef};
use arrow::error::ArrowError;
use futures::TryStreamExt as _;
use xxhash_rust::xxh3::Xxh3;

use crate::scan::scan;
use crate::{DataFile, Lake, LakeError};
use tributary_ingest::schema::{Latest, Table};

/// Rows that are compared in a pass by all partitions that are worked on, about; each takes some
/// hundred bytes.
const PASS_ROWS_MAX: u64 = 1 << 19;

/// Positions of a file's rows that don't count, ascending.
pub(super) type Positions = Vec<u64>;

/// What is known of a row while its group is looked through.
#[derive(Debug)]
struct Row {
    group: u128,
    /// The event's time and id; nothing where all events count.
    latest: Reverse<Option<i64>>,
    event: Box<str>,
    /// What tells it from other rows of its event.
    row: u128,
    /// Null comes last, as in SQL.
    first: (bool, Option<i64>),
    position: (usize, u64),
}

/// Finds the rows of one partition's files that don't count.
pub(super) async fn find(
    lake: &Lake,
    table: &'static Table,
    files: &[DataFile],
    n_parallel: usize,
) -> Result<Vec<Positions>, LakeError> {
    let n_rows: u64 = files.iter().filter_map(|file| file.n_rows).sum();
    let n_passes = n_rows.div_ceil(PASS_ROWS_MAX / n_parallel.max(1) as u64).max(1);
    let schema = compared(table);
    let mut found = vec![vec![]; files.len()];
    for pass in 0..n_passes {
        let mut rows = vec![];
        for (file_idx, file) in files.iter().enumerate() {
            let batches = scan(lake, table, file, Arc::clone(&schema), None).await?;
            let mut batches = std::pin::pin!(batches);
            let mut at = 0;
            while let Some(batch) = batches.try_next().await? {
                let is_wanted = |group: u128| group % u128::from(n_passes) == u128::from(pass);
                read(table, &batch, (file_idx, at), is_wanted, &mut rows).map_err(|error| {
                    LakeError::Unreadable { key: file.path.clone(), reason: error.to_string() }
                })?;
                at += batch.num_rows() as u64;
            }
        }
        sort_out(table, rows, &mut found);
    }
    found.iter_mut().for_each(|positions| positions.sort_unstable());
    Ok(found)
}

/// Returns the columns that tell.
fn compared(table: &Table) -> SchemaRef {
    let unique = &table.unique;
    let latest = match unique.latest {
        Latest::All => vec![],
        Latest::By(time) | Latest::ByThenLast(time) => vec![time, "event_id"],
    };
    let lists = unique.group.iter().copied().flatten().copied();
    let names = lists.chain(latest).chain(unique.row.iter().copied()).chain(unique.first);
    let mut positions: Vec<usize> = names.filter_map(|name| table.position(name)).collect();
    positions.sort_unstable();
    positions.dedup();
    Arc::new(table.schema().project(&positions).expect("positions are those of columns"))
}

fn read(
    table: &Table,
    batch: &RecordBatch,
    (file_idx, start): (usize, u64),
    is_wanted: impl Fn(u128) -> bool,
    rows: &mut Vec<Row>,
) -> Result<(), ArrowError> {
    let unique = &table.unique;
    let texts =
        |names: &[&str]| names.iter().map(|name| text(batch, name)).collect::<Result<Vec<_>, _>>();
    let groups = unique.group.iter().map(|names| texts(names)).collect::<Result<Vec<_>, _>>()?;
    let kinds = texts(unique.row)?;
    let (latest, events) = match unique.latest {
        Latest::All => (None, None),
        Latest::By(time) | Latest::ByThenLast(time) => {
            (Some(number(batch, time)?), Some(text(batch, "event_id")?))
        }
    };
    let firsts = unique.first.map(|name| number(batch, name)).transpose()?;
    for at in 0..batch.num_rows() {
        let group = hash(groups.iter().map(|list| list.iter().find_map(|one| value(one, at))));
        if !is_wanted(group) {
            continue;
        }
        let first = firsts.as_ref().and_then(|all| all.is_valid(at).then(|| all.value(at)));
        let time = latest.as_ref().and_then(|all| all.is_valid(at).then(|| all.value(at)));
        let event = events.as_ref().and_then(|all| value(all, at)).unwrap_or_default();
        rows.push(Row {
            group,
            latest: Reverse(time),
            event: event.into(),
            row: hash(kinds.iter().map(|column| value(column, at))),
            first: (first.is_none(), first),
            position: (file_idx, start + at as u64),
        });
    }
    Ok(())
}

fn text(batch: &RecordBatch, name: &str) -> Result<StringArray, ArrowError> {
    let column = batch.column_by_name(name);
    let column = column.ok_or_else(|| ArrowError::SchemaError(format!("no column {name}")))?;
    Ok(cast(column, &DataType::Utf8)?.as_string::<i32>().clone())
}

fn number(
    batch: &RecordBatch,
    name: &str,
) -> Result<arrow::array::PrimitiveArray<Int64Type>, ArrowError> {
    let column = batch.column_by_name(name);
    let column = column.ok_or_else(|| ArrowError::SchemaError(format!("no column {name}")))?;
    Ok(cast(column, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
}

fn value(column: &StringArray, at: usize) -> Option<&str> {
    column.is_valid(at).then(|| column.value(at))
}

/// Returns a hash of texts that tells null from an empty one, and where one ends.
fn hash<'t>(texts: impl Iterator<Item = Option<&'t str>>) -> u128 {
    let mut hash = Xxh3::new();
    for text in texts {
        hash.update(&text.map_or(u64::MAX, |text| text.len() as u64).to_le_bytes());
        hash.update(text.unwrap_or_default().as_bytes());
    }
    hash.digest128()
}

/// Adds the positions of those rows that don't count.
fn sort_out(table: &Table, mut rows: Vec<Row>, found: &mut [Positions]) {
    let is_last = matches!(table.unique.latest, Latest::ByThenLast(_));
    let by_event = |left: &Row, right: &Row| match is_last {
        true => right.event.cmp(&left.event),
        false => left.event.cmp(&right.event),
    };
    rows.sort_unstable_by(|left, right| -> Ordering {
        (left.group, left.latest)
            .cmp(&(right.group, right.latest))
            .then_with(|| by_event(left, right))
            .then_with(|| {
                (left.row, left.first, left.position).cmp(&(right.row, right.first, right.position))
            })
    });
    for group in rows.chunk_by(|left, right| left.group == right.group) {
        let mut kept = &group[0];
        for row in &group[1..] {
            let is_latest = row.latest == kept.latest && row.event == kept.event;
            if is_latest && row.row != kept.row {
                kept = row;
            } else {
                found[row.position.0].push(row.position.1);
            }
        }
    }
}
