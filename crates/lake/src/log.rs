//! Keeping a table's log short to read: checkpoints stand for the entries before them.
//!
//! ```text
//! _delta_log/00000000000000000000.json … 00000000000000001207.json   entries, one a commit
//! _delta_log/00000000000000001208.checkpoint.<uuid>.json             all that holds then
//! _delta_log/_last_checkpoint                                        where to begin
//! ```
//!
//! A checkpoint in Parquet would be found by `read_parquet('LAKE/<table>/**/*.parquet')`, so ours
//! are in JSON, a line an action, as the Delta protocol's table feature `v2Checkpoint` allows.
//! Not every reader knows that feature, and who does not can't read the table any more. So
//! checkpoints are kept apart, for this program only ([`super::overlay`]), and all entries stay;
//! only where someone asked for it they are published, and entries that they stand for go.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use deltalake_core::kernel::transaction::TransactionError;
use deltalake_core::logstore::CommitOrBytes;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt as _};
use serde_json::{Value, json};

use super::overlay::LOG;
use super::protocol::with_feature;
use super::{LakeError, LakeTable};

/// Entries behind a checkpoint before there is another, if nobody says otherwise.
pub const ENTRIES_MAX: usize = 100;
/// How long files of the log stay that others stand for: a reader may have listed them.
const ENTRY_GRACE_MS: i64 = 3_600_000;
/// How long a checkpoint remembers that a file was removed.
const REMOVED_MS: i64 = 7 * 86_400_000;
/// How often a checkpoint is tried beside others who write before it is left for the next time.
const TRIES_MAX: usize = 5;
/// Entries that are read at the same time.
const READS_MAX: usize = 16;
/// The feature that allows checkpoints in JSON.
const FEATURE: &str = "v2Checkpoint";

/// How long a log may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogOptions {
    /// Entries that a reader has to go through at most.
    pub entries_max: usize,
    /// Whether checkpoints are published and entries go.
    pub is_published: bool,
}

/// The files of a log, by version.
#[derive(Debug, Default)]
struct LogFiles {
    entries: BTreeMap<u64, ObjectMeta>,
    checkpoints: BTreeMap<u64, Vec<ObjectMeta>>,
    /// Our own checkpoints, also those that the log does not show.
    own: Vec<ObjectMeta>,
    /// Whether another program made checkpoints, and keeps the log.
    is_kept_by_another: bool,
}

/// What holds at a version.
#[derive(Debug, Default)]
pub(super) struct TableState {
    protocol: Value,
    pub(super) metadata: Value,
    transactions: BTreeMap<String, Value>,
    domains: BTreeMap<String, Value>,
    pub(super) added: HashMap<String, Value>,
    removed: HashMap<String, Value>,
    /// Whether a checkpoint names files of its own, as other programs' do.
    is_kept_by_another: bool,
}

impl LakeTable {
    /// Counts the entries that a reader of the table goes through.
    ///
    /// # Errors
    /// The store's error.
    pub async fn n_entries(&self) -> Result<usize, LakeError> {
        Ok(self.list_log().await?.uncovered().count())
    }

    /// Makes the log shorter to read, if it has grown long; returns how many files of it went.
    ///
    /// # Errors
    /// Any [`LakeError`].
    pub async fn shorten_log(&self, options: LogOptions, now_ms: i64) -> Result<usize, LakeError> {
        let mut files = self.list_log().await?;
        if files.is_kept_by_another {
            return Ok(0);
        }
        let is_published = options.is_published && !self.is_log_protected;
        let options = LogOptions { is_published, ..options };
        let start = if options.is_published { files.published_start() } else { files.start() };
        if files.entries.range(start..).count() >= options.entries_max.max(1) {
            for _ in 0..TRIES_MAX {
                let is_done = self.make_checkpoint(&files, options.is_published, now_ms).await?;
                files = self.list_log().await?;
                if is_done {
                    break;
                }
            }
        }
        let n_removed = self.remove_own(&files, now_ms).await?;
        if !options.is_published {
            return Ok(n_removed);
        }
        Ok(n_removed + self.remove_covered(&files, now_ms).await?)
    }

