//! Loading what the user brings: conversions from a CRM or shop, and advertising spend.
//!
//! A file is read whole before anything is written, so that a mistake on its last line leaves
//! nothing behind. What it holds becomes one commit of the table, named by the file's hash: the
//! same file again is left out. A row that corrects an earlier one (the same external id, the
//! same campaign and day) takes its place in the views.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::Path;

use xxhash_rust::xxh3::xxh3_128;

use crate::flush::encode::{Encoded, encode_table};
use tributary_ingest::flatten::builder::TableBuilder;
use tributary_ingest::flatten::channel::Channels;
use tributary_ingest::flatten::loaded::{CONVERSIONS, SPEND};
use tributary_ingest::schema::Table;
use tributary_lake::table::NewFile;
use tributary_lake::{DataFile, Lake, files};

mod fields;
mod rows;

use fields::{Field, Reader};

/// Bytes of a file at most; it is held in memory.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// What can be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Conversions: leads, deals, orders.
    Conversions,
    /// Advertising spend a day and campaign.
    Spend,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loaded {
    /// Its rows are in the lake now.
    Rows {
        /// How many.
        n_rows: usize,
        /// Columns of the file that the table has no use for.
        unused: BTreeSet<String>,
    },
    /// The very same file was loaded before.
    Before,
}

/// Why a file was not loaded; nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file, or something in it, is wrong.
    #[error("{file}: {reason}")]
    Input {
        /// The file.
        file: String,
        /// What is wrong, where, and how to put it right.
        reason: String,
    },
    /// The lake could not be written.
    #[error(transparent)]
    Lake(#[from] tributary_lake::LakeError),
    /// The rows could not be encoded; a defect.
    #[error(transparent)]
    Encode(#[from] crate::flush::FlushError),
    /// The rows could not be put together; a defect.
    #[error(transparent)]
    Arrow(#[from] arrow::error::ArrowError),
}

impl Kind {
    fn table(self) -> &'static Table {
        match self {
            Self::Conversions => &CONVERSIONS,
            Self::Spend => &SPEND,
        }
    }

    /// The fields of a row, in the order of the table's columns behind the first four.
    fn fields(self) -> &'static [Field] {
        match self {
            Self::Conversions => fields::CONVERSIONS,
            Self::Spend => fields::SPEND,
        }
    }
}

/// Loads a CSV, NDJSON or Parquet file into the lake.
///
/// # Errors
/// Any [`LoadError`]; nothing was loaded then.
pub async fn load(
    lake: &Lake,
    kind: Kind,
    path: &Path,
    channels: &Channels,
    now_ms: i64,
) -> Result<Loaded, LoadError> {
    let name = path.display().to_string();
    let bytes = read(path).map_err(|reason| LoadError::Input { file: name.clone(), reason })?;
    let hash = format!("{:032x}", xxh3_128(&bytes));
    let table = kind.table();
    let opened = lake.create_table(table).await?;
    let loader = format!("load-{hash}");
    if opened.committed(&loader).await?.is_some() {
        return Ok(Loaded::Before);
    }
    let reader =
        Reader { kind_fields: kind.fields(), loader: &loader, channels, loaded_at_ms: now_ms };
    let mut builder = TableBuilder::new(table.columns);
    let mut unused = BTreeSet::new();
    let n_rows = rows::read(&name, bytes, |columns, line, cells| {
        unused.extend(columns.iter().filter(|column| !reader.knows(column)).cloned());
        let (date, row) = reader.row(columns, line, cells)?;
        builder.append(date, &[&row]);
        Ok(())
    })
    .map_err(|reason| LoadError::Input { file: name.clone(), reason })?;
    let batch = builder.finish()?;
    let mut encoded: Vec<Encoded> = vec![];
    encode_table(table, &batch, (&loader, 0), |file| {
        encoded.push(file);
        Ok(())
    })?;
    let mut new_files = vec![];
    for file in encoded {
        let path = files::data_file(file.date, &format!("load{hash}"), 1, 0);
        let key = object_store::path::Path::from(format!("{}/{path}", table.name));
        let size = file.bytes.len() as u64;
        lake.put(&key, file.bytes, &loader).await?;
        let file_rows = Some(file.n_rows as u64);
        new_files.push(NewFile {
            file: DataFile { path, date: file.date, size, n_rows: file_rows },
            stats: file.stats,
            written_at_ms: now_ms,
        });
    }
    opened.commit(&new_files, &loader, 1).await?;
    Ok(Loaded::Rows { n_rows, unused })
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let file = std::fs::File::open(path).map_err(|error| format!("can't be read: {error}"))?;
    let mut bytes = vec![];
    file.take(FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("can't be read: {error}"))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err("is larger than 1 GiB; split it".to_owned());
    }
    Ok(bytes)
}
