//! The journal's files by name, as anyone may read them: without the lock, of a journal in use too.
//!
//! The folder is drawn in [`super::directory`].

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::JournalError;

/// Returns the path of a segment in the journal at `root`.
#[must_use]
pub fn segment_path(root: &Path, sequence: u64) -> PathBuf {
    root.join("segments").join(format!("{sequence:020}.seg"))
}

/// Lists the sequences of the segments in the journal at `root`, ascending; needs no lock.
///
/// # Errors
/// [`JournalError::Io`].
pub fn list_sequences(root: &Path) -> Result<Vec<u64>, JournalError> {
    let folder = root.join("segments");
    let mut sequences = vec![];
    for entry in fs::read_dir(&folder).map_err(JournalError::io(&folder))? {
        let name = entry.map_err(JournalError::io(&folder))?.file_name();
        let stem = name.to_str().and_then(|name| name.strip_suffix(".seg"));
        sequences.extend(stem.and_then(|stem| stem.parse::<u64>().ok()));
    }
    sequences.sort_unstable();
    Ok(sequences)
}

/// Reads the checkpoint of the journal at `root`; needs no lock.
///
/// # Errors
/// [`JournalError::Io`], also if the file holds no number.
pub fn load_checkpoint(root: &Path) -> Result<u64, JournalError> {
    let path = root.join("checkpoint");
    match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(source) => Err(JournalError::Io { path, source }),
        Ok(text) => text.trim().parse().map_err(|_| JournalError::Io {
            path,
            source: io::Error::new(io::ErrorKind::InvalidData, "not a number"),
        }),
    }
}

/// Reads the name of the journal at `root`, if it has one; needs no lock.
///
/// # Errors
/// [`JournalError::Io`], also if the file holds no name.
pub fn load_ingester(root: &Path) -> Result<Option<String>, JournalError> {
    let path = root.join("ingester");
    match fs::read_to_string(&path) {
        Ok(text) => {
            let name = text.trim().to_owned();
            if name.len() == 8 && name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Ok(Some(name));
            }
            let source = io::Error::new(io::ErrorKind::InvalidData, "not an ingester's name");
            Err(JournalError::Io { path, source })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(JournalError::Io { path, source }),
    }
}
