//! A file of the lake as the Parquet library reads it: ranges of bytes from the store.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::Result;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

/// Bytes of a file's end that are fetched at first: the footer fits mostly, and a small file is
/// whole with it.
const END_BYTES: usize = 256 << 10;

/// A file of known length.
#[derive(Debug)]
pub(super) struct Reader {
    store: Arc<dyn ObjectStore>,
    key: Path,
    size: u64,
    /// The end of the file, as far as it was fetched.
    end: Bytes,
}

impl Reader {
    pub(super) fn new(store: Arc<dyn ObjectStore>, key: Path, size: u64) -> Self {
        Self { store, key, size, end: Bytes::new() }
    }

    /// Returns bytes that were fetched already.
    fn fetched(&self, range: &Range<u64>) -> Option<Bytes> {
        let start = self.size - self.end.len() as u64;
        let at = |offset: u64| usize::try_from(offset.checked_sub(start)?).ok();
        let (from, to) = (at(range.start)?, at(range.end)?);
        (from <= to && to <= self.end.len()).then(|| self.end.slice(from..to))
    }
}

impl AsyncFileReader for Reader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes>> {
        let known = self.fetched(&range);
        async move {
            if let Some(known) = known {
                return Ok(known);
            }
            let bytes = self.store.get_range(&self.key, range.clone()).await?;
            let is_end = range.end == self.size && range.start + bytes.len() as u64 == range.end;
            if is_end && bytes.len() <= END_BYTES {
                self.end = bytes.clone();
            }
            Ok(bytes)
        }
        .boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>>> {
        let known: Option<Vec<Bytes>> = ranges.iter().map(|range| self.fetched(range)).collect();
        async move {
            match known {
                Some(known) => Ok(known),
                None => Ok(self.store.get_ranges(&self.key, &ranges).await?),
            }
        }
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>>> {
        let size = self.size;
        let reader = ParquetMetaDataReader::new().with_prefetch_hint(Some(END_BYTES));
        async move { Ok(Arc::new(reader.load_and_finish(self, size).await?)) }.boxed()
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, RecordBatch};
    use futures::TryStreamExt as _;
    use object_store::memory::InMemory;
    use parquet::arrow::ArrowWriter;
    use parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
    use parquet::file::properties::WriterProperties;

    use super::*;

    /// Writes numbers that take about eight bytes each.
    fn file(n_rows: i64) -> (RecordBatch, Bytes) {
        let numbers = Int64Array::from_iter_values((0..n_rows).map(|n| n.wrapping_mul(n << 40)));
        let rows = RecordBatch::try_from_iter([("n", Arc::new(numbers) as _)]).unwrap();
        let plain = WriterProperties::builder().set_dictionary_enabled(false).build();
        let mut writer = ArrowWriter::try_new(vec![], rows.schema(), Some(plain)).unwrap();
        writer.write(&rows).unwrap();
        (rows, writer.into_inner().unwrap().into())
    }

    #[tokio::test]
    async fn a_small_file_is_fetched_once_and_a_large_one_in_parts() {
        for (n_rows, is_small) in [(1_000, true), (100_000, false)] {
            let store = Arc::new(InMemory::new());
            let key = Path::from("a.parquet");
            let (rows, bytes) = file(n_rows);
            let size = bytes.len() as u64;
            assert_eq!(size <= END_BYTES as u64, is_small, "{size} bytes");
            store.put(&key, bytes.into()).await.unwrap();
            let reader = || Reader::new(Arc::clone(&store) as _, key.clone(), size);
            let builder = || ParquetRecordBatchStreamBuilder::new(reader());
            let read = builder().await.unwrap().with_batch_size(200_000).build().unwrap();
            assert_eq!(read.try_collect::<Vec<_>>().await.unwrap(), [rows]);

            let opened = builder().await.unwrap();
            store.delete(&key).await.unwrap();
            let read = opened.build().unwrap().try_collect::<Vec<_>>().await;
            assert_eq!(read.is_ok(), is_small);
        }
    }
}
