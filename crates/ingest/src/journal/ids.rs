//! The exact memory of webhook ids, on disk, over a window of days.
//!
//! One keyspace of an LSM store (fjall: pure Rust, bloom filters before disk reads, bounded
//! caches) a UTC day of receipt, so that forgetting a day is dropping its keyspace. The index may
//! lag behind the journal after a crash, never lead it: ids enter it after the record is synced,
//! opening the journal enters the ids of all segments again, and a segment is removed only after
//! [`KnownIds::persist`].
//!
//! ```text
//! key    webhook id; for an id conflict the id, a zero byte and the body's hash (16 bytes)
//! value  body hash (16) · sequence of the segment (8) · receipt in ms (8), little endian
//! ```

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use xxhash_rust::xxh3::xxh3_128;

use super::bond::Bonded;
use super::error::JournalError;
use super::mutex::lock;
use crate::disk;

const DAY_MS: i64 = 86_400_000;
const CACHE_BYTES: u64 = 8 << 20;
/// Bytes of ids before the store writes a file, which makes lookups wait for the disk: see 0008.
const MEMTABLE_BYTES: u64 = 16 << 20;
const JOURNALING_BYTES: u64 = 64 << 20;
const KEYSPACE_PREFIX: &str = "day";
/// The file that a whole store has, and the folder of the first keyspace that we make in it.
const MARKER: &str = "version";
const FIRST_KEYSPACE: &str = "keyspaces/1";

/// What is remembered of an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdEntry {
    /// 128-bit xxHash3 of the body.
    pub body_hash: u128,
    /// The segment that holds the record.
    pub sequence: u64,
    /// Time of receipt, milliseconds since the Unix epoch.
    pub received_at_ms: i64,
}

impl IdEntry {
    fn encode(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(&self.body_hash.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[24..].copy_from_slice(&self.received_at_ms.to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            body_hash: u128::from_le_bytes(bytes.get(..16)?.try_into().ok()?),
            sequence: u64::from_le_bytes(bytes.get(16..24)?.try_into().ok()?),
            received_at_ms: i64::from_le_bytes(bytes.get(24..32)?.try_into().ok()?),
        })
    }
}

/// The index of known webhook ids.
pub struct KnownIds {
    path: PathBuf,
    index: Arc<Mutex<Option<IdIndex>>>,
    window_ms: i64,
    bonded: Arc<Bonded>,
}

/// The store, open.
struct IdIndex {
    database: Database,
    days: BTreeMap<i64, Keyspace>,
}

impl std::fmt::Debug for KnownIds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KnownIds").field("path", &self.path).finish_non_exhaustive()
    }
}

impl KnownIds {
    /// Opens or creates the index of a lake; ids are remembered for `window_ms`.
    ///
    /// # Errors
    /// [`JournalError::Ids`].
    pub fn open(bonded: &Arc<Bonded>, window_ms: i64) -> Result<Self, JournalError> {
        let path = bonded.ids();
        let index = IdIndex::open(&path).map_err(ids_error(&path))?;
        let index = Arc::new(Mutex::new(Some(index)));
        Ok(Self { path, index, window_ms, bonded: Arc::clone(bonded) })
    }

    /// Closes the store and opens it again: after a failed write it takes nothing more.
    ///
    /// What it had not synced may be gone from it.
    ///
    /// # Errors
    /// [`JournalError::Ids`]; then it is closed and can be opened later.
    pub fn reopen(&mut self) -> Result<(), JournalError> {
        let mut index = lock(&self.index);
        drop(index.take());
        *index = Some(IdIndex::open(&self.path).map_err(ids_error(&self.path))?);
        Ok(())
    }

    /// Finds what is remembered under `key` at `now_ms`, of the lake that the journal is for.
    ///
    /// # Errors
    /// [`JournalError::Ids`].
    pub fn lookup(&self, key: &[u8], now_ms: i64) -> Result<Option<IdEntry>, JournalError> {
        let oldest_ms = now_ms - self.window_ms;
        let counts = |entry: &IdEntry| {
            entry.received_at_ms >= oldest_ms && self.bonded.holds(entry.sequence)
        };
        self.with(|index| {
            for keyspace in index.days.range(oldest_ms.div_euclid(DAY_MS)..).rev() {
                let value = keyspace.1.get(key)?;
                let entry = value.and_then(|value| IdEntry::decode(&value));
                if let Some(entry) = entry.filter(counts) {
                    return Ok(Some(entry));
                }
            }
            Ok(None)
        })
    }

    /// Remembers ids; all or none of them survive a crash.
    ///
    /// # Errors
    /// [`JournalError::Ids`].
    pub fn insert(&mut self, entries: &[(Vec<u8>, IdEntry)]) -> Result<(), JournalError> {
        self.with(|index| {
            let mut batch = index.database.batch();
            for (key, entry) in entries {
                let day = entry.received_at_ms.div_euclid(DAY_MS);
                index.ensure(day)?;
                batch.insert(&index.days[&day], key.as_slice(), entry.encode().as_slice());
            }
            batch.commit()
        })
    }

