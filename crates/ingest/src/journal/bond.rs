//! Which lake a journal's known ids and its checkpoint belong to.
//!
//! A journal is opened before its lake can be reached, so the lake's address alone says at first
//! which one is meant. When it is reached, its identity tells whether it is the one that the
//! journal has brought events to: ids that belong to another lake, or to one that is gone, are
//! not known any more. So are those of segments that the lake does not have, although the journal
//! brought them there: it was restored from an older backup.
//!
//! ```text
//! JOURNAL/lake            the address of the lake that the segments are for
//! JOURNAL/ids/LAKE.json   {"lake": "…", "ingester": "…", "from": 0, "since": 0, "missing": []}
//! JOURNAL/unconfirmed     the highest sequence when the journal was opened, until it met its lake
//! ```

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::error::JournalError;
use super::layout::{list_sequences, load_checkpoint};
use super::mutex::lock;
use crate::disk;

const UNCONFIRMED: &str = "unconfirmed";

/// The lake that a journal is opened for.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// Its address.
    pub address: &'a str,
    /// Its identity, if it was reached and has one.
    pub id: Option<&'a str>,
    /// Whether what waits may go there, whichever lake it was for.
    pub is_anew: bool,
}

impl<'a> From<&'a str> for Target<'a> {
    fn from(address: &'a str) -> Self {
        Self { address, id: None, is_anew: false }
    }
}

impl<'a> From<&'a String> for Target<'a> {
    fn from(address: &'a String) -> Self {
        address.as_str().into()
    }
}

/// What a journal knows of a lake at some address, before it is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Whether it has brought events to a lake there.
    pub knows_lake: bool,
    /// Whether it is for a lake at another address.
    pub is_elsewhere: bool,
    /// Whether segments wait in it.
    pub holds_events: bool,
}

/// What came of comparing a lake with what a journal knows of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It is the lake that was known, or the first one.
    Same,
    /// It is another one: the ids that were known are not any more.
    Another,
    /// It does not have these segments, which were brought to it: their ids are not known any more.
    Behind {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
    },
}

/// What is remembered of the lake that known ids belong to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Bond {
    /// Its identity; none if it was never reached.
    pub lake: Option<String>,
    /// The journal's name in it.
    pub ingester: String,
    /// Ids of segments up to this one are another lake's.
    pub from: u64,
    /// Segments behind this one were brought to it, up to the checkpoint.
    pub since: u64,
    /// First and last of those that it does not have nevertheless.
    pub missing: Vec<(u64, u64)>,
}

impl Bond {
    /// Reads what the journal at `root` remembers of the lake at an address; needs no lock.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn load(root: &Path, address: &str) -> Result<Self, JournalError> {
        let path = bond_path(root, address);
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                // Taken for none, it would say that the lake has what it may lack.
                let wrong = io::Error::new(ErrorKind::InvalidData, error);
                JournalError::Io { path, source: wrong }
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(JournalError::Io { path, source }),
        }
    }

    fn store(&self, root: &Path, address: &str) -> Result<(), JournalError> {
        let path = bond_path(root, address);
        let bytes = serde_json::to_vec(self).map_err(io::Error::from);
        bytes.and_then(|bytes| disk::replace_file(&path, &bytes)).map_err(JournalError::io(path))
    }

    /// Whether what stands in a segment is in the lake, or will be.
    fn holds(&self, sequence: u64) -> bool {
        let is_in = |range: &(u64, u64)| (range.0..=range.1).contains(&sequence);
        sequence > self.from && !self.missing.iter().any(is_in)
    }

    /// Returns the segments that were brought to the lake and that it does not have.
    #[must_use]
    pub fn behind(&self, committed: Option<u64>, checkpoint: u64) -> Option<(u64, u64)> {
        let last = committed.unwrap_or(0).max(self.since);
        (checkpoint > last).then_some((last + 1, checkpoint))
    }

    /// Compares it with a lake, and becomes that lake's.
    fn settle(&mut self, lake: &Met<'_>, ingester: &str, checkpoint: u64) -> Settled {
        let is_another = self.lake.as_deref().is_some_and(|known| known != lake.id);
        if is_another || lake.is_anew {
            *self = Self { from: checkpoint, since: checkpoint, ..Self::default() };
        }
        if self.lake.is_none() && lake.committed.is_none() {
            // Of what this journal knew there, the lake has nothing.
            (self.from, self.since) = (checkpoint, checkpoint);
        }
        if self.lake.is_some() && self.ingester != ingester {
            self.since = checkpoint;
        }
        self.lake = Some(lake.id.to_owned());
        ingester.clone_into(&mut self.ingester);
        match self.behind(lake.committed, checkpoint) {
            Some((first, last)) => {
                if !self.missing.contains(&(first, last)) {
                    self.missing.push((first, last));
                }
                Settled::Behind { first, last }
            }
            None if is_another => Settled::Another,
            None => Settled::Same,
        }
    }
}

