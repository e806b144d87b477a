//! From an I/O error to the [`Error`] of the store's callers.
//!
//! The key names the object; the file's own path stands only in the source, for the operator.

use std::io::{self, ErrorKind};
use std::path::Path as FilePath;

use object_store::Error;
use object_store::path::Path;

const STORE: &str = "DurableLocalStore";

/// Puts what was tried, and on which file, in front of `source`; keeps its kind.
pub(super) fn named(action: &str, file: &FilePath, source: &io::Error) -> io::Error {
    io::Error::new(source.kind(), format!("{action} {}: {source}", file.display()))
}

/// The answer to an operation on `key` that `source` stopped: `PermissionDenied` or `Generic`.
pub(super) fn failed(key: &Path, source: io::Error) -> Error {
    match source.kind() {
        ErrorKind::PermissionDenied => {
            Error::PermissionDenied { path: key.to_string(), source: source.into() }
        }
        _ => Error::Generic { store: STORE, source: source.into() },
    }
}

/// The answer when no object stands under `key`.
pub(super) fn not_found(key: &Path, source: io::Error) -> Error {
    Error::NotFound { path: key.to_string(), source: source.into() }
}

/// The answer when an object stands under `key` already.
pub(super) fn already_exists(key: &Path, source: io::Error) -> Error {
    Error::AlreadyExists { path: key.to_string(), source: source.into() }
}
