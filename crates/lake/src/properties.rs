//! How a table's Parquet files are written.

use arrow::array::RecordBatch;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use super::encodings;
use tributary_ingest::schema::Table;

/// The key of a file's metadata that names the segment it was made from.
pub const SEGMENT_KEY: &str = "tributary.segment";
/// Columns that are looked up by value.
const BLOOM_COLUMNS: [&str; 3] = ["event_id", "session_id", "visitor_id"];
/// Columns whose values hardly repeat: a dictionary of them would be a second copy.
const UNIQUE_COLUMNS: [&str; 5] = ["event_id", "session_id", "visitor_id", "webhook_id", "body"];
/// How far zstd compresses: more makes files hardly smaller and takes twice the time.
pub const ZSTD_LEVEL: i32 = 3;
/// How far it compresses the columns of a flush, which are as large as with more.
pub const ZSTD_LEVEL_COLUMNS: i32 = 1;
/// False positives a bloom filter may give.
const BLOOM_FPP: f64 = 0.01;
/// Bytes of a row group: what a reader must hold to decode one.
const ROW_GROUP_BYTES: usize = 32 << 20;
/// Rows of a row group.
const ROW_GROUP_ROWS: usize = 131_072;

/// Returns the properties of a file of `n_rows` rows made from `segment`, of which `rows` are the
/// first.
///
/// zstd of this level, dictionaries but where values hardly repeat, statistics a page, and a bloom
/// filter on the ids.
#[must_use]
pub fn writer_properties(
    table: &Table,
    rows: &RecordBatch,
    n_rows: usize,
    segment: &str,
    level: i32,
) -> WriterProperties {
    let metadata = vec![
        KeyValue::new(SEGMENT_KEY.to_owned(), segment.to_owned()),
        KeyValue::new("tributary.version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
    ];
    let mut builder = WriterProperties::builder()
        .set_created_by(concat!("tributary ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(zstd(level))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
        .set_key_value_metadata(Some(metadata))
        .set_sorting_columns(Some(sorting_columns(table)));
    let seen = encodings::without_dictionary(rows, n_rows.min(ROW_GROUP_ROWS), &UNIQUE_COLUMNS);
    for (column, encoding) in seen {
        builder = builder
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_encoding(column, encoding);
    }
    for name in UNIQUE_COLUMNS {
        builder = builder.set_column_dictionary_enabled(ColumnPath::from(name), false);
    }
    for name in BLOOM_COLUMNS {
        if table.position(name).is_some() {
            let column = || ColumnPath::from(name);
            builder = builder
                .set_column_bloom_filter_enabled(column(), true)
                .set_column_bloom_filter_fpp(column(), BLOOM_FPP)
                .set_column_bloom_filter_max_ndv(column(), n_rows.min(ROW_GROUP_ROWS) as u64);
        }
    }
    builder.build()
}

/// Returns how a file with these properties is made from Arrow's rows.
///
/// Arrow's own schema is left out, a sixth of a small file: Parquet's says as much of our types.
#[must_use]
pub fn options(properties: WriterProperties) -> ArrowWriterOptions {
    ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true)
}

/// Returns how pages are compressed at a level.
pub(super) fn zstd(level: i32) -> Compression {
    Compression::ZSTD(ZstdLevel::try_new(level).expect("the level is one of zstd's"))
}

/// The order of rows in a file: tenant, then time.
///
/// Parquet counts leaves; all columns before the time are leaves themselves.
fn sorting_columns(table: &Table) -> Vec<SortingColumn> {
    ["tenant", table.time]
        .into_iter()
        .filter_map(|name| i32::try_from(table.position(name)?).ok())
        .map(|column_idx| SortingColumn { column_idx, descending: false, nulls_first: true })
        .collect()
}
