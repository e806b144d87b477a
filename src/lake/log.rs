//! Keeping a table's log short: checkpoints, and taking away the entries behind them.
//!
//! ```text
//! _delta_log/00000000000000000000.json … 00000000000000001207.json     entries, one a commit
//! _delta_log/00000000000000001208.checkpoint.<uuid>.json               all that holds then
//! _delta_log/_last_checkpoint                                          where to begin
//! ```
//!
//! A checkpoint in Parquet would be found by `read_parquet('LAKE/<table>/**/*.parquet')`, so ours
//! are in JSON, a line an action, as the Delta protocol's table feature `v2Checkpoint` allows.
//! A table gets that feature with its first checkpoint, when its log has grown long; readers that
//! don't know it can read shorter logs still.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use deltalake_core::kernel::transaction::TransactionError;
use deltalake_core::logstore::CommitOrBytes;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt as _};
use serde_json::{Value, json};

use super::sweep::LOG;
use super::{LakeError, LakeTable};

/// Entries that a log has before the table's first checkpoint.
pub const FIRST_ENTRIES: usize = 1000;
/// Entries behind a checkpoint before the next one.
pub const NEXT_ENTRIES: usize = 100;
/// How long entries stay that a checkpoint stands for: a reader may have listed them.
const ENTRY_GRACE_MS: i64 = 3_600_000;
/// How long a checkpoint remembers that a file was removed.
const REMOVED_MS: i64 = 7 * 86_400_000;
/// Entries that are read at the same time.
const READS_MAX: usize = 16;
/// The feature that allows checkpoints in JSON.
const FEATURE: &str = "v2Checkpoint";
/// The features that a table of writer version 2 has.
const OLD_FEATURES: [&str; 2] = ["appendOnly", "invariants"];

/// The files of a log, by version.
#[derive(Debug, Default)]
struct Files {
    entries: BTreeMap<u64, ObjectMeta>,
    checkpoints: BTreeMap<u64, Vec<ObjectMeta>>,
    /// Whether another program made checkpoints, and keeps the log.
    is_kept_by_another: bool,
}

/// What holds at a version.
#[derive(Debug, Default)]
struct State {
    protocol: Value,
    metadata: Value,
    transactions: BTreeMap<String, Value>,
    domains: BTreeMap<String, Value>,
    added: HashMap<String, Value>,
    removed: HashMap<String, Value>,
}

impl LakeTable {
    /// Counts the entries that a reader of the table goes through.
    ///
    /// # Errors
    /// The store's error.
    pub async fn n_entries(&self) -> Result<usize, LakeError> {
        Ok(self.list_log().await?.since_checkpoint().count())
    }

    /// Makes a checkpoint if the log has `n_first` entries, or some behind the last checkpoint,
    /// and removes entries that it stands for. Returns how many were removed.
    ///
    /// # Errors
    /// Any [`LakeError`].
    pub async fn shorten_log(&self, now_ms: i64, n_first: usize) -> Result<usize, LakeError> {
        let files = self.list_log().await?;
        if files.is_kept_by_another {
            return Ok(0);
        }
        let is_first = files.checkpoints.is_empty();
        let n_wanted = if is_first { n_first } else { NEXT_ENTRIES.min(n_first) };
        if files.since_checkpoint().count() < n_wanted {
            return self.remove_entries(&files, now_ms).await;
        }
        if is_first && !self.allow_checkpoints(now_ms).await? {
            return Ok(0);
        }
        let files = self.list_log().await?;
        let Some(version) = files.entries.keys().next_back().copied() else { return Ok(0) };
        let state = self.state(&files).await?;
        self.put_checkpoint(version, &state, now_ms).await?;
        self.remove_entries(&self.list_log().await?, now_ms).await
    }

