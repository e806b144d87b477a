//! Rows into Parquet files: one file a table and partition, rows sorted by tenant and time.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray as _, RecordBatch, StringBuilder, UInt32Array, new_null_array,
};
use arrow::compute::{SortColumn, concat, interleave, lexsort_to_indices};
use arrow::datatypes::{Date32Type, Schema};
use arrow::error::ArrowError;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use rayon::prelude::*;

use super::FlushError;
use super::bodies::Bodies;
use tributary_ingest::flatten::{BodyAt, body_text, raw_events};
use tributary_ingest::schema::{DATE, Table};
use tributary_lake::pages;
use tributary_lake::properties::{ZSTD_LEVEL, ZSTD_LEVEL_COLUMNS, options, writer_properties};
use tributary_lake::statistics::stats;

/// Bodies are fetched and encoded about this many bytes at a time: what a core's cache holds.
const BODY_BYTES: usize = 512 << 10;

/// A file ready to be put.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// Its partition: days since the Unix epoch.
    pub date: i32,
    /// Which chunk of the segment it was made of, from 0.
    pub n: usize,
    /// Its bytes.
    pub bytes: Bytes,
    /// Its rows.
    pub n_rows: usize,
    /// Statistics as the Delta protocol wants them, JSON.
    pub stats: String,
}

/// The rows of one partition, in the order in which they are written.
struct Part {
    date: i32,
    rows: UInt32Array,
}

/// Encodes chunk `n` of a table's rows, whose first column is `date`, a file a partition.
///
/// # Errors
/// A defect of the encoders, or what `emit` returns.
pub fn encode_table(
    table: &Table,
    batch: &RecordBatch,
    place: (&str, usize),
    mut emit: impl FnMut(Encoded) -> Result<(), FlushError>,
) -> Result<(), FlushError> {
    let batches = std::slice::from_ref(batch);
    for part in split(table, batches)? {
        emit(encode_part(table, batches, &part, place)?)?;
    }
    Ok(())
}

/// Encodes the same on all threads of the pool that this runs in.
pub(super) fn encode_parts(
    table: &Table,
    batches: &[RecordBatch],
    place: (&str, usize),
    emit: impl Fn(Encoded) -> Result<(), FlushError> + Sync,
) -> Result<(), FlushError> {
    each_part(table, batches, |part| emit(encode_part(table, batches, part, place)?))
}

/// Encodes chunk `n` of `raw_events`, whose bodies are fetched from the segment, likewise.
pub(super) fn encode_raw(
    batches: &[RecordBatch],
    bodies: (&[BodyAt], &Bodies),
    place: (&str, usize),
    emit: impl Fn(Encoded) -> Result<(), FlushError> + Sync,
) -> Result<(), FlushError> {
    let table = &raw_events::TABLE;
    each_part(table, batches, |part| emit(encode_raw_part(batches, part, bodies, place)?))
}

/// Does a piece of work for each partition, on all threads.
fn each_part(
    table: &Table,
    batches: &[RecordBatch],
    work: impl Fn(&Part) -> Result<(), FlushError> + Sync,
) -> Result<(), FlushError> {
    let parts = split(table, batches)?;
    parts.par_iter().with_max_len(1).try_for_each(&work)
}

fn encode_part(
    table: &Table,
    batches: &[RecordBatch],
    part: &Part,
    (segment, n): (&str, usize),
) -> Result<Encoded, FlushError> {
    let rows = RecordBatch::try_new(table.schema(), gather(batches, part)?)?;
    let n_rows = rows.num_rows();
    let properties = writer_properties(table, &rows, n_rows, segment, ZSTD_LEVEL_COLUMNS);
    let (bytes, groups) = pages::write(&rows, properties)?;
    let (bytes, stats) = (Bytes::from(bytes), stats(table, &groups));
    Ok(Encoded { date: part.date, n, bytes, n_rows, stats })
}

