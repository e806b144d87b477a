//! Copy and rename: a new name for bytes that are there already.
//!
//! Objects are never changed in place, so two names may share one file and a copy costs no bytes.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;

use object_store::{CopyMode, Result};

use super::ObjectFile;
use super::failure::{failed, named, not_found};
use super::folders::{Folders, sync_parent};
use super::staged::Staged;

/// Names the object at `from` also `to`, durably and atomically.
///
/// Errors are `NotFound` without an object at `from`, and those of [`Staged::publish`].
pub(super) fn copy(
    folders: &Folders,
    from: &ObjectFile,
    to: &ObjectFile,
    mode: CopyMode,
) -> Result<()> {
    open_object(from)?;
    Staged::linked(folders, from, to)?.publish(to, mode)?;
    Ok(())
}

/// Moves the object at `from` to `to` over whatever is there, in one durable step.
///
/// Errors are `NotFound` without an object at `from`, else `PermissionDenied` or `Generic`.
pub(super) fn rename(folders: &Folders, from: &ObjectFile, to: &ObjectFile) -> Result<()> {
    let (object, metadata) = open_object(from)?;
    object.sync_all().map_err(|source| failed(&from.key, named("sync", &from.file, &source)))?;
    let folder = to.file.parent().expect("an object's file lies below the root");
    folders
        .inside(folder, || fs::rename(&from.file, &to.file))
        .map_err(|source| named("rename", &from.file, &source))
        .map_err(|source| match source.kind() {
            ErrorKind::NotFound => not_found(&from.key, source),
            _ => failed(&to.key, source),
        })?;
    sync_parent(&to.file).map_err(|source| failed(&to.key, source))?;
    if from.file == to.file {
        return Ok(());
    }
    // A rename between two names of one file, as a copy leaves them, does nothing.
    if fs::symlink_metadata(&from.file).is_ok_and(|left| same_file(&left, &metadata)) {
        return remove(from);
    }
    sync_parent(&from.file).map_err(|source| failed(&from.key, source))
}

/// Moves the object at `from` to `to` if nothing is there.
///
/// Not one step: a power cut between may leave both names. Errors are those of [`copy`].
pub(super) fn rename_to_new(folders: &Folders, from: &ObjectFile, to: &ObjectFile) -> Result<()> {
    copy(folders, from, to, CopyMode::Create)?;
    remove(from)
}

/// Opens the object at `object`, which is `NotFound` if a folder is there.
fn open_object(object: &ObjectFile) -> Result<(File, Metadata)> {
    let opened = File::open(&object.file).and_then(|file| {
        let metadata = file.metadata()?;
        Ok((file, metadata))
    });
    match opened {
        Ok((_, metadata)) if metadata.is_dir() => {
            let source = io::Error::new(ErrorKind::NotFound, "a folder is there");
            Err(not_found(&object.key, source))
        }
        Ok(opened) => Ok(opened),
        Err(source) if source.kind() == ErrorKind::NotFound => Err(not_found(&object.key, source)),
        Err(source) => Err(failed(&object.key, named("open", &object.file, &source))),
    }
}

/// Removes the object at `object`, durably. Unlike a delete: here the object has another name.
fn remove(object: &ObjectFile) -> Result<()> {
    fs::remove_file(&object.file).map_err(|source| match source.kind() {
        ErrorKind::NotFound => not_found(&object.key, source),
        _ => failed(&object.key, named("remove", &object.file, &source)),
    })?;
    sync_parent(&object.file).map_err(|source| failed(&object.key, source))
}

fn same_file(left: &Metadata, right: &Metadata) -> bool {
    (left.dev(), left.ino()) == (right.dev(), right.ino())
}
