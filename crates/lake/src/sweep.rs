//! Taking away files that no version of a table will ever name again.
//!
//! A file in a table's folder that the current version does not name is one of three:
//!
//! ```text
//! replaced    the log removed it: its rows are others now, or in other files
//! too late    made for a rewrite whose turn is over, so it can't be committed any more
//! to come     a flush or a rewrite is about to commit it, or ended before it could
//! ```
//!
//! What was too late goes. So does what was replaced by other rows: whoever did so ended before
//! deleting it. Where the same rows are in other files, a reader that listed the old ones can
//! finish with them: they stay for a time of grace. A flush's file that is to come stays: its
//! segment is flushed again under the same name. A rewrite's file becomes too late once its turn
//! is over. A sweep ends the turn of a rewrite that has put no file for a time ([`SILENCE`]): one
//! that lives would have to start over.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStoreExt as _};

use super::durable::remove_abandoned;
use super::files::turn_of;
use super::overlay::LOG;
use super::rewrite::Rewrite;
use super::{DataFile, Lake, LakeError, LakeTable};

/// Folder of what is in a lake beside its tables.
const OWN_FOLDER: &str = "_tributary";

/// How long readers may go on with files whose rows a compaction has put into others, if nobody
/// says otherwise.
pub const GRACE: Duration = Duration::from_secs(600);

/// How long a rewrite may put no file before it is taken for dead.
pub const SILENCE: Duration = Duration::from_secs(600);

/// Which files may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SweepOptions {
    /// Wall time, milliseconds since the Unix epoch.
    pub now_ms: i64,
    /// How long readers may go on with the files of a compaction.
    pub grace: Duration,
    /// How long a rewrite may put no file and is left alone; zero ends each one's turn.
    pub silence: Duration,
}

impl SweepOptions {
    /// Leaves rewrites alone that may be under way.
    #[must_use]
    pub fn new(now_ms: i64, grace: Duration) -> Self {
        Self { now_ms, grace, silence: SILENCE }
    }

    /// Whether the rewrite that put its last file then may be ended.
    fn may_end(self, last_file_ms: i64) -> bool {
        let silence_ms = i64::try_from(self.silence.as_millis()).unwrap_or(i64::MAX);
        silence_ms == 0 || last_file_ms.saturating_add(silence_ms) <= self.now_ms
    }

    /// Returns the latest time at which a file was written to that may go.
    fn last_write(self) -> SystemTime {
        let now = Duration::from_millis(self.now_ms.try_into().unwrap_or(0));
        UNIX_EPOCH + now.saturating_sub(self.grace)
    }
}

/// Files in a table's folder that its current version does not name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Orphans {
    /// Their names, relative to the folder: replaced, or too late.
    pub leftover: BTreeSet<String>,
    /// Files of a compaction whose grace is not over.
    pub n_waiting: usize,
    /// Made for a rewrite whose turn has not come yet; the value is when they were put,
    /// milliseconds since the Unix epoch.
    pub pending: BTreeMap<String, i64>,
    /// All others: a flush may be about to commit them.
    pub n_others: usize,
}

impl Orphans {
    /// Returns how many there are.
    #[must_use]
    pub fn n_files(&self) -> usize {
        self.leftover.len() + self.n_waiting + self.pending.len() + self.n_others
    }
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Files that were removed.
    pub n_removed: usize,
    /// Files of a compaction that stay until their grace is over.
    pub n_waiting: usize,
}

/// Removes what is left over in a table's folder.
///
/// Files of a rewrite that was killed before it could commit are made too late first, by taking
/// its turn: if it lives after all, it starts over.
///
/// # Errors
/// Any [`LakeError`].
pub async fn sweep(
    lake: &Lake,
    table: &LakeTable,
    options: SweepOptions,
) -> Result<Swept, LakeError> {
    let mut orphans = find(lake, table, options).await?;
    while let Some((path, _)) = orphans.pending.first_key_value() {
        let last_file_ms = orphans.pending.values().max().copied().unwrap_or(0);
        // It may live: ended now, all that it has put would be in vain.
        if !options.may_end(last_file_ms) {
            break;
        }
        let (turn, wanted) = (table.turn().await?, turn_of(path).unwrap_or(0));
        // Turns are taken one by one, so a file can be made for the next one only.
        if wanted == turn + 1 {
            let at_ms = options.now_ms;
            let nothing = Rewrite { data_change: true, at_ms, ..Rewrite::default() };
            // Whether the turn was ours or another's, it is over now.
            table.rewrite(turn, &nothing).await?;
        } else if wanted > turn {
            break;
        }
        orphans = find(lake, table, options).await?;
    }
    delete(lake, table, orphans.leftover.iter().map(String::as_str)).await?;
    Ok(Swept { n_removed: orphans.leftover.len(), n_waiting: orphans.n_waiting })
}

/// Removes what processes that were killed left half-written on local disk, in the folders of
/// `tables` and in the lake's own; returns how many files. An object store shows nothing of the
/// kind.
///
/// # Errors
/// [`LakeError::Store`].
pub async fn abandoned(
    lake: &Lake,
    tables: &[LakeTable],
    options: SweepOptions,
) -> Result<usize, LakeError> {
    let Some(root) = lake.location().folder() else { return Ok(0) };
    let names = tables.iter().map(|table| table.definition().name);
    let folders: Vec<PathBuf> = names.chain([OWN_FOLDER]).map(|name| root.join(name)).collect();
    let last_write = options.last_write();
    let remove = move || folders.iter().map(|folder| remove_abandoned(folder, last_write)).sum();
    let removed: object_store::Result<usize> = match tokio::task::spawn_blocking(remove).await {
        Ok(removed) => removed,
        Err(error) => Err(error.into()),
    };
    removed.map_err(|error| LakeError::store("sweep", &Path::default(), error))
}