/// A lake that was reached.
#[derive(Debug, Clone, Copy)]
pub struct Met<'a> {
    /// Its identity.
    pub id: &'a str,
    /// The last segment of this journal that any of its tables names.
    pub committed: Option<u64>,
    /// Whether it is to be the journal's from now on, whatever was known.
    pub is_anew: bool,
}

/// The bond of an open journal; all that use it share it.
#[derive(Debug, Default)]
pub struct Bonded {
    root: PathBuf,
    address: String,
    bond: Mutex<Bond>,
}

impl Bonded {
    /// Takes the lake of this address for the journal's, unless segments wait for another one.
    pub(super) fn bind(root: &Path, target: &Target<'_>) -> Result<Arc<Self>, JournalError> {
        let path = root.join("lake");
        let bound = load_address(root)?;
        if bound.as_deref() != Some(target.address) {
            if let Some(bound) = bound {
                leave(root, &bound, target)?;
            }
            let line = format!("{}\n", target.address);
            disk::replace_file(&path, line.as_bytes()).map_err(JournalError::io(path))?;
        }
        let bond = Mutex::new(Bond::load(root, target.address)?);
        Ok(Arc::new(Self { root: root.to_owned(), address: target.address.to_owned(), bond }))
    }

    /// Whether an id that stands in a segment counts as known.
    pub(super) fn holds(&self, sequence: u64) -> bool {
        lock(&self.bond).holds(sequence)
    }

    /// Returns the folder of the index of ids.
    pub(super) fn ids(&self) -> PathBuf {
        ids_path(&self.root, &self.address)
    }

    /// Whether the journal has brought events to a lake at this address.
    pub(super) fn knows_lake(&self) -> Result<bool, JournalError> {
        let bond = lock(&self.bond);
        Ok(bond.lake.is_some() || load_checkpoint(&self.root)? > bond.since)
    }

    /// Whether a lake of this identity is another one than the journal knows.
    pub(super) fn is_another(&self, id: Option<&str>) -> bool {
        let bond = lock(&self.bond);
        bond.lake.is_some() && bond.lake.as_deref() != id
    }

    /// Compares what is known with a lake that was reached; blocks on the disk.
    pub(super) fn settle(&self, met: &Met<'_>, ingester: &str) -> Result<Settled, JournalError> {
        let checkpoint = load_checkpoint(&self.root)?;
        let mut bond = lock(&self.bond);
        let mut next = bond.clone();
        let settled = next.settle(met, ingester, checkpoint);
        if next != *bond {
            next.store(&self.root, &self.address)?;
            *bond = next;
        }
        Ok(settled)
    }

    /// Takes all ids of segments that are in the lake for unknown.
    pub(super) fn forget_ids(&self) -> Result<(), JournalError> {
        let checkpoint = load_checkpoint(&self.root)?;
        let mut bond = lock(&self.bond);
        let next = Bond { from: checkpoint, missing: vec![], ..bond.clone() };
        next.store(&self.root, &self.address)?;
        *bond = next;
        Ok(())
    }
}