    /// Makes a checkpoint; `false` if the table had to be allowed to have one, which adds an entry.
    async fn make_checkpoint(
        &self,
        files: &LogFiles,
        is_published: bool,
        now_ms: i64,
    ) -> Result<bool, LakeError> {
        let Some((version, entry)) = files.entries.last_key_value() else { return Ok(true) };
        let state = self.state(files.all()).await?;
        if state.is_kept_by_another {
            return Ok(true);
        }
        if is_published && !has_feature(&state.protocol) {
            self.allow_checkpoints(&state.protocol, version + 1, now_ms).await?;
            return Ok(false);
        }
        let (text, n_actions) = state.text(*version, now_ms);
        let size = text.len();
        if !is_published {
            let Some(key) = self.overlay.own_key(entry) else { return Ok(true) };
            let put = self.overlay.put(&key, Bytes::from(text).into()).await;
            return put.map(|_| true).map_err(|error| LakeError::store("put", &key, error));
        }
        let name = format!("{version:020}.checkpoint.{}.json", uuid::Uuid::new_v4());
        self.put_log(&name, text).await?;
        let hint = json!({
            "version": version, "size": n_actions,
            "v2Checkpoint": {
                "path": name, "sizeInBytes": size, "modificationTime": now_ms,
                "nonFileActions": [], "sidecarFiles": [],
            },
        });
        self.put_log("_last_checkpoint", hint.to_string()).await?;
        Ok(true)
    }

    async fn put_log(&self, name: &str, text: String) -> Result<(), LakeError> {
        let key = Path::from(LOG).join(name);
        let put = self.log_store.object_store(None).put(&key, Bytes::from(text).into()).await;
        put.map(drop).map_err(|error| LakeError::store("put", &key, error))
    }

    async fn list_log(&self) -> Result<LogFiles, LakeError> {
        let store = self.log_store.object_store(None);
        let log = Path::from(LOG);
        let failed = |error| LakeError::store("list", &log, error);
        let listed: Vec<ObjectMeta> = store.list(Some(&log)).try_collect().await.map_err(failed)?;
        let own: Vec<ObjectMeta> = self.overlay.own_files().try_collect().await.map_err(failed)?;
        let mut files = LogFiles { own, ..LogFiles::default() };
        for object in listed {
            let name = object.location.filename().unwrap_or_default();
            let Some((digits, rest)) = name.split_once('.') else { continue };
            let Some(version) = (digits.len() == 20).then(|| digits.parse().ok()).flatten() else {
                continue;
            };
            if rest == "json" {
                files.entries.insert(version, object);
            } else if rest.starts_with("checkpoint.") && rest.ends_with(".json") {
                files.checkpoints.entry(version).or_default().push(object);
            } else if rest.starts_with("checkpoint.") {
                files.is_kept_by_another = true;
            }
        }
        Ok(files)
    }

    /// Gives the table the feature that checkpoints in JSON need, unless others commit first.
    async fn allow_checkpoints(
        &self,
        protocol: &Value,
        version: u64,
        now_ms: i64,
    ) -> Result<(), LakeError> {
        let protocol = json!({ "protocol": with_feature(protocol, FEATURE) });
        let info = json!({ "commitInfo": {
            "timestamp": now_ms, "operation": "UPGRADE PROTOCOL", "operationParameters": {},
        }});
        let entry = CommitOrBytes::LogBytes(Bytes::from(format!("{info}\n{protocol}\n")));
        let operation = uuid::Uuid::new_v4();
        match self.log_store.write_commit_entry(version, entry, operation).await {
            Ok(()) | Err(TransactionError::VersionAlreadyExists(_)) => Ok(()),
            Err(error) => Err(self.failed(error.into())),
        }
    }

