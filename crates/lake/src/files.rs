//! Data files: their names, and reading what one says of itself.

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use super::LakeError;
use super::properties::SEGMENT_KEY;
use super::protocol::Block;

/// A footer with the metadata of a file of ours fits in this many bytes.
const FOOTER_BYTES: u64 = 1 << 20;
/// Length of a Parquet file's last field and magic.
const TAIL_BYTES: usize = 8;

/// A file that a table's current version names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    /// Its name, relative to the table's folder.
    pub path: String,
    /// Its partition: days since the Unix epoch.
    pub date: i32,
    /// Its length in bytes.
    pub size: u64,
    /// Its rows, if the commit said.
    pub n_rows: Option<u64>,
}

/// What a table holds at one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The version.
    pub version: u64,
    /// Its files, by path.
    pub files: Vec<DataFile>,
    /// Why its rows can't be read, if so; no files are listed then.
    pub block: Option<Block>,
}

/// Returns a partition's folder, `date=YYYY-MM-DD`.
#[must_use]
pub fn partition(date: i32) -> String {
    format!("date={}", day(date))
}

/// Returns a day as `YYYY-MM-DD`.
#[must_use]
pub fn day(date: i32) -> String {
    let epoch = chrono::NaiveDate::default();
    let days = chrono::Duration::days(i64::from(date));
    epoch.checked_add_signed(days).unwrap_or(epoch).to_string()
}

/// Reads a day of the form `YYYY-MM-DD`.
#[must_use]
pub fn parse_day(text: &str) -> Option<i32> {
    let day: chrono::NaiveDate = text.parse().ok()?;
    let since = day.signed_duration_since(chrono::NaiveDate::default());
    i32::try_from(since.num_days()).ok()
}

/// Returns the name of a data file, relative to its table's folder.
#[must_use]
pub fn data_file(date: i32, ingester: &str, sequence: u64, n: usize) -> String {
    format!("{}/{}{n}.parquet", partition(date), mark(ingester, sequence))
}

/// Returns what the names of all files begin with that hold one segment of an ingester.
pub(super) fn mark(ingester: &str, sequence: u64) -> String {
    format!("part-{ingester}-{sequence:08}-")
}

/// The words with which the writer's name begins in files that take the place of others.
const REWRITE: &str = "rewrite";
/// The same where these have nothing but other files' rows, each once and sorted.
const COMPACT: &str = "compact";

/// Returns the name of a file that takes the place of others, relative to its table's folder.
///
/// `intent` tells apart what is to be done, `turn` is the table's count of rewrites with it.
#[must_use]
pub fn rewritten_file(date: i32, intent: u64, turn: u64, n: usize) -> String {
    data_file(date, &format!("{REWRITE}{intent:016x}"), turn, n)
}

/// Returns the name of a file that a compaction made, likewise.
#[must_use]
pub fn compacted_file(date: i32, intent: u64, turn: u64, n: usize) -> String {
    data_file(date, &format!("{COMPACT}{intent:016x}"), turn, n)
}

/// Whether a compaction made a file.
#[must_use]
pub fn is_compacted(path: &str) -> bool {
    writer_of(path).is_some_and(|writer| writer.starts_with(COMPACT))
}

/// Returns the turn that a file was made for; `None` if it takes no other's place.
pub(super) fn turn_of(path: &str) -> Option<u64> {
    let writer = writer_of(path)?;
    if !writer.starts_with(REWRITE) && !writer.starts_with(COMPACT) {
        return None;
    }
    writer.split('-').nth(1)?.parse().ok()
}

/// Returns what stands behind `part-` in a file's name: who made it, from what, and which it is.
fn writer_of(path: &str) -> Option<&str> {
    path.rsplit('/').next()?.strip_prefix("part-")?.strip_suffix(".parquet")
}

/// Returns which segment a file says it was made from; `None` if it is none of ours.
pub(super) async fn segment_of(
    store: &dyn ObjectStore,
    key: &Path,
) -> Result<Option<String>, LakeError> {
    let failed = |error| LakeError::store("get", key, error);
    let size = store.head(key).await.map_err(failed)?.size;
    let Some(metadata) = footer(store, key, size).await.map_err(failed)? else { return Ok(None) };
    let pairs = metadata.file_metadata().key_value_metadata();
    let pair = pairs.into_iter().flatten().find(|pair| pair.key == SEGMENT_KEY);
    Ok(pair.and_then(|pair| pair.value.clone()))
}

/// Reads the footer of a Parquet file of `size` bytes; `None` if there is none that makes sense.
pub(super) async fn footer(
    store: &dyn ObjectStore,
    key: &Path,
    size: u64,
) -> object_store::Result<Option<ParquetMetaData>> {
    let start = size.saturating_sub(FOOTER_BYTES);
    let tail = store.get_range(key, start..size).await?;
    Ok(decode_footer(&tail))
}

fn decode_footer(tail: &Bytes) -> Option<ParquetMetaData> {
    let end = tail.get(tail.len().checked_sub(TAIL_BYTES)?..)?;
    if &end[4..] != b"PAR1" {
        return None;
    }
    let length = u32::from_le_bytes(end[..4].try_into().ok()?) as usize;
    let start = tail.len().checked_sub(TAIL_BYTES + length)?;
    ParquetMetaDataReader::decode_metadata(&tail[start..tail.len() - TAIL_BYTES]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_tells_partition_ingester_and_segment() {
        assert_eq!(
            data_file(20_500, "0a1b2c3d", 17, 0),
            "date=2026-02-16/part-0a1b2c3d-00000017-0.parquet"
        );
        let rewritten = rewritten_file(20_500, 0xa1, 17, 2);
        assert_eq!(rewritten, "date=2026-02-16/part-rewrite00000000000000a1-00000017-2.parquet");
        assert_eq!(turn_of(&rewritten), Some(17));
        let compacted = compacted_file(20_500, 0xa1, 17, 2);
        assert_eq!(turn_of(&compacted), Some(17));
        assert!(is_compacted(&compacted) && !is_compacted(&rewritten));
        assert_eq!(turn_of("date=2026-02-16/part-0a1b2c3d-00000017-0.parquet"), None);
        assert_eq!(parse_day("2026-02-16"), Some(20_500));
        assert_eq!(day(20_500), "2026-02-16");
        assert_eq!(parse_day("2026-02-30"), None);
    }
}