    async fn list_log(&self) -> Result<Files, LakeError> {
        let store = self.log_store.object_store(None);
        let log = Path::from(LOG);
        let failed = |error| LakeError::store("list", &log, error);
        let listed: Vec<ObjectMeta> = store.list(Some(&log)).try_collect().await.map_err(failed)?;
        let mut files = Files::default();
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

    /// Gives the table the feature that checkpoints in JSON need; `false` if others were faster.
    async fn allow_checkpoints(&self, now_ms: i64) -> Result<bool, LakeError> {
        let files = self.list_log().await?;
        let state = self.state(&files).await?;
        if has_feature(&state.protocol) {
            return Ok(true);
        }
        let Some(version) = files.entries.keys().next_back() else { return Ok(false) };
        let writer_features = OLD_FEATURES.into_iter().chain([FEATURE]).collect::<Vec<_>>();
        let protocol = json!({ "protocol": {
            "minReaderVersion": 3, "minWriterVersion": 7,
            "readerFeatures": [FEATURE], "writerFeatures": writer_features,
        }});
        let info = json!({ "commitInfo": {
            "timestamp": now_ms, "operation": "UPGRADE PROTOCOL", "operationParameters": {},
        }});
        let entry = CommitOrBytes::LogBytes(Bytes::from(format!("{info}\n{protocol}\n")));
        let operation = uuid::Uuid::new_v4();
        match self.log_store.write_commit_entry(version + 1, entry, operation).await {
            Ok(()) => Ok(true),
            Err(TransactionError::VersionAlreadyExists(_)) => Ok(false),
            Err(error) => Err(self.failed(error.into())),
        }
    }

    /// Reads what holds at the log's last entry.
    async fn state(&self, files: &Files) -> Result<State, LakeError> {
        let store = self.log_store.object_store(None);
        let checkpoint = files.checkpoints.values().next_back().and_then(|found| found.first());
        let objects: Vec<&ObjectMeta> =
            checkpoint.into_iter().chain(files.since_checkpoint()).collect();
        let texts = futures::stream::iter(objects.into_iter().map(|object| {
            let store = &store;
            async move {
                let key = &object.location;
                let failed = |error| LakeError::store("get", key, error);
                let bytes = store.get(key).await.map_err(failed)?.bytes().await.map_err(failed)?;
                Ok::<_, LakeError>((key.to_string(), bytes))
            }
        }));
        let mut texts = texts.buffered(READS_MAX);
        let mut state = State::default();
        while let Some((key, text)) = texts.try_next().await? {
            for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                let action: Value = serde_json::from_slice(line).map_err(|error| {
                    LakeError::Unreadable { key: key.clone(), reason: error.to_string() }
                })?;
                state.apply(action);
            }
        }
        Ok(state)
    }

    async fn put_checkpoint(
        &self,
        version: u64,
        state: &State,
        now_ms: i64,
    ) -> Result<(), LakeError> {
        let store = self.log_store.object_store(None);
        let uuid = uuid::Uuid::new_v4();
        let name = format!("{version:020}.checkpoint.{uuid}.json");
        let (text, n_actions) = state.text(version, now_ms);
        let size = text.len();
        let put = async |name: &str, text: String| {
            let key = Path::from(LOG).join(name);
            let put = store.put(&key, Bytes::from(text).into()).await;
            put.map(drop).map_err(|error| LakeError::store("put", &key, error))
        };
        put(&name, text).await?;
        let hint = json!({
            "version": version, "size": n_actions,
            "v2Checkpoint": {
                "path": name, "sizeInBytes": size, "modificationTime": now_ms,
                "nonFileActions": [], "sidecarFiles": [],
            },
        });
        put("_last_checkpoint", hint.to_string()).await
    }

    /// Removes what stands before the last checkpoint and is old enough.
    async fn remove_entries(&self, files: &Files, now_ms: i64) -> Result<usize, LakeError> {
        let Some((last, _)) = files.checkpoints.last_key_value() else { return Ok(0) };
        let store = self.log_store.object_store(None);
        let before = files.entries.range(..last).map(|(_, object)| object);
        let checkpoints = files.checkpoints.range(..last).flat_map(|(_, objects)| objects);
        let mut n_removed = 0;
        // Older ones first: a reader that sees some sees those that follow.
        for object in checkpoints.chain(before) {
            if object.last_modified.timestamp_millis() + ENTRY_GRACE_MS > now_ms {
                continue;
            }
            match store.delete(&object.location).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => n_removed += 1,
                Err(error) => return Err(LakeError::store("delete", &object.location, error)),
            }
        }
        Ok(n_removed)
    }
}

impl Files {
    fn since_checkpoint(&self) -> impl Iterator<Item = &ObjectMeta> {
        let start = self.checkpoints.keys().next_back().map_or(0, |version| version + 1);
        self.entries.range(start..).map(|(_, object)| object)
    }
}

impl State {
    /// Applies an action, as the Delta protocol reconciles them.
    fn apply(&mut self, action: Value) {
        let Value::Object(action) = action else { return };
        for (kind, value) in action {
            let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
            match (kind.as_str(), text("path"), text("appId"), text("domain")) {
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

    /// Writes a checkpoint; returns also how many actions it has.
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

/// Tells whether a protocol allows checkpoints in JSON.
fn has_feature(protocol: &Value) -> bool {
    let features = protocol.get("readerFeatures").and_then(Value::as_array);
    features.is_some_and(|features| features.iter().any(|feature| feature == FEATURE))
}
