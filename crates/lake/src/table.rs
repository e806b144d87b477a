//! One table of the lake: creating it, committing files to it, listing them.
//!
//! A commit appends files and never looks at those that are there, so it holds no list of them:
//! memory does not grow with the table. Two writers meet at the log's next entry, which only
//! one can create; the other reads what the first one wrote and tries the entry behind it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::datatypes::SchemaRef;
use delta_kernel::snapshot::SnapshotRef;
use deltalake_core::DeltaTableError;
use deltalake_core::kernel::transaction::{CommitData, TransactionError};
use deltalake_core::kernel::{Action, Add, Snapshot, Transaction};
use deltalake_core::logstore::{CommitOrBytes, LogStoreRef, StorageConfig, default_logstore};
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use futures::TryStreamExt as _;
use object_store::ObjectStore;
use object_store::prefix::PrefixStore;
use url::Url;

use super::LakeError;
use super::NoCredentials;
use super::files::{DataFile, Listing, day, parse_day};
use super::overlay::Overlay;
use super::protocol::{Operation, marked_rows};
use super::statistics;
use super::types::delta_fields;
use tributary_ingest::schema::{DATE, Table};

/// How often a commit is tried against other writers before it is given up for now.
pub(super) const COMMIT_TRIES_MAX: usize = 50;
/// The feature that keeps the log's entries.
const LOG_PROTECTED: &str = "checkpointProtection";

/// A file to be committed.
#[derive(Debug, Clone)]
pub struct NewFile {
    /// What readers will see of it.
    pub file: DataFile,
    /// Statistics as the Delta protocol wants them, JSON.
    pub stats: String,
    /// When it was written, milliseconds since the Unix epoch.
    pub written_at_ms: i64,
}

/// A table that exists.
#[derive(Debug, Clone)]
pub struct LakeTable {
    pub(super) table: &'static Table,
    pub(super) log_store: LogStoreRef,
    pub(super) overlay: Overlay,
    /// Our columns, and behind them those of others.
    pub(super) schema: SchemaRef,
    /// Whether the log's entries may not be removed.
    pub(super) is_log_protected: bool,
    seen: Arc<Mutex<Seen>>,
}

/// What this process has seen of a table's log.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The last version.
    pub(super) version: Option<u64>,
    commit: Option<Commit>,
}

/// The last commit of an ingester through this table.
#[derive(Debug, Clone)]
struct Commit {
    ingester: String,
    sequence: u64,
    version: u64,
}

impl LakeTable {
    fn over(table: &'static Table, store: &Arc<dyn ObjectStore>) -> Self {
        let overlay = Overlay::new(Arc::clone(store), table.name);
        let log_store = log_store(table, &overlay);
        let (schema, is_log_protected, seen) = (table.schema(), false, Arc::default());
        Self { table, log_store, overlay, schema, is_log_protected, seen }
    }

    /// Creates a table that is not there.
    pub(super) async fn create(
        table: &'static Table,
        store: &Arc<dyn ObjectStore>,
    ) -> Result<Self, LakeError> {
        let this = Self::over(table, store);
        let created = CreateBuilder::new()
            .with_log_store(Arc::clone(&this.log_store))
            .with_table_name(table.name)
            .with_comment(table.doc)
            .with_columns(delta_fields(table)?)
            .with_partition_columns([DATE])
            .with_configuration([(statistics::PROPERTY, Some(statistics::names(table)))])
            .with_save_mode(SaveMode::Ignore)
            .await;
        match created {
            Ok(_) => {
                this.see(0);
                Ok(this)
            }
            // Another ingester may have been faster.
            Err(error) => match Self::open_now(table, store).await? {
                Some((found, _)) => Ok(found),
                None => Err(this.failed(error)),
            },
        }
    }

    /// Opens a table with what its log says now, whatever that is; `None` if it is not there.
    pub(super) async fn open_now(
        table: &'static Table,
        store: &Arc<dyn ObjectStore>,
    ) -> Result<Option<(Self, Snapshot)>, LakeError> {
        let mut this = Self::over(table, store);
        match Snapshot::try_new(this.log_store.as_ref(), None).await {
            Ok(snapshot) => {
                this.see(snapshot.version());
                let features = snapshot.protocol().writer_features().unwrap_or_default();
                this.is_log_protected = features.iter().any(|it| it.to_string() == LOG_PROTECTED);
                // Rows with a column of an unknown type are appended and read, but not moved.
                if let Ok(schema) = this.carried(&snapshot.schema()) {
                    this.schema = schema;
                }
                Ok(Some((this, snapshot)))
            }
            Err(DeltaTableError::NotATable(_)) => Ok(None),
            Err(error) => Err(this.failed(error)),
        }
    }

    /// Lists the files of a table's current version; `None` if it is not there.
    pub(super) async fn listing_now(
        table: &'static Table,
        store: &Arc<dyn ObjectStore>,
    ) -> Result<Option<Listing>, LakeError> {
        let Some((this, snapshot)) = Self::open_now(table, store).await? else { return Ok(None) };
        let version = snapshot.version();
        let listed = match this.permit(&snapshot, Operation::Read) {
            Ok(()) => this.list(&snapshot, |_, _| true).await,
            Err(error) => Err(error),
        };
        match listed {
            Ok(files) => Ok(Some(Listing { version, files, block: None })),
            Err(LakeError::Blocked { block, .. }) => {
                Ok(Some(Listing { version, files: vec![], block: Some(block) }))
            }
            Err(error) => Err(error),
        }
    }

