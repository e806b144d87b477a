//! What can go wrong with the journal, by what the caller can do about it.

use std::io;
use std::path::PathBuf;

/// An error of the journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process holds the journal's lock.
    #[error("journal {0}: in use by another tributary process; stop it or give another --journal")]
    Locked(PathBuf),
    /// Segments wait in it for another lake.
    #[error(
        "journal {path}: holds events for the lake {lake}; flush them with `serve` on that lake, or give another --journal; `tributary recover --new-lake` brings them to this one"
    )]
    OtherLake {
        /// The journal.
        path: PathBuf,
        /// The lake that its events are for.
        lake: String,
    },
    /// A file or folder of the journal could not be used.
    #[error("journal {path}: {source}")]
    Io {
        /// The file or folder at fault.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A segment's header is damaged.
    #[error("journal {path}: {reason}")]
    Header {
        /// The segment's file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The index of known webhook ids could not be used.
    #[error("journal {path}: index of ids: {source}")]
    Ids {
        /// The index's folder.
        path: PathBuf,
        /// The store's error.
        source: fjall::Error,
    },
    /// A segment is of a version that this program does not know.
    #[error(
        "journal {path}: format version {version} is not known here; use the program that wrote it"
    )]
    Version {
        /// The segment's file.
        path: PathBuf,
        /// The version.
        version: u32,
    },
}

impl JournalError {
    /// Names the file at fault in an I/O error.
    pub fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}

/// Why an append was not acknowledged; an outsider learns no more than this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// A limit of what may wait for the lake is reached, this one.
    #[error("journal is full: {0} is reached")]
    Full(&'static str),
    /// The disk refused.
    #[error("journal can't be written")]
    Failed,
    /// The journal is closing.
    #[error("journal is closed")]
    Closed,
    /// The record is larger than a frame can be.
    #[error("body is too large for the journal")]
    TooLarge,
}
