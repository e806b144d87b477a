//! Writing Parquet files in memory, their pages compressed with one zstd context a thread.
//!
//! The library makes two contexts for each column of each file; see decision 0024.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::RecordBatch;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowLeafColumn, compute_leaves};
use parquet::basic::{Compression, PageType};
use parquet::column::page::{CompressedPage, Page, PageWriter as _};
use parquet::column::page_store::{PageKey, PageStore, PageStoreArgs, PageStoreFactory};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::properties::WriterProperties;
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::file::writer::{SerializedPageWriter, SerializedRowGroupWriter, TrackedWrite};
use parquet::schema::types::ColumnPath;
use zstd::bulk::Compressor;

use super::properties::options;

thread_local! {
    static COMPRESSOR: RefCell<Compressor<'static>> = RefCell::default();
}

/// Writes rows as a file with these properties, compressed as they say, with zstd; returns also
/// what its footer says of the row groups.
///
/// # Errors
/// A defect of the encoders.
pub fn write(
    rows: &RecordBatch,
    properties: WriterProperties,
) -> Result<(Vec<u8>, Vec<RowGroupMetaData>), ParquetError> {
    let n_rows_max = properties.max_row_group_row_count().unwrap_or(usize::MAX);
    let compression = properties.compression(&ColumnPath::new(vec![]));
    let Compression::ZSTD(level) = compression else {
        return Err(ParquetError::NYI("compressing pages other than with zstd".to_owned()));
    };
    COMPRESSOR.with_borrow_mut(|kept| kept.set_compression_level(level.compression_level()))?;
    let plain = properties.into_builder().set_compression(Compression::UNCOMPRESSED).build();
    let writer = ArrowWriter::try_new_with_options(vec![], rows.schema(), options(plain))?;
    let (mut file, factory) = writer.into_serialized_writer()?;
    let pages = Pages::default();
    let factory = factory.with_page_store_factory(Arc::new(pages.clone()));
    let starts = (0..rows.num_rows()).step_by(n_rows_max);
    for (group_idx, start) in starts.enumerate() {
        let rows = rows.slice(start, n_rows_max.min(rows.num_rows() - start));
        let mut writers = factory.create_column_writers(group_idx)?.into_iter();
        let mut group = file.next_row_group()?;
        for (field, column) in rows.schema_ref().fields().iter().zip(rows.columns()) {
            for (leaf, writer) in compute_leaves(field, column)?.iter().zip(writers.by_ref()) {
                write_column(&mut group, &pages, leaf, writer, compression)?;
            }
        }
        group.close()?;
    }
    let groups = file.flushed_row_groups().to_vec();
    Ok((file.into_inner()?, groups))
}

/// Encodes a column, compresses its pages and appends them.
fn write_column(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    pages: &Pages,
    leaf: &ArrowLeafColumn,
    mut writer: ArrowColumnWriter,
    compression: Compression,
) -> Result<(), ParquetError> {
    writer.write(leaf)?;
    let chunk = writer.close()?;
    let mut close = chunk.close().clone();
    let pages = read_pages(pages.take(), &close)?;
    let bytes = write_pages(pages, &mut close, compression)?;
    group.append_column(&bytes, close)
}

/// Reads a column's pages; the dictionary, which the encoder ends last, comes first.
fn read_pages(bytes: Bytes, close: &ColumnCloseResult) -> Result<Vec<Page>, ParquetError> {
    let n_rows = usize::try_from(close.rows_written).unwrap_or(usize::MAX);
    let metadata = close.metadata.clone().into_builder();
    let metadata = metadata
        .set_dictionary_page_offset(None)
        .set_data_page_offset(0)
        .set_total_compressed_size(bytes.len() as i64)
        .build()?;
    let reader = SerializedPageReader::new(Arc::new(bytes), &metadata, n_rows, None)?;
    let mut pages = reader.collect::<Result<Vec<_>, _>>()?;
    pages.sort_by_key(Page::is_data_page);
    Ok(pages)
}

/// Writes a column's pages compressed, and says where they are now.
fn write_pages(
    pages: Vec<Page>,
    close: &mut ColumnCloseResult,
    compression: Compression,
) -> Result<Bytes, ParquetError> {
    let mut sink = TrackedWrite::new(vec![]);
    let mut writer = SerializedPageWriter::new(&mut sink);
    let (mut n_plain, mut dictionary_at, mut specs) = (0, None, vec![]);
    for page in pages {
        let spec = writer.write_page(compressed(page)?)?;
        n_plain += spec.uncompressed_size as i64;
        match spec.page_type {
            PageType::DICTIONARY_PAGE => dictionary_at = Some(spec.offset as i64),
            _ => specs.push(spec),
        }
    }
    let bytes = Bytes::from(sink.into_inner()?);
    close.bytes_written = bytes.len() as u64;
    let metadata = close.metadata.clone().into_builder();
    close.metadata = metadata
        .set_compression(compression)
        .set_total_compressed_size(bytes.len() as i64)
        .set_total_uncompressed_size(n_plain)
        .set_dictionary_page_offset(dictionary_at)
        .set_data_page_offset(specs.first().map_or(0, |spec| spec.offset as i64))
        .build()?;
    let locations = close.offset_index.iter_mut().flat_map(|index| &mut index.page_locations);
    for (location, spec) in locations.zip(&specs) {
        location.offset = spec.offset as i64;
        location.compressed_page_size = i32::try_from(spec.compressed_size).unwrap_or(i32::MAX);
    }
    Ok(bytes)
}

