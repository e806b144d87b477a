//! Tables that an older or a newer program made.
//!
//! A column that a table does not have yet is added to its schema, and to nothing else: files
//! that were there before have nulls in it. With it goes, if it is not there yet, the name of the
//! column that has statistics in all files ([`super::statistics`]). A column that this program
//! does not know, of a later program or another engine, stays null in what it writes, and goes
//! with its rows into other files ([`super::permit`]). What it can't understand it refuses before
//! it writes anything: a table's protocol ([`super::protocol`]), a column of another type, and the
//! whole lake by its format.
//!
//! ```text
//! LAKE/_tributary/format.json     {"format": 1, "id": "…", …}; without one it is of format 1
//! ```

use std::collections::HashMap;

use bytes::Bytes;
use deltalake_core::kernel::transaction::{CommitData, TransactionError};
use deltalake_core::kernel::{Action, MetadataExt as _, Snapshot, StructField, StructType};
use deltalake_core::logstore::CommitOrBytes;
use deltalake_core::protocol::DeltaOperation;
use object_store::ObjectStoreExt as _;
use object_store::path::Path;
use serde_json::{Value, json};

use super::table::COMMIT_TRIES_MAX;
use super::types::delta_fields;
use super::{Lake, LakeError, LakeTable, statistics};

/// The layout of a lake that this program knows: names of tables and files, and what they mean.
pub const FORMAT: u64 = 1;
pub(super) const MARK: &str = "_tributary/format.json";

impl Lake {
    /// Refuses a lake of a later format than this program knows.
    ///
    /// # Errors
    /// [`LakeError::Format`], or the store's error.
    pub async fn check_format(&self) -> Result<(), LakeError> {
        let key = Path::from(MARK);
        let failed = |error| LakeError::store("get", &key, error);
        let bytes = match self.store().get(&key).await {
            Ok(found) => found.bytes().await.map_err(failed)?,
            Err(object_store::Error::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(failed(error)),
        };
        let mark: Option<Value> = serde_json::from_slice(&bytes).ok();
        match mark.as_ref().and_then(|mark| mark.get("format")).and_then(Value::as_u64) {
            Some(format) if format <= FORMAT => Ok(()),
            format => Err(LakeError::Format { location: self.location().to_string(), format }),
        }
    }

    /// Notes the lake's format and identity, if nobody has.
    pub(super) async fn note_format(&self) -> Result<(), LakeError> {
        let mark = json!({
            "format": FORMAT,
            "id": uuid::Uuid::new_v4().to_string(),
            "created_by": concat!("tributary ", env!("CARGO_PKG_VERSION")),
        });
        self.create_small(MARK, &mark).await
    }
}

impl LakeTable {
    /// Adds the columns that the table does not have yet, and names those that have statistics.
    ///
    /// # Errors
    /// [`LakeError::Unsupported`] if a column is there with another type, else [`LakeError::Delta`].
    pub async fn add_columns(&self) -> Result<(), LakeError> {
        self.add_columns_to(self.now().await?).await
    }

    /// The same, beginning with what the log says now.
    pub(super) async fn add_columns_to(&self, mut snapshot: Snapshot) -> Result<(), LakeError> {
        for _ in 0..COMMIT_TRIES_MAX {
            let missing = self.missing(&snapshot.schema())?;
            let named = self.renamed(snapshot.metadata().configuration());
            if missing.is_empty() && named.is_none() {
                return Ok(());
            }
            let bytes = self.added(&snapshot, &missing, named.as_deref())?;
            let version = snapshot.version() + 1;
            let entry = CommitOrBytes::LogBytes(bytes);
            match self.log_store.write_commit_entry(version, entry, uuid::Uuid::new_v4()).await {
                Ok(()) => {
                    self.tell(&missing, named.as_deref());
                    return Ok(());
                }
                Err(TransactionError::VersionAlreadyExists(_)) => snapshot = self.now().await?,
                Err(error) => return Err(self.failed(error.into())),
            }
        }
        Err(LakeError::Contended { table: self.table.name })
    }

    fn tell(&self, missing: &[StructField], named: Option<&str>) {
        let table = self.table.name;
        if !missing.is_empty() {
            let names: Vec<&str> = missing.iter().map(|field| field.name().as_str()).collect();
            tracing::info!(table, columns = names.join(" "), "table has new columns");
        }
        if let Some(columns) = named {
            tracing::info!(table, columns, "table names the columns that have statistics");
        }
    }

    /// Returns the columns that a table is to name as those with statistics; `None` if what it
    /// names is right.
    ///
    /// Which columns old files have is not known here: the time alone always had some. Where a
    /// later program or a person named more than this one writes, that goes.
    fn renamed(&self, configuration: &HashMap<String, String>) -> Option<String> {
        let Some(property) = configuration.get(statistics::PROPERTY) else {
            return Some(self.table.time.to_owned());
        };
        let named = statistics::parse_names(property);
        let own = statistics::columns(self.table).map(|column| column.name);
        let kept: Vec<&str> = own.filter(|name| named.contains(name)).collect();
        (kept.len() != named.len()).then(|| kept.join(","))
    }

    pub(super) async fn now(&self) -> Result<Snapshot, LakeError> {
        let snapshot = Snapshot::try_new(self.log_store.as_ref(), None).await;
        snapshot.map_err(|error| self.failed(error))
    }

    /// Returns the columns that a schema does not have.
    ///
    /// # Errors
    /// [`LakeError::Unsupported`] if it has one with another type.
    pub(super) fn missing(&self, schema: &StructType) -> Result<Vec<StructField>, LakeError> {
        let mut missing = vec![];
        for field in delta_fields(self.table)? {
            match schema.field(field.name()) {
                None => missing.push(field),
                Some(found) if is_same_kind(found, &field) => {}
                Some(found) => {
                    let reason = format!(
                        "its column {} is of type {}, here it is {}; use the program that wrote it",
                        field.name(),
                        found.data_type(),
                        field.data_type()
                    );
                    return Err(self.unsupported(&reason));
                }
            }
        }
        Ok(missing)
    }

    fn added(
        &self,
        snapshot: &Snapshot,
        missing: &[StructField],
        named: Option<&str>,
    ) -> Result<Bytes, LakeError> {
        let failed = |error: deltalake_core::kernel::Error| self.failed(error.into());
        let mut metadata = snapshot.metadata().clone();
        let mut operation = DeltaOperation::AddColumn { fields: missing.to_vec() };
        if let Some(named) = named {
            let (key, value) = (statistics::PROPERTY.to_owned(), named.to_owned());
            metadata = metadata.add_config_key(key.clone(), value.clone()).map_err(failed)?;
            if missing.is_empty() {
                let properties = HashMap::from([(key, value)]);
                operation = DeltaOperation::SetTableProperties { properties };
            }
        }
        let schema = snapshot.schema();
        let fields = schema.fields().cloned().chain(missing.iter().cloned());
        let schema = StructType::try_new(fields).map_err(|error| self.failed(error.into()))?;
        let metadata = metadata.with_schema(&schema).map_err(failed)?;
        CommitData::new(vec![Action::Metadata(metadata)], operation, HashMap::new(), vec![])
            .get_bytes()
            .map_err(|error| self.failed(error.into()))
    }
}

/// Compares types by what they are made of; comments don't count.
fn is_same_kind(left: &StructField, right: &StructField) -> bool {
    left.data_type().to_string().split('<').next()
        == right.data_type().to_string().split('<').next()
}