    /// Hands the files that tell all that holds to `each`, one after the other.
    pub(super) async fn read_log(
        &self,
        each: impl FnMut(&str, &[u8]) -> Result<(), LakeError> + Send,
    ) -> Result<(), LakeError> {
        self.read_texts(self.list_log().await?.all(), each).await
    }

    async fn read_texts(
        &self,
        objects: impl Iterator<Item = &ObjectMeta>,
        mut each: impl FnMut(&str, &[u8]) -> Result<(), LakeError> + Send,
    ) -> Result<(), LakeError> {
        let store = self.log_store.object_store(None);
        let keys: Vec<Path> = objects.map(|object| object.location.clone()).collect();
        let texts = futures::stream::iter(keys).map(|key| {
            let store = &store;
            async move {
                let failed = |error| LakeError::store("get", &key, error);
                let bytes = store.get(&key).await.map_err(failed)?.bytes().await.map_err(failed)?;
                Ok::<_, LakeError>((key.to_string(), bytes))
            }
        });
        let mut texts = std::pin::pin!(texts.buffered(READS_MAX));
        while let Some((key, text)) = texts.try_next().await? {
            each(&key, &text)?;
        }
        Ok(())
    }

    /// Reads what holds now, and at which version; `None` if another program keeps the log.
    pub(super) async fn state_now(&self) -> Result<Option<(u64, TableState)>, LakeError> {
        let files = self.list_log().await?;
        let Some((version, _)) = files.entries.last_key_value() else { return Ok(None) };
        let state = self.state(files.all()).await?;
        let is_ours = !files.is_kept_by_another && !state.is_kept_by_another;
        Ok(is_ours.then_some((*version, state)))
    }

    /// Reads what some files of the log come to.
    async fn state(
        &self,
        objects: impl Iterator<Item = &ObjectMeta>,
    ) -> Result<TableState, LakeError> {
        let mut state = TableState::default();
        self.read_texts(objects, |key, text| {
            for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                let action: Value = serde_json::from_slice(line).map_err(|error| {
                    LakeError::Unreadable { key: key.to_owned(), reason: error.to_string() }
                })?;
                state.apply(action);
            }
            Ok(())
        })
        .await?;
        Ok(state)
    }

    /// Removes checkpoints of our own that the log does not show, or that a later one stands for.
    async fn remove_own(&self, files: &LogFiles, now_ms: i64) -> Result<usize, LakeError> {
        let Some((_, last)) = files.checkpoint().filter(|(_, last)| is_old(last, now_ms)) else {
            return Ok(0);
        };
        let name = last.location.filename();
        let others = files.own.iter().filter(|object| object.location.filename() != name);
        remove(&self.overlay, others).await
    }

    /// Removes what the last published checkpoint stands for.
    async fn remove_covered(&self, files: &LogFiles, now_ms: i64) -> Result<usize, LakeError> {
        let store = self.log_store.object_store(None);
        let Some((last, _)) = files.published().filter(|(_, last)| is_old(last, now_ms)) else {
            return Ok(0);
        };
        let checkpoints = files.checkpoints.range(..last).flat_map(|(_, objects)| objects);
        let checkpoints = checkpoints.filter(|object| !files.is_own(object));
        let entries = files.entries.range(..last).map(|(_, object)| object);
        // Older ones first: a reader that sees some sees those that follow.
        remove(&store, checkpoints.chain(entries)).await
    }
}

/// Whether everyone who lists the log now has seen a checkpoint, and nobody can be at what
/// was listed before it was there.
fn is_old(checkpoint: &ObjectMeta, now_ms: i64) -> bool {
    checkpoint.last_modified.timestamp_millis() + ENTRY_GRACE_MS <= now_ms
}

/// Removes files; returns how many.
async fn remove<'f>(
    store: &dyn ObjectStore,
    files: impl Iterator<Item = &'f ObjectMeta>,
) -> Result<usize, LakeError> {
    let mut n_removed = 0;
    for object in files {
        match store.delete(&object.location).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => n_removed += 1,
            Err(error) => return Err(LakeError::store("delete", &object.location, error)),
        }
    }
    Ok(n_removed)
}