fn compressed(mut page: Page) -> Result<CompressedPage, ParquetError> {
    let (Page::DataPage { buf, .. } | Page::DictionaryPage { buf, .. }) = &mut page else {
        // Of these only a part is compressed; our properties don't ask for them.
        return Err(ParquetError::NYI("compressing pages of version 2".to_owned()));
    };
    let n_plain = buf.len();
    *buf = COMPRESSOR.with_borrow_mut(|kept| kept.compress(buf))?.into();
    Ok(CompressedPage::new(page, n_plain))
}

/// The encoded pages of the column that is being written.
#[derive(Debug, Clone, Default)]
struct Pages(Arc<Mutex<Vec<u8>>>);

impl Pages {
    fn take(&self) -> Bytes {
        Bytes::from(std::mem::take(&mut *self.lock()))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PageStoreFactory for Pages {
    fn create(&self, _: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>, ParquetError> {
        Ok(Box::new(self.clone()))
    }
}

impl PageStore for Pages {
    fn put(&mut self, value: Bytes) -> Result<PageKey, ParquetError> {
        self.lock().extend_from_slice(&value);
        Ok(PageKey::new(0))
    }

    fn take(&mut self, _: PageKey) -> Result<Bytes, ParquetError> {
        Err(ParquetError::General("pages are taken all at once".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Float64Array, Int64Array, ListBuilder, StringArray};
    use arrow::array::{BooleanArray, StringBuilder, StructArray};
    use arrow::datatypes::{DataType, Field};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use parquet::basic::CompressionCodec;

    use super::*;
    use crate::properties::{ZSTD_LEVEL_COLUMNS, writer_properties, zstd};
    use tributary_ingest::flatten::TABLES;

    /// Rows of each kind of column that our tables have; most values are missing.
    fn rows(n: usize) -> RecordBatch {
        let text = |modulus: usize| -> ArrayRef {
            let texts = (0..n).map(|i| (i % 3 != 0).then(|| format!("text {}", i % modulus)));
            Arc::new(texts.collect::<StringArray>())
        };
        let counts: Int64Array = (0..n).map(|i| (i % 5 == 0).then_some(i as i64)).collect();
        let mut lists = ListBuilder::new(StringBuilder::new());
        for i in 0..n {
            (0..i % 4).for_each(|at| lists.values().append_value(format!("skill {at}")));
            lists.append(i % 4 != 1);
        }
        let inner = Arc::new(Field::new("name", DataType::Utf8, true));
        let nested = StructArray::from(vec![(inner, text(7))]);
        RecordBatch::try_from_iter_with_nullable([
            ("event_id", text(n), true),
            ("channel", text(11), true),
            ("none", Arc::new(StringArray::new_null(n)) as ArrayRef, true),
            ("count", Arc::new(counts), true),
            ("latitude", Arc::new((0..n).map(|i| Some(i as f64)).collect::<Float64Array>()), true),
            ("is_bot", Arc::new((0..n).map(|i| Some(i % 9 == 0)).collect::<BooleanArray>()), true),
            ("skills", Arc::new(lists.finish()), true),
            ("nested", Arc::new(nested), true),
        ])
        .unwrap()
    }

    /// Small pages and dictionaries, so that there are several and some dictionaries are given up.
    fn properties(level: i32) -> WriterProperties {
        WriterProperties::builder()
            .set_compression(zstd(level))
            .set_max_row_group_row_count(Some(3_000))
            .set_data_page_row_count_limit(700)
            .set_write_batch_size(100)
            .set_dictionary_page_size_limit(2_000)
            .set_column_bloom_filter_enabled(ColumnPath::from("event_id"), true)
            .build()
    }

    #[test]
    fn a_file_is_byte_for_byte_that_of_the_librarys_writer() {
        for (n_rows, level) in [(0, 1), (1, 3), (2_999, 1), (3_000, 3), (7_001, 1), (7_001, 19)] {
            let (rows, properties) = (rows(n_rows), properties(level));
            let mut writer = ArrowWriter::try_new_with_options(
                vec![],
                rows.schema(),
                options(properties.clone()),
            )
            .unwrap();
            writer.write(&rows).unwrap();
            let theirs = writer.into_inner().unwrap();
            let (ours, _) = write(&rows, properties).unwrap();
            assert!(ours == theirs, "{n_rows} rows: {} and {} bytes", ours.len(), theirs.len());
        }
    }

    #[test]
    fn types_of_all_tables_are_read_back_without_arrows_schema() {
        for table in TABLES {
            let rows = RecordBatch::new_empty(table.schema());
            let properties = writer_properties(table, &rows, 0, "segment", ZSTD_LEVEL_COLUMNS);
            let bytes = Bytes::from(write(&rows, properties).unwrap().0);
            let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
            assert_eq!(reader.schema().fields(), rows.schema().fields(), "{}", table.name);
            let known = reader.metadata().file_metadata().key_value_metadata().unwrap();
            assert!(known.iter().all(|pair| pair.key.starts_with("tributary.")), "{known:?}");
        }
    }

    #[test]
    fn what_was_written_is_read_back() {
        let rows = rows(7_001);
        let bytes = Bytes::from(write(&rows, properties(ZSTD_LEVEL_COLUMNS)).unwrap().0);
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
        let groups = reader.metadata().row_groups();
        assert_eq!(groups.len(), 3);
        let mut columns = groups.iter().flat_map(|group| group.columns());
        assert!(columns.all(|column| column.compression_codec() == CompressionCodec::ZSTD));
        let read = reader.with_batch_size(10_000).build().unwrap().collect::<Result<Vec<_>, _>>();
        let read = arrow::compute::concat_batches(&rows.schema(), &read.unwrap()).unwrap();
        assert_eq!(read, rows);
    }
}