/// Deletes files that a commit has removed; one that is gone already is no error.
///
/// # Errors
/// The store's error.
pub async fn delete(
    lake: &Lake,
    table: &LakeTable,
    paths: impl Iterator<Item = &str>,
) -> Result<(), LakeError> {
    for path in paths {
        let key = Path::from(format!("{}/{path}", table.definition().name));
        match lake.store().delete(&key).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(LakeError::store("delete", &key, error)),
        }
    }
    Ok(())
}

/// Finds the files that the current version does not name.
///
/// # Errors
/// Any [`LakeError`] of reading the log or listing the folder.
pub async fn find(
    lake: &Lake,
    table: &LakeTable,
    options: SweepOptions,
) -> Result<Orphans, LakeError> {
    // The log is read behind the listing, so that a file committed meanwhile is no orphan.
    let listed = list(lake, table).await?;
    let turn = table.turn().await?;
    sort_out(table, listed, &table.files().await?, (turn, options)).await
}

/// Lists a table's folder without its log.
pub(super) async fn list(lake: &Lake, table: &LakeTable) -> Result<Vec<ObjectMeta>, LakeError> {
    let prefix = Path::from(table.definition().name);
    let failed = |error| LakeError::store("list", &prefix, error);
    let objects = lake.store().list(Some(&prefix));
    let objects = objects.try_filter(|object| {
        let is_data = object.location.parts().nth(1).is_some_and(|part| part.as_ref() != LOG);
        std::future::ready(is_data)
    });
    objects.try_collect().await.map_err(failed)
}

/// Tells apart those of `listed` that are not among `files`, the current version.
pub(super) async fn sort_out(
    table: &LakeTable,
    listed: Vec<ObjectMeta>,
    files: &[DataFile],
    (turn, options): (u64, SweepOptions),
) -> Result<Orphans, LakeError> {
    let prefix = format!("{}/", table.definition().name);
    let known: HashSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let put_at = |object: &ObjectMeta| object.last_modified.timestamp_millis();
    let named = listed.iter().filter_map(|object| {
        Some((object.location.as_ref().strip_prefix(&prefix)?, put_at(object)))
    });
    let unknown = named.filter(|(name, _)| !known.contains(name));
    let mut unknown: HashMap<String, i64> =
        unknown.map(|(name, at_ms)| (name.to_owned(), at_ms)).collect();
    let mut orphans = Orphans::default();
    // Reading the log is what costs; where nothing is left over there is nothing to ask it.
    if unknown.is_empty() {
        return Ok(orphans);
    }
    for (path, removed) in table.removed(&unknown).await? {
        unknown.remove(&path);
        if removed.is_over(options) {
            orphans.leftover.insert(path);
        } else {
            orphans.n_waiting += 1;
        }
    }
    for (path, at_ms) in unknown {
        match turn_of(&path) {
            Some(wanted) if wanted <= turn => _ = orphans.leftover.insert(path),
            Some(_) => _ = orphans.pending.insert(path, at_ms),
            None => orphans.n_others += 1,
        }
    }
    Ok(orphans)
}

impl LakeTable {
    /// Returns those of `paths` that an entry of the log has removed.
    ///
    /// What stands for entries is read instead of them, if it was made here.
    async fn removed(
        &self,
        paths: &HashMap<String, i64>,
    ) -> Result<HashMap<String, Removed>, LakeError> {
        let mut found = HashMap::new();
        self.read_log(|_, text| {
            found.extend(removes(text).filter(|(path, _)| paths.contains_key(path)));
            Ok(())
        })
        .await?;
        Ok(found)
    }
}

/// How a file was removed.
#[derive(Debug, Clone, Copy)]
struct Removed {
    at_ms: i64,
    /// Whether its rows are in other files.
    is_moved: bool,
}

impl Removed {
    fn is_over(self, options: SweepOptions) -> bool {
        let grace_ms = i64::try_from(options.grace.as_millis()).unwrap_or(i64::MAX);
        !self.is_moved || self.at_ms.saturating_add(grace_ms) <= options.now_ms
    }
}

/// Returns the paths that an entry of the log removes.
fn removes(entry: &[u8]) -> impl Iterator<Item = (String, Removed)> {
    let lines = entry.split(|byte| *byte == b'\n');
    lines.filter(|line| line.starts_with(br#"{"remove""#)).filter_map(|line| {
        let action: serde_json::Value = serde_json::from_slice(line).ok()?;
        let remove = action.get("remove")?;
        let path = percent_encoding::percent_decode_str(remove.get("path")?.as_str()?);
        let removed = Removed {
            at_ms: remove.get("deletionTimestamp").and_then(|at| at.as_i64()).unwrap_or(0),
            is_moved: remove.get("dataChange").and_then(|is| is.as_bool()) == Some(false),
        };
        Some((path.decode_utf8().ok()?.into_owned(), removed))
    })
}
