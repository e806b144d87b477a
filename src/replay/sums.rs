//! Telling whether two sets of rows are the same without holding either.

use std::collections::HashMap;

use arrow::array::{ArrayRef, AsArray as _, RecordBatch};
use arrow::datatypes::Date32Type;
use arrow::error::ArrowError;
use arrow::row::{RowConverter, Rows, SortField};
use xxhash_rust::xxh3::xxh3_128;

use tributary_ingest::flatten::raw_events;
use tributary_ingest::schema::Table;

/// How many rows there are, and the sum of their hashes; the order does not matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sum {
    n_rows: u64,
    hashes: u128,
}

/// Sums by table and partition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sums(HashMap<(&'static str, i32), Sum>);

impl Sums {
    /// Adds rows whose first column is `date`.
    pub(super) fn add_dated(
        &mut self,
        table: &'static Table,
        batch: &RecordBatch,
    ) -> Result<(), ArrowError> {
        let dates = batch.column(0).as_primitive::<Date32Type>();
        let rows = rows(table, &batch.columns()[1..])?;
        for (at, row) in rows.iter().enumerate() {
            self.add_row(table, dates.value(at), row.as_ref());
        }
        Ok(())
    }

    /// Adds rows of one partition.
    pub(super) fn add(
        &mut self,
        table: &'static Table,
        date: i32,
        batch: &RecordBatch,
    ) -> Result<(), ArrowError> {
        for row in &rows(table, batch.columns())? {
            self.add_row(table, date, row.as_ref());
        }
        Ok(())
    }

    /// Returns the sum of a partition.
    pub(super) fn of(&self, table: &Table, date: i32) -> Sum {
        self.0.get(&(table.name, date)).copied().unwrap_or_default()
    }

    fn add_row(&mut self, table: &'static Table, date: i32, row: &[u8]) {
        let sum = self.0.entry((table.name, date)).or_default();
        sum.n_rows += 1;
        sum.hashes = sum.hashes.wrapping_add(xxh3_128(row));
    }
}

impl Sum {
    /// Returns its bytes.
    pub(super) fn bytes(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&self.n_rows.to_le_bytes());
        bytes[8..].copy_from_slice(&self.hashes.to_le_bytes());
        bytes
    }
}

/// Returns how many of a table's columns are compared: bodies never change.
pub(super) fn n_compared(table: &Table) -> usize {
    let n_columns = table.columns.len();
    if table.name == raw_events::TABLE.name { n_columns - 1 } else { n_columns }
}

fn rows(table: &Table, columns: &[ArrayRef]) -> Result<Rows, ArrowError> {
    let columns = &columns[..n_compared(table)];
    let fields = columns.iter().map(|column| SortField::new(column.data_type().clone()));
    RowConverter::new(fields.collect())?.convert_columns(columns)
}