    /// Makes room for the ids of today and tomorrow, so that no webhook waits while a day's is made.
    ///
    /// # Errors
    /// [`JournalError::Ids`].
    pub fn prepare(&mut self, now_ms: i64) -> Result<(), JournalError> {
        let today = now_ms.div_euclid(DAY_MS);
        self.with(|index| index.ensure(today).and_then(|()| index.ensure(today + 1)))
    }

    /// Forgets the days that lie wholly before the window.
    ///
    /// # Errors
    /// [`JournalError::Ids`].
    pub fn expire(&mut self, now_ms: i64) -> Result<(), JournalError> {
        let oldest = (now_ms - self.window_ms).div_euclid(DAY_MS);
        self.with(|index| {
            while let Some(entry) = index.days.first_entry().filter(|entry| *entry.key() < oldest) {
                index.database.delete_keyspace(entry.remove())?;
            }
            Ok(())
        })
    }

    /// Returns a handle that can make the index durable from another thread.
    #[must_use]
    pub fn persister(&self) -> Persister {
        Persister { path: self.path.clone(), index: Arc::clone(&self.index) }
    }

    /// Closes the store, as if it had failed.
    #[cfg(test)]
    pub(super) fn close(&self) {
        drop(lock(&self.index).take());
    }

    fn with<T>(
        &self,
        work: impl FnOnce(&mut IdIndex) -> fjall::Result<T>,
    ) -> Result<T, JournalError> {
        let mut index = lock(&self.index);
        let done = index.as_mut().ok_or(fjall::Error::Poisoned).and_then(work);
        done.map_err(ids_error(&self.path))
    }
}

impl IdIndex {
    fn open(path: &Path) -> fjall::Result<Self> {
        if !path.join(MARKER).try_exists()? && !path.join(FIRST_KEYSPACE).try_exists()? {
            create(path)?;
        }
        let database = open_store(path)?;
        let mut days = BTreeMap::new();
        for name in database.list_keyspace_names() {
            if let Some(day) = parse_day(&name) {
                days.insert(day, database.keyspace(&name, keyspace_options)?);
            }
        }
        Ok(Self { database, days })
    }

    /// Opens the keyspace of a day, making it if it is not there.
    fn ensure(&mut self, day: i64) -> fjall::Result<()> {
        if !self.days.contains_key(&day) {
            let name = format!("{KEYSPACE_PREFIX}{day}");
            let keyspace = self.database.keyspace(&name, keyspace_options)?;
            self.days.insert(day, keyspace);
        }
        Ok(())
    }
}

fn open_store(path: &Path) -> fjall::Result<Database> {
    Database::builder(path)
        .cache_size(CACHE_BYTES)
        .max_journaling_size(JOURNALING_BYTES)
        .worker_threads(1)
        .open()
}

/// Creates an empty store under another name and gives it its own when it is whole and durable.
///
/// The library creates its files one after another and can't go on where it was killed.
fn create(path: &Path) -> fjall::Result<()> {
    let unfinished = path.with_extension("new");
    for left in [unfinished.as_path(), path] {
        match fs::remove_dir_all(left) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    drop(open_store(&unfinished)?);
    rustix::fs::syncfs(File::open(&unfinished)?).map_err(std::io::Error::from)?;
    fs::rename(&unfinished, path)?;
    Ok(disk::sync_folder(&disk::parent_of(path))?)
}

/// Makes the index durable.
#[derive(Clone)]
pub struct Persister {
    path: PathBuf,
    index: Arc<Mutex<Option<IdIndex>>>,
}

impl std::fmt::Debug for Persister {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Persister").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Persister {
    /// Syncs everything that was inserted before.
    ///
    /// # Errors
    /// [`JournalError::Ids`].
    pub fn persist(&self) -> Result<(), JournalError> {
        // Not under the lock: appending goes on while the disk syncs.
        let database = lock(&self.index).as_ref().map(|index| index.database.clone());
        let synced = database.ok_or(fjall::Error::Poisoned);
        synced
            .and_then(|database| database.persist(PersistMode::SyncAll))
            .map_err(ids_error(&self.path))
    }
}

/// Returns the hash under which a body is remembered.
#[must_use]
pub fn body_hash(body: &[u8]) -> u128 {
    xxh3_128(body)
}

/// Returns the key under which a second body of the same id is remembered.
#[must_use]
pub fn conflict_key(webhook_id: &str, body_hash: u128) -> Vec<u8> {
    let mut key = webhook_id.as_bytes().to_vec();
    key.push(0);
    key.extend_from_slice(&body_hash.to_le_bytes());
    key
}

fn keyspace_options() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default().max_memtable_size(MEMTABLE_BYTES)
}

fn parse_day(name: &str) -> Option<i64> {
    name.strip_prefix(KEYSPACE_PREFIX)?.parse().ok()
}

fn ids_error(path: &Path) -> impl FnOnce(fjall::Error) -> JournalError {
    let path = path.to_owned();
    move |source| JournalError::Ids { path, source }
}