impl LogFiles {
    fn checkpoint(&self) -> Option<(u64, &ObjectMeta)> {
        let (version, objects) = self.checkpoints.last_key_value()?;
        Some((*version, objects.first()?))
    }

    /// Returns the last checkpoint that every reader sees.
    fn published(&self) -> Option<(u64, &ObjectMeta)> {
        let all = self.checkpoints.iter().rev();
        let mut published = all.filter_map(|(version, objects)| {
            Some((*version, objects.iter().find(|object| !self.is_own(object))?))
        });
        published.next()
    }

    fn is_own(&self, object: &ObjectMeta) -> bool {
        self.own.iter().any(|own| own.location.filename() == object.location.filename())
    }

    /// Returns the first version that the last checkpoint does not stand for.
    fn start(&self) -> u64 {
        self.checkpoint().map_or(0, |(version, _)| version + 1)
    }

    fn published_start(&self) -> u64 {
        self.published().map_or(0, |(version, _)| version + 1)
    }

    /// Returns the entries that no checkpoint stands for.
    fn uncovered(&self) -> impl Iterator<Item = &ObjectMeta> {
        self.entries.range(self.start()..).map(|(_, object)| object)
    }

    /// Returns what tells all that holds.
    fn all(&self) -> impl Iterator<Item = &ObjectMeta> {
        let checkpoint = self.checkpoint().map(|(_, object)| object);
        checkpoint.into_iter().chain(self.uncovered())
    }
}

impl TableState {
    /// Applies an action, as the Delta protocol reconciles them.
    fn apply(&mut self, action: Value) {
        let Value::Object(action) = action else { return };
        for (kind, value) in action {
            let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
            match (kind.as_str(), text("path"), text("appId"), text("domain")) {
                ("sidecar", ..) => self.is_kept_by_another = true,
                ("protocol", ..) => self.protocol = value,
                ("metaData", ..) => self.metadata = value,
                ("txn", _, Some(id), _) => _ = self.transactions.insert(id, value),
                ("domainMetadata", _, _, Some(domain)) => _ = self.domains.insert(domain, value),
                ("add", Some(path), ..) => {
                    self.removed.remove(&path);
                    self.added.insert(path, value);
                }
                ("remove", Some(path), ..) => {
                    self.added.remove(&path);
                    self.removed.insert(path, value);
                }
                _ => {}
            }
        }
    }

    /// Writes the checkpoint of a version, a line an action; returns also how many there are.
    fn text(&self, version: u64, now_ms: i64) -> (String, usize) {
        let is_young = |value: &&Value| {
            let at_ms = value.get("deletionTimestamp").and_then(Value::as_i64).unwrap_or(0);
            at_ms + REMOVED_MS > now_ms
        };
        let mut lines = vec![
            json!({ "checkpointMetadata": { "version": version } }),
            json!({ "protocol": self.protocol }),
            json!({ "metaData": self.metadata }),
        ];
        lines.extend(self.transactions.values().map(|value| json!({ "txn": value })));
        lines.extend(self.domains.values().map(|value| json!({ "domainMetadata": value })));
        let quiet = |value: &Value| {
            let mut value = value.clone();
            value["dataChange"] = Value::Bool(false);
            value
        };
        let mut added: Vec<_> = self.added.iter().collect();
        added.sort_by_key(|(path, _)| *path);
        lines.extend(added.into_iter().map(|(_, value)| json!({ "add": quiet(value) })));
        let removed = self.removed.values().filter(is_young);
        lines.extend(removed.map(|value| json!({ "remove": value })));
        let text = lines.iter().map(|line| format!("{line}\n")).collect();
        (text, lines.len())
    }
}

/// Whether a protocol allows checkpoints in JSON.
fn has_feature(protocol: &Value) -> bool {
    let features = protocol.get("readerFeatures").and_then(Value::as_array);
    features.is_some_and(|features| features.iter().any(|feature| feature == FEATURE))
}
