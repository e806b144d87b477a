//! What can go wrong with the lake, by what the caller can do about it.

use std::path::PathBuf;

use object_store::path::Path;

use super::protocol::Block;
use super::remote::NoCredentials;

/// Why the lake can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// The location is not one: the configuration must change.
    #[error("lake location `{location}`: {reason}")]
    Location {
        /// As the user gave it.
        location: String,
        /// Why not.
        reason: String,
    },
    /// There was a lake here, and nothing of it is left.
    #[error(
        "lake {location} is not there any more, though this journal has brought events to it: mount \
         or restore it; for a new lake there, stop and run `tributary recover --new-lake`"
    )]
    Gone {
        /// The lake.
        location: String,
    },
    /// Another lake stands where the one was that is written to.
    #[error(
        "lake {location} is another one than this journal has brought events to: put that one \
         back; to go on with this one, stop and run `tributary recover --new-lake`"
    )]
    Another {
        /// The lake.
        location: String,
    },
    /// The lake did not answer in time; worth repeating.
    #[error("lake {location}: no answer for {seconds} s")]
    Slow {
        /// The lake.
        location: String,
        /// How long was waited.
        seconds: u64,
    },
    /// A folder of the lake is a symbolic link, which leads who knows where.
    #[error(
        "{} is a symbolic link, which may lead out of the lake; put the folder itself there \
         (the lake's own folder may be a link)",
        link.display()
    )]
    Link {
        /// The link.
        link: PathBuf,
    },
    /// A later program made the lake.
    #[error(
        "lake {location} is of format {}, which this version does not know; upgrade tributary",
        format.map_or("unknown".to_owned(), |format| format.to_string())
    )]
    Format {
        /// The lake.
        location: String,
        /// Its format, if it could be read.
        format: Option<u64>,
    },
    /// The store lets two writers create the same key: commits would be lost.
    #[error("the object store does not refuse to create a key twice, so commits could be lost")]
    NotExclusive,
    /// A file of this ingester's name holds another's data: a journal was copied.
    #[error("{key} belongs to another journal with the same name; was the journal copied?")]
    Foreign {
        /// The file.
        key: String,
    },
    /// The table is one that this version can't write.
    #[error("table {table}: {reason}")]
    Unsupported {
        /// The table.
        table: String,
        /// Why not.
        reason: String,
    },
    /// Another engine gave the table a feature that keeps this from being done.
    #[error("table {table} {block}")]
    Blocked {
        /// The table.
        table: &'static str,
        /// What, why, and the remedy.
        block: Block,
    },
    /// The table's log went away, or back, under a process that has seen it.
    #[error(
        "table {table} can't be written: its log is gone, or older than this process has seen it; \
         put the folder {table} of the lake back, or restart to begin the table anew"
    )]
    TableGone {
        /// The table.
        table: &'static str,
    },
    /// The store failed; worth repeating.
    #[error("{operation} {key}: {source}")]
    Store {
        /// What was tried.
        operation: &'static str,
        /// On which object.
        key: String,
        /// The store's error.
        source: object_store::Error,
    },
    /// A data file can't be decoded: it was changed, or another program wrote what we can't read.
    #[error("{key}: {reason}")]
    Unreadable {
        /// The file.
        key: String,
        /// Why not.
        reason: String,
    },
    /// A data file went away while it was read: another command put its rows into another file.
    #[error("{key} was replaced while it was read")]
    Replaced {
        /// The file.
        key: String,
    },
    /// Rows could not be put in order; worth repeating when the local disk has room.
    #[error("{partition} can't be sorted: {reason}")]
    Unsorted {
        /// Table and partition.
        partition: String,
        /// What failed.
        reason: String,
    },
    /// Other rewrites of the table were always faster.
    #[error("other commands keep rewriting table {table}; run it again when they are done")]
    Contended {
        /// The table.
        table: &'static str,
    },
    /// The store lets this process not do that; worth repeating once somebody gave it the right.
    #[error("{operation} {key}: not allowed: {reason}")]
    Denied {
        /// What was tried.
        operation: &'static str,
        /// On which object.
        key: String,
        /// The words of the system or the store.
        reason: String,
    },
    /// Nobody gave credentials for the store.
    #[error(transparent)]
    NoCredentials(#[from] NoCredentials),
    /// The table's log could not be read or written; worth repeating.
    #[error("table {table}: {source}")]
    Delta {
        /// The table.
        table: &'static str,
        /// The library's error.
        source: Box<deltalake_core::DeltaTableError>,
    },
}

impl LakeError {
    /// Wraps the store's error with what was tried.
    #[must_use]
    pub fn store(operation: &'static str, key: &Path, source: object_store::Error) -> Self {
        use object_store::Error::{PermissionDenied, Unauthenticated};
        if let Some(missing) = NoCredentials::behind(&source) {
            return Self::NoCredentials(missing);
        }
        let key = key.to_string();
        match source {
            // The library's own words around them say it twice.
            PermissionDenied { source, .. } | Unauthenticated { source, .. } => {
                Self::Denied { operation, key, reason: source.to_string() }
            }
            source => Self::Store { operation, key, source },
        }
    }

    /// Whether this is about one table, until somebody does something about it.
    #[must_use]
    pub fn is_block(&self) -> bool {
        matches!(self, Self::Blocked { .. } | Self::TableGone { .. } | Self::Unsupported { .. })
    }

    /// Whether trying again can help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Store { .. }
                | Self::Denied { .. }
                | Self::Delta { .. }
                | Self::Replaced { .. }
                | Self::Slow { .. }
                | Self::NoCredentials(_)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_allowed_is_said_once() {
        let words = "create folder /lake/_tributary: Permission denied (os error 13)";
        let source = object_store::Error::PermissionDenied {
            path: "_tributary/probe".to_owned(),
            source: words.into(),
        };
        let error = LakeError::store("put", &Path::from("_tributary/probe"), source);
        assert_eq!(error.to_string(), format!("put _tributary/probe: not allowed: {words}"));
        assert!(error.is_transient());
        assert!(std::error::Error::source(&error).is_none());
    }
}