    /// Returns the table's definition.
    #[must_use]
    pub fn definition(&self) -> &'static Table {
        self.table
    }

    /// Returns the last segment of `ingester` that was committed here.
    ///
    /// # Errors
    /// [`LakeError::Delta`].
    pub async fn committed(&self, ingester: &str) -> Result<Option<u64>, LakeError> {
        let (_, committed) = self.read(None, ingester).await?;
        Ok(committed)
    }

    /// Appends files made from segment `sequence` of `ingester`; `false` if that was done before.
    ///
    /// Where nobody else wrote since the last commit, the log is not read again: the entry behind
    /// that one can be created, and nobody but this ingester says what it has committed. Else the
    /// log is asked whether files may be added still.
    ///
    /// # Errors
    /// [`LakeError::Delta`], and what [`LakeError::is_block`], which leaves the table as it was.
    pub async fn commit(
        &self,
        files: &[NewFile],
        ingester: &str,
        sequence: u64,
    ) -> Result<bool, LakeError> {
        // An entry does not name its version, so each try puts the same one.
        let bytes = self.commit_bytes(files, ingester, sequence)?;
        // Creating an entry would succeed in an empty folder too, and leave a log without its start.
        let mut expected = match self.check_there().await? {
            true => self.expected(ingester, sequence),
            // Entries up to a published checkpoint are gone: one among them is read by nobody.
            false => None,
        };
        let mut snapshot = None;
        for _ in 0..COMMIT_TRIES_MAX {
            // What was seen is trusted once; where it is not true any more, the log is read.
            let version = match expected.take() {
                Some(version) => version,
                None => {
                    let (read, committed) = self.read(snapshot.take(), ingester).await?;
                    if committed.is_some_and(|committed| committed >= sequence) {
                        return Ok(false);
                    }
                    self.permit_at(&read, Operation::Append)?;
                    self.check_columns(&read)?;
                    snapshot.insert(read).version() + 1
                }
            };
            let entry = CommitOrBytes::LogBytes(bytes.clone());
            let operation = uuid::Uuid::new_v4();
            match self.log_store.write_commit_entry(version, entry, operation).await {
                Ok(()) => {
                    let ingester = ingester.to_owned();
                    let commit = Some(Commit { ingester, sequence, version });
                    *self.seen() = Seen { version: Some(version), commit };
                    return Ok(true);
                }
                // Somebody's, or our own, put by a request whose answer was lost: then the log says
                // that this segment is in.
                Err(TransactionError::VersionAlreadyExists(_)) => {}
                Err(error) => return Err(self.failed(error.into())),
            }
        }
        let tries = i32::try_from(COMMIT_TRIES_MAX).unwrap_or(i32::MAX);
        Err(self.failed(TransactionError::MaxCommitAttempts(tries).into()))
    }

    /// Returns the version that comes next, if this ingester's last commit is the last of all.
    fn expected(&self, ingester: &str, sequence: u64) -> Option<u64> {
        let seen = self.seen();
        let last = seen.commit.as_ref()?;
        let is_last = seen.version == Some(last.version);
        let is_next = is_last && last.ingester == ingester && last.sequence < sequence;
        is_next.then_some(last.version + 1)
    }

    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        // What it holds stays whole even if a holder panicked.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn see(&self, version: u64) {
        let mut seen = self.seen();
        seen.version = seen.version.max(Some(version));
    }

    /// Lists the files of the table's current version.
    ///
    /// # Errors
    /// [`LakeError::Delta`].
    pub async fn files(&self) -> Result<Vec<DataFile>, LakeError> {
        self.files_where(None, |_| true).await
    }

    /// Lists those files of a version, or of the current one, that `is_wanted` picks.
    pub(super) async fn files_where(
        &self,
        version: Option<u64>,
        is_wanted: impl Fn(&DataFile) -> bool + Send + Sync,
    ) -> Result<Vec<DataFile>, LakeError> {
        let snapshot = Snapshot::try_new(self.log_store.as_ref(), version).await;
        self.list(&snapshot.map_err(|error| self.failed(error))?, |file, _| is_wanted(file)).await
    }

    /// Lists those files of the current version that `is_wanted` picks by what they are and when
    /// they were written, milliseconds since the Unix epoch.
    pub(super) async fn files_written(
        &self,
        is_wanted: impl Fn(&DataFile, i64) -> bool + Send + Sync,
    ) -> Result<Vec<DataFile>, LakeError> {
        let snapshot = Snapshot::try_new(self.log_store.as_ref(), None).await;
        self.list(&snapshot.map_err(|error| self.failed(error))?, is_wanted).await
    }

    async fn list(
        &self,
        snapshot: &Snapshot,
        is_wanted: impl Fn(&DataFile, i64) -> bool + Send + Sync,
    ) -> Result<Vec<DataFile>, LakeError> {
        let failed = |error| self.failed(error);
        let views = snapshot.file_views(self.log_store.as_ref(), None);
        let files = views.map_err(failed).and_then(|view| {
            if view.deletion_vector_descriptor().is_some() {
                return std::future::ready(Err(self.blocked(marked_rows(self.table.name))));
            }
            let partition = view.partition_values_map();
            let date = partition.get(DATE).cloned().flatten();
            let file = DataFile {
                path: view.path().into_owned(),
                date: date.as_deref().and_then(parse_day).unwrap_or_default(),
                size: u64::try_from(view.size()).unwrap_or(0),
                n_rows: view.num_records().map(|n_rows| n_rows as u64),
            };
            let is_wanted = is_wanted(&file, view.modification_time());
            std::future::ready(Ok(is_wanted.then_some(file)))
        });
        let files = files.try_filter_map(|file| std::future::ready(Ok(file)));
        let mut files: Vec<DataFile> = files.try_collect().await?;
        files.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(files)
    }

    /// Reads the log's newest version, and what of `ingester` it holds.
    pub(super) async fn read(
        &self,
        known: Option<SnapshotRef>,
        ingester: &str,
    ) -> Result<(SnapshotRef, Option<u64>), LakeError> {
        let engine = self.log_store.engine(None);
        let root = self.log_store.root_url().clone();
        let ingester = ingester.to_owned();
        let read = tokio::task::spawn_blocking(move || {
            let builder = match known {
                Some(known) => delta_kernel::Snapshot::builder_from(known),
                None => delta_kernel::Snapshot::builder_for(root),
            };
            let snapshot = builder.build(engine.as_ref())?;
            let committed = snapshot.get_app_id_version(&ingester, engine.as_ref())?;
            Ok::<_, delta_kernel::Error>((snapshot, committed))
        });
        let read =
            read.await.map_err(|error| self.failed(DeltaTableError::Generic(error.to_string())))?;
        let (snapshot, committed) = match read {
            Ok(read) => read,
            Err(error) => {
                self.check_log().await?;
                return Err(self.failed(error.into()));
            }
        };
        // Versions only grow: another log is in the place of the one that was seen.
        if self.seen().version.is_some_and(|seen| snapshot.version() < seen) {
            return Err(self.gone());
        }
        self.see(snapshot.version());
        Ok((snapshot, committed.and_then(|version| u64::try_from(version).ok())))
    }

    fn commit_bytes(
        &self,
        files: &[NewFile],
        ingester: &str,
        sequence: u64,
    ) -> Result<bytes::Bytes, LakeError> {
        let sequence = i64::try_from(sequence)
            .map_err(|_| self.unsupported("the journal's sequence is over 2^63"))?;
        let actions = files.iter().map(|file| Action::Add(add(file))).collect();
        let operation = DeltaOperation::Write {
            mode: SaveMode::Append,
            partition_by: Some(vec![DATE.to_owned()]),
            predicate: None,
        };
        let transactions = vec![Transaction::new(ingester, sequence)];
        CommitData::new(actions, operation, HashMap::new(), transactions)
            .get_bytes()
            .map_err(|error| self.failed(error.into()))
    }

    /// Refuses a table that was changed so that rows of ours are none of it any more.
    pub(super) fn check_columns(&self, snapshot: &SnapshotRef) -> Result<(), LakeError> {
        if self.missing(&snapshot.schema())?.is_empty() {
            return Ok(());
        }
        Err(self.unsupported("its schema was changed while it was written"))
    }

    pub(super) fn failed(&self, source: DeltaTableError) -> LakeError {
        match NoCredentials::behind(&source) {
            Some(missing) => LakeError::NoCredentials(missing),
            None => LakeError::Delta { table: self.table.name, source: Box::new(source) },
        }
    }

    pub(super) fn unsupported(&self, reason: &str) -> LakeError {
        LakeError::Unsupported { table: self.table.name.to_owned(), reason: reason.to_owned() }
    }
}

/// Opens a table's log.
///
/// Its address is that of the table within the lake's own store, so that the library asks that
/// store for everything. For such an address it expects listings in order of their keys.
fn log_store(table: &Table, overlay: &Overlay) -> LogStoreRef {
    let store: Arc<dyn ObjectStore> = Arc::new(overlay.clone());
    let address = format!("tributary://lake/{}/", table.name);
    let url = Url::parse(&address).expect("a table's name is a word");
    let prefixed = Arc::new(PrefixStore::new(Arc::clone(&store), table.name));
    default_logstore(prefixed, store, &url, &StorageConfig::default())
}

/// Returns the log's words for a new file.
pub(super) fn add(new: &NewFile) -> Add {
    let date = (DATE.to_owned(), Some(day(new.file.date)));
    Add {
        path: new.file.path.clone(),
        partition_values: HashMap::from([date]),
        size: i64::try_from(new.file.size).unwrap_or(i64::MAX),
        modification_time: new.written_at_ms,
        data_change: true,
        stats: Some(new.stats.clone()),
        ..Add::default()
    }
}