fn encode_raw_part(
    batches: &[RecordBatch],
    part: &Part,
    bodies: (&[BodyAt], &Bodies),
    (segment, n): (&str, usize),
) -> Result<Encoded, FlushError> {
    let table = &raw_events::TABLE;
    let n_rows = part.rows.len();
    let columns = gather(batches, part)?;
    let schema = Schema::new(&table.schema().fields()[..columns.len()]);
    let rows = RecordBatch::try_new(Arc::new(schema), columns)?;
    let properties = writer_properties(table, &rows, n_rows, segment, ZSTD_LEVEL);
    let mut writer =
        ArrowWriter::try_new_with_options(vec![], table.schema(), options(properties))?;
    let mut at = 0;
    while at < n_rows {
        let (texts, n_texts) = fetch(&part.rows, at, bodies)?;
        let mut columns = rows.slice(at, n_texts).columns().to_vec();
        columns.push(texts);
        writer.write(&RecordBatch::try_new(table.schema(), columns)?)?;
        at += n_texts;
    }
    writer.flush()?;
    let stats = stats(table, writer.flushed_row_groups());
    let bytes = Bytes::from(writer.into_inner()?);
    Ok(Encoded { date: part.date, n, bytes, n_rows, stats })
}

/// Fetches bodies from the row at `at` on; returns them and how many there are, at least one.
fn fetch(
    rows: &UInt32Array,
    at: usize,
    (bodies, source): (&[BodyAt], &Bodies),
) -> Result<(ArrayRef, usize), FlushError> {
    let places = rows.values()[at..].iter().map(|row| bodies[*row as usize]);
    let (mut n, mut n_bytes) = (0, 0);
    for place in places.clone() {
        if n > 0 && n_bytes >= BODY_BYTES {
            break;
        }
        n_bytes += place.length;
        n += 1;
    }
    let mut texts = StringBuilder::with_capacity(n, n_bytes);
    let mut buffer = vec![];
    for place in places.take(n) {
        source.read(place, &mut buffer)?;
        match simdutf8::basic::from_utf8(&buffer) {
            Ok(text) => texts.append_value(text),
            Err(_) => texts.append_value(body_text(&buffer)),
        }
    }
    Ok((Arc::new(texts.finish()), n))
}

/// Sorts rows by partition, tenant and time, and cuts them at the partitions.
fn split(table: &Table, batches: &[RecordBatch]) -> Result<Vec<Part>, ArrowError> {
    let Some(first) = batches.first() else { return Ok(vec![]) };
    let names = [DATE, "tenant", table.time].into_iter();
    let columns = names.filter_map(|name| first.schema_ref().index_of(name).ok());
    let columns = columns.map(|at| {
        let values: Vec<&dyn Array> = batches.iter().map(|batch| &**batch.column(at)).collect();
        Ok(SortColumn { values: concat(&values)?, options: None })
    });
    let columns = columns.collect::<Result<Vec<_>, ArrowError>>()?;
    let order = lexsort_to_indices(&columns, None)?;
    let dates = columns[0].values.as_primitive::<Date32Type>();
    let date_at = |at: usize| dates.value(order.value(at) as usize);
    let mut parts = vec![];
    let mut start = 0;
    for end in 1..=order.len() {
        if end == order.len() || date_at(end) != date_at(start) {
            parts.push(Part { date: date_at(start), rows: order.slice(start, end - start) });
            start = end;
        }
    }
    Ok(parts)
}

/// Gathers the rows of a partition; returns their columns without the first, which is the date.
fn gather(batches: &[RecordBatch], part: &Part) -> Result<Vec<ArrayRef>, ArrowError> {
    let mut starts = vec![0];
    for batch in batches {
        starts.push(starts[starts.len() - 1] + batch.num_rows());
    }
    let places: Vec<(usize, usize)> = part
        .rows
        .values()
        .iter()
        .map(|row| {
            let row = *row as usize;
            let batch = starts.partition_point(|start| *start <= row) - 1;
            (batch, row - starts[batch])
        })
        .collect();
    let n_columns = batches.first().map_or(0, RecordBatch::num_columns);
    let columns = (1..n_columns).map(|at| {
        let values: Vec<&dyn Array> = batches.iter().map(|batch| &**batch.column(at)).collect();
        // Half of the columns of people and companies hold nothing in most files.
        if values.iter().all(|values| values.null_count() == values.len()) {
            return Ok(new_null_array(values[0].data_type(), places.len()));
        }
        interleave(&values, &places)
    });
    columns.collect()
}
