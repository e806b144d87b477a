//! Statistics for files that came without: those of an older release, or of another engine.
//!
//! ```text
//! log ─▶ files that lack statistics ─▶ footers ─▶ a commit that adds them again, with statistics
//!   ▲                                                │
//!   └────────────────────────────────────────────────┘ until none is left that can be described
//! log ─▶ columns that all files have statistics of ─▶ a commit that names these, if others were
//! ```
//!
//! What a table names ([`super::statistics::PROPERTY`]) has to be in every file, or readers find
//! no rows there. A commit is made for the version behind the one that was read, so nobody can
//! have added or removed a file in between; whoever is too late reads again. A file that is added
//! again has the same rows (`dataChange` is false), so nobody reads it twice.

use std::collections::{BTreeSet, HashSet};

use bytes::Bytes;
use deltalake_core::kernel::transaction::TransactionError;
use deltalake_core::logstore::CommitOrBytes;
use futures::StreamExt as _;
use object_store::path::Path;
use serde_json::{Value, json};

use super::files::footer;
use super::log::TableState;
use super::table::COMMIT_TRIES_MAX;
use super::{Lake, LakeError, LakeTable, statistics};

/// Files that one commit describes at most.
const FILES_MAX: usize = 1_000;
/// Footers that are read at the same time.
const FOOTERS_MAX: usize = 16;

impl LakeTable {
    /// Gives statistics to the files that lack some, and names the columns that all have them of;
    /// returns how many files were described.
    ///
    /// # Errors
    /// Any [`LakeError`] of the log; [`LakeError::Contended`] if others always commit first.
    pub async fn describe_files(&self, lake: &Lake, now_ms: i64) -> Result<usize, LakeError> {
        // Files that can't be described: without a footer, or with less than is needed in it.
        let mut unfit = HashSet::new();
        let (mut n_described, mut n_late) = (0, 0);
        while n_late < COMMIT_TRIES_MAX {
            let Some((version, state)) = self.state_now().await? else { return Ok(n_described) };
            let lacking = self.lacking(&state, &unfit);
            let (info, actions) = if lacking.is_empty() {
                let Some(metadata) = self.named(&state) else { return Ok(n_described) };
                ("SET TBLPROPERTIES", vec![json!({ "metaData": metadata })])
            } else {
                ("COMPUTE STATS", self.described(lake, lacking, &mut unfit).await)
            };
            if actions.is_empty() {
                continue;
            }
            if !self.commit_actions(version + 1, (info, now_ms), &actions).await? {
                n_late += 1;
                continue;
            }
            let n_files = actions.iter().filter(|action| action.get("add").is_some()).count();
            if n_files == 0 {
                return Ok(n_described);
            }
            n_described += n_files;
            tracing::info!(table = self.table.name, n_files, "files have statistics now");
        }
        Err(LakeError::Contended { table: self.table.name })
    }

    /// Returns the `add` actions of files that lack statistics, not too many.
    fn lacking(&self, state: &TableState, unfit: &HashSet<String>) -> Vec<Value> {
        let is_lacking = |add: &Value| {
            let stats = stats(add);
            !statistics::columns(self.table).all(|column| statistics::has(&stats, column.name))
        };
        let added = state.added.iter().filter(|(path, _)| !unfit.contains(*path));
        let lacking = added.map(|(_, add)| add).filter(|add| is_lacking(add));
        lacking.take(FILES_MAX).cloned().collect()
    }

    /// Returns the actions that add files again with statistics; notes those that have none.
    async fn described(
        &self,
        lake: &Lake,
        lacking: Vec<Value>,
        unfit: &mut HashSet<String>,
    ) -> Vec<Value> {
        let described = futures::stream::iter(lacking).map(|mut add| async move {
            let found = self.footer_stats(lake, &add).await;
            add["dataChange"] = Value::Bool(false);
            match found {
                Some(found) => add["stats"] = Value::String(found),
                None => add["stats"] = Value::Null,
            }
            add
        });
        let described: Vec<Value> = described.buffered(FOOTERS_MAX).collect().await;
        let mut actions = vec![];
        for add in described {
            let is_fit = add.get("stats").is_some_and(Value::is_string);
            match add.get("path").and_then(Value::as_str) {
                Some(path) if !is_fit => _ = unfit.insert(path.to_owned()),
                _ => actions.push(json!({ "add": add })),
            }
        }
        actions
    }

    /// Returns what a file's footer says, if that is enough.
    async fn footer_stats(&self, lake: &Lake, add: &Value) -> Option<String> {
        // What a deletion vector takes away stands in the statistics too.
        if add.get("deletionVector").is_some_and(|vector| !vector.is_null()) {
            return None;
        }
        let path = percent_encoding::percent_decode_str(add.get("path")?.as_str()?);
        let key = Path::from(format!("{}/{}", self.table.name, path.decode_utf8().ok()?));
        let size = add.get("size")?.as_u64()?;
        let metadata = match footer(lake.store().as_ref(), &key, size).await {
            Ok(metadata) => metadata?,
            Err(error) => {
                tracing::debug!(%error, "a file can't be described");
                return None;
            }
        };
        let text = statistics::stats(self.table, metadata.row_groups());
        let stats = serde_json::from_str(&text).ok()?;
        let mut columns = statistics::columns(self.table);
        columns.all(|column| statistics::has(&stats, column.name)).then_some(text)
    }

    /// Returns the metadata with the columns that all files have statistics of; `None` if it names
    /// them already.
    fn named(&self, state: &TableState) -> Option<Value> {
        let mut common: Vec<&str> =
            statistics::columns(self.table).map(|column| column.name).collect();
        for add in state.added.values() {
            let stats = stats(add);
            common.retain(|name| statistics::has(&stats, name));
        }
        let configuration = state.metadata.get("configuration");
        let property = configuration.and_then(|found| found.get(statistics::PROPERTY));
        let named = property.and_then(Value::as_str).map(statistics::parse_names);
        if named == Some(common.iter().copied().collect::<BTreeSet<_>>()) {
            return None;
        }
        let mut metadata = state.metadata.clone();
        metadata["configuration"][statistics::PROPERTY] = Value::String(common.join(","));
        Some(metadata)
    }

    /// Commits actions as this version; `false` if another commit has it.
    async fn commit_actions(
        &self,
        version: u64,
        (operation, at_ms): (&str, i64),
        actions: &[Value],
    ) -> Result<bool, LakeError> {
        let info = json!({ "commitInfo": {
            "timestamp": at_ms, "operation": operation, "operationParameters": {},
        }});
        let lines = std::iter::once(&info).chain(actions);
        let text: String = lines.map(|line| format!("{line}\n")).collect();
        let entry = CommitOrBytes::LogBytes(Bytes::from(text));
        match self.log_store.write_commit_entry(version, entry, uuid::Uuid::new_v4()).await {
            Ok(()) => Ok(true),
            Err(TransactionError::VersionAlreadyExists(_)) => Ok(false),
            Err(error) => Err(self.failed(error.into())),
        }
    }
}

/// Returns the statistics of an `add` action; null if there are none.
fn stats(add: &Value) -> Value {
    let text = add.get("stats").and_then(Value::as_str);
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}
