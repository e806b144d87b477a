//! Putting new files in the place of others, in one commit.
//!
//! ```text
//! base ─▶ read the files, put new ones ─▶ rewrite ─▶ delete the old ones
//!  turn T                                  removes, adds, txn = T + 1
//! ```
//!
//! Rewrites of a table take turns. The turn stands in the log as a `txn` of its own name; whoever
//! read the table at turn T may only commit turn T + 1, so of two that started together one
//! starts over. Appends don't count: what `serve` commits meanwhile stays beside what is
//! rewritten. A program that takes no turns, such as another engine's `OPTIMIZE`, is noticed by
//! the files that it took away.
//!
//! New files carry the turn in their names. So a file whose turn is over and that no version
//! names can never be committed any more, and [`super::sweep`] may take it away.

use std::collections::{BTreeSet, HashMap, HashSet};

use deltalake_core::kernel::transaction::{CommitData, TransactionError};
use deltalake_core::kernel::{Action, Remove, Transaction};
use deltalake_core::logstore::CommitOrBytes;
use deltalake_core::protocol::DeltaOperation;

use super::files::day;
use super::protocol::Operation;
use super::table::{COMMIT_TRIES_MAX, add};
use super::{DataFile, LakeError, LakeTable, NewFile};
use tributary_ingest::schema::DATE;

/// The name of the `txn` that counts a table's rewrites.
const TURNS: &str = "tributary-rewrite";

/// A table as it was when a rewrite began.
#[derive(Debug, Clone)]
pub struct Base {
    /// Rewrites that were done.
    pub turn: u64,
    /// Files of the partitions that were asked for.
    pub files: Vec<DataFile>,
}

/// What is to change.
#[derive(Debug, Clone, Default)]
pub struct Rewrite {
    /// Files that go.
    pub removed: Vec<DataFile>,
    /// Files that come.
    pub added: Vec<NewFile>,
    /// Whether rows change, or only which file they lie in.
    pub data_change: bool,
    /// Wall time, milliseconds since the Unix epoch.
    pub at_ms: i64,
}

impl Rewrite {
    /// Returns what the table must allow.
    fn operation(&self) -> Operation {
        match (self.data_change && !self.removed.is_empty(), self.added.is_empty()) {
            (false, _) => Operation::Compact,
            (true, true) => Operation::Expire,
            (true, false) => Operation::Erase,
        }
    }
}

impl LakeTable {
    /// Reads the turn, and lists the files of these partitions.
    ///
    /// # Errors
    /// [`LakeError::Delta`].
    pub async fn base(&self, dates: &BTreeSet<i32>) -> Result<Base, LakeError> {
        // The turn comes first: should a rewrite come in between, ours is refused.
        let turn = self.turn().await?;
        let files = self.files_where(None, |file| dates.contains(&file.date)).await?;
        Ok(Base { turn, files })
    }

    /// Returns how many rewrites were done.
    ///
    /// # Errors
    /// [`LakeError::Delta`].
    pub async fn turn(&self) -> Result<u64, LakeError> {
        Ok(self.committed(TURNS).await?.unwrap_or(0))
    }

    /// Commits the turn behind `turn`; `false` if it was another's, and nothing was changed.
    ///
    /// # Errors
    /// [`LakeError::Delta`], and what [`LakeError::is_block`].
    pub async fn rewrite(&self, turn: u64, rewrite: &Rewrite) -> Result<bool, LakeError> {
        let (mut snapshot, mut done) = self.read(None, TURNS).await?;
        let bytes = self.rewrite_bytes(turn + 1, rewrite)?;
        let paths: HashSet<&str> = rewrite.removed.iter().map(|file| file.path.as_str()).collect();
        for _ in 0..COMMIT_TRIES_MAX {
            if done.unwrap_or(0) != turn {
                return Ok(false);
            }
            self.permit_at(&snapshot, rewrite.operation())?;
            self.check_columns(&snapshot)?;
            if !rewrite.added.is_empty() {
                self.check_carried(&snapshot.schema())?;
            }
            let is_removed = |file: &DataFile| paths.contains(file.path.as_str());
            if !paths.is_empty() {
                let found = self.files_where(Some(snapshot.version()), is_removed).await?;
                // Another engine took some away; new files would bring their rows back.
                if found.len() != paths.len() {
                    return Ok(false);
                }
            }
            let entry = CommitOrBytes::LogBytes(bytes.clone());
            let operation = uuid::Uuid::new_v4();
            match self.log_store.write_commit_entry(snapshot.version() + 1, entry, operation).await
            {
                Ok(()) => return Ok(true),
                // An append, which does not matter, or a rewrite: the turn tells which.
                Err(TransactionError::VersionAlreadyExists(_)) => {}
                Err(error) => return Err(self.failed(error.into())),
            }
            (snapshot, done) = self.read(Some(snapshot), TURNS).await?;
        }
        let tries = i32::try_from(COMMIT_TRIES_MAX).unwrap_or(i32::MAX);
        Err(self.failed(TransactionError::MaxCommitAttempts(tries).into()))
    }

    fn rewrite_bytes(&self, turn: u64, rewrite: &Rewrite) -> Result<bytes::Bytes, LakeError> {
        let turn =
            i64::try_from(turn).map_err(|_| self.unsupported("it was rewritten 2^63 times"))?;
        let removed = rewrite.removed.iter().map(|file| Action::Remove(remove(file, rewrite)));
        let added = rewrite.added.iter().map(|new| {
            let mut add = add(new);
            add.data_change = rewrite.data_change;
            Action::Add(add)
        });
        let operation = if rewrite.data_change {
            DeltaOperation::Update { predicate: None }
        } else {
            DeltaOperation::Optimize { predicate: None, target_size: 0 }
        };
        let transactions = vec![Transaction::new(TURNS, turn)];
        CommitData::new(removed.chain(added).collect(), operation, HashMap::new(), transactions)
            .get_bytes()
            .map_err(|error| self.failed(error.into()))
    }
}

fn remove(file: &DataFile, rewrite: &Rewrite) -> Remove {
    let date = (DATE.to_owned(), Some(day(file.date)));
    Remove {
        path: file.path.clone(),
        data_change: rewrite.data_change,
        deletion_timestamp: Some(rewrite.at_ms),
        extended_file_metadata: Some(true),
        partition_values: Some(HashMap::from([date])),
        size: i64::try_from(file.size).ok(),
        ..Remove::default()
    }
}