/// Returns the highest sequence that there was when the journal was opened first since it met its
/// lake. What the lake has of this journal can't be beyond, unless the journal is an old copy.
pub(super) fn unmet_at(root: &Path, last: u64) -> Result<u64, JournalError> {
    let path = root.join(UNCONFIRMED);
    match fs::read_to_string(&path) {
        Ok(text) if !text.trim().is_empty() => {
            let found = text.trim().parse::<u64>().map_err(|_| {
                JournalError::io(&path)(io::Error::new(ErrorKind::InvalidData, "not a number"))
            });
            return Ok(found?.min(last));
        }
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(JournalError::io(path)(error));
        }
        _ => {}
    }
    disk::replace_file(&path, format!("{last}\n").as_bytes()).map_err(JournalError::io(path))?;
    Ok(last)
}

/// Notes that the lake has nothing of the journal that the journal never had.
pub(super) fn confirm(root: &Path) -> Result<(), JournalError> {
    let path = root.join(UNCONFIRMED);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(JournalError::io(path)(error)),
        _ => Ok(()),
    }
}

/// Tells what the journal at `root` knows of a lake at an address; needs no lock.
///
/// # Errors
/// [`JournalError::Io`].
pub fn standing(root: &Path, address: &str) -> Result<Standing, JournalError> {
    let checkpoint = load_checkpoint(root)?;
    let bound = load_address(root)?;
    let is_elsewhere = bound.as_deref().is_some_and(|bound| bound != address);
    let bond = Bond::load(root, address)?;
    let knows_lake =
        bond.lake.is_some() || bound.as_deref() == Some(address) && checkpoint > bond.since;
    Ok(Standing { knows_lake, is_elsewhere, holds_events: holds_events(root, checkpoint)? })
}

/// Reads the address of the lake that the journal at `root` is for; needs no lock.
///
/// # Errors
/// [`JournalError::Io`].
pub fn load_address(root: &Path) -> Result<Option<String>, JournalError> {
    let path = root.join("lake");
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.trim_end_matches('\n').to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(JournalError::Io { path, source }),
    }
}

fn holds_events(root: &Path, checkpoint: u64) -> Result<bool, JournalError> {
    if !root.join("segments").is_dir() {
        return Ok(false);
    }
    Ok(list_sequences(root)?.into_iter().any(|sequence| sequence > checkpoint))
}

/// Leaves the lake at address `bound` for another, or for the same one at another address.
fn leave(root: &Path, bound: &str, target: &Target<'_>) -> Result<(), JournalError> {
    let checkpoint = load_checkpoint(root)?;
    let old = Bond::load(root, bound)?;
    let is_moved = target.id.is_some() && old.lake.as_deref() == target.id;
    if is_moved {
        return follow(root, bound, target.address, &old);
    }
    if holds_events(root, checkpoint)? && !target.is_anew {
        let (path, lake) = (root.to_owned(), bound.to_owned());
        return Err(JournalError::OtherLake { path, lake });
    }
    // What was brought to lakes since then says nothing about this one.
    let bond = Bond { since: checkpoint, ..Bond::load(root, target.address)? };
    bond.store(root, target.address)
}

/// Takes the index of a lake that was moved along. Killed anywhere in it, it is done again.
fn follow(root: &Path, from: &str, to: &str, bond: &Bond) -> Result<(), JournalError> {
    let (old, new) = (ids_path(root, from), ids_path(root, to));
    if old.try_exists().map_err(JournalError::io(&old))? {
        match fs::remove_dir_all(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(JournalError::io(&new)(error));
            }
            _ => {}
        }
        fs::rename(&old, &new).map_err(JournalError::io(&old))?;
        disk::sync_folder(&disk::parent_of(&new)).map_err(JournalError::io(&new))?;
    }
    bond.store(root, to)
}

fn ids_path(root: &Path, address: &str) -> PathBuf {
    root.join("ids").join(format!("{:016x}", xxh3_64(address.as_bytes())))
}

fn bond_path(root: &Path, address: &str) -> PathBuf {
    ids_path(root, address).with_extension("json")
}

#[cfg(test)]
mod tests;
