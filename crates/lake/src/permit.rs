//! Whether a table's log lets something be done: the terms are taken out of it, and the rules of
//! [`super::protocol`] decide.
//!
//! This is asked when a table is opened and at each commit that follows somebody else's, since
//! another engine may give a table features, constraints and columns at any time. It may also
//! take the whole table away: a log that was seen and is gone is not begun anew under its feet.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use delta_kernel::engine::arrow_conversion::TryIntoArrow as _;
use delta_kernel::snapshot::SnapshotRef;
use deltalake_core::kernel::{
    DataType, Metadata, MetadataValue, Protocol, Snapshot, StructField, StructType,
};
use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{ObjectStore as _, ObjectStoreExt as _};

use super::overlay::LOG;
use super::protocol::{Block, ColumnTerms, Operation, Terms};
use super::{LakeError, LakeTable};
use tributary_ingest::schema::{DATE, Table};

impl LakeTable {
    /// Tells whether files could be added now, and gives the table the columns that it lacks.
    ///
    /// # Errors
    /// One that [`LakeError::is_block`] if not, until somebody does something about it.
    pub async fn ready(&self) -> Result<(), LakeError> {
        self.check_log().await?;
        let snapshot = self.now().await?;
        if self.seen().version.is_some_and(|seen| snapshot.version() < seen) {
            return Err(self.gone());
        }
        self.admit(snapshot).await
    }

    /// The same of what the log says now.
    pub(super) async fn admit(&self, snapshot: Snapshot) -> Result<(), LakeError> {
        self.permit(&snapshot, Operation::Append)?;
        self.add_columns_to(snapshot).await
    }

    /// Refuses what the table's log does not allow.
    pub(super) fn permit(
        &self,
        snapshot: &Snapshot,
        operation: Operation,
    ) -> Result<(), LakeError> {
        self.allow(snapshot.protocol(), snapshot.metadata(), &snapshot.schema(), operation)
    }

    /// Refuses what the table's log does not allow at a version that was read for a commit.
    pub(super) fn permit_at(
        &self,
        snapshot: &SnapshotRef,
        operation: Operation,
    ) -> Result<(), LakeError> {
        let told = snapshot.table_configuration();
        self.allow(told.protocol(), told.metadata(), &snapshot.schema(), operation)
    }

    fn allow(
        &self,
        protocol: &Protocol,
        metadata: &Metadata,
        schema: &StructType,
        operation: Operation,
    ) -> Result<(), LakeError> {
        match terms(self.table, protocol, metadata, schema).block(self.table.name, operation) {
            Some(block) => Err(self.blocked(block)),
            None => Ok(()),
        }
    }

    /// Lists what can't be done with the table.
    pub(super) fn blocks(&self, snapshot: &Snapshot) -> Vec<Block> {
        let schema = snapshot.schema();
        let terms = terms(self.table, snapshot.protocol(), snapshot.metadata(), &schema);
        Operation::ALL
            .into_iter()
            .filter_map(|operation| terms.block(self.table.name, operation))
            .collect()
    }

    pub(super) fn blocked(&self, block: Block) -> LakeError {
        LakeError::Blocked { table: self.table.name, block }
    }

    pub(super) fn gone(&self) -> LakeError {
        LakeError::TableGone { table: self.table.name }
    }

    /// Refuses a table whose log this process has seen and that is gone; says whether the entry
    /// that it has seen last is there still.
    ///
    /// # Errors
    /// [`LakeError::TableGone`], or the store's error.
    pub async fn check_there(&self) -> Result<bool, LakeError> {
        let Some(version) = self.seen().version else { return Ok(true) };
        let key = Path::from(LOG).join(format!("{version:020}.json"));
        match self.log_store.object_store(None).head(&key).await {
            Ok(_) => Ok(true),
            // A published checkpoint may stand for it.
            Err(object_store::Error::NotFound { .. }) => {
                self.check_log().await?;
                Ok(false)
            }
            Err(error) => Err(LakeError::store("head", &key, error)),
        }
    }

    /// Refuses a table without a log.
    pub(super) async fn check_log(&self) -> Result<(), LakeError> {
        let log = Path::from(LOG);
        let store = self.log_store.object_store(None);
        let first = store.list(Some(&log)).try_next().await;
        match first.map_err(|error| LakeError::store("list", &log, error))? {
            Some(_) => Ok(()),
            None => Err(self.gone()),
        }
    }

    /// Returns the Arrow schema of the table's files: our columns, and behind them those that
    /// another engine added, which go with their rows wherever these are put.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Returns the names of the columns that another engine, or a later program, added.
    #[must_use]
    pub fn other_columns(&self) -> Vec<String> {
        let others = self.schema.fields().iter().skip(self.table.columns.len());
        others.map(|field| field.name().clone()).collect()
    }

    /// Refuses a table that got other columns since it was opened: rows would lose them.
    pub(super) fn check_carried(&self, schema: &StructType) -> Result<(), LakeError> {
        if self.carried(schema)? == self.schema {
            return Ok(());
        }
        Err(self.unsupported("its columns were changed while it was rewritten; run it again"))
    }

    /// Returns the schema that [`Self::schema`] has with this one in the log.
    pub(super) fn carried(&self, schema: &StructType) -> Result<SchemaRef, LakeError> {
        let own = self.table.schema();
        let mut fields: Vec<_> = own.fields().iter().map(Arc::clone).collect();
        for field in schema.fields().filter(|field| !is_own(self.table, field.name())) {
            let arrow: Field = field.try_into_arrow().map_err(|error| {
                let name = field.name();
                self.unsupported(&format!(
                    "its column {name} has a type that is not known: {error}"
                ))
            })?;
            fields.push(Arc::new(Field::new(field.name(), arrow.data_type().clone(), true)));
        }
        Ok(Arc::new(Schema::new(fields)))
    }
}

fn is_own(table: &Table, name: &str) -> bool {
    name == DATE || table.position(name).is_some()
}

/// Takes the terms out of a log.
fn terms(table: &Table, protocol: &Protocol, metadata: &Metadata, schema: &StructType) -> Terms {
    let listed = |features: Option<&[_]>| -> Vec<String> {
        features.into_iter().flatten().map(ToString::to_string).collect()
    };
    let mut columns = vec![];
    for field in schema.fields() {
        let is_own = is_own(table, field.name());
        columns
            .push(ColumnTerms { is_required: !field.is_nullable(), ..column(field, is_own, "") });
        within(field.data_type(), is_own, field.name(), &mut columns);
    }
    Terms {
        reader_version: protocol.min_reader_version(),
        writer_version: protocol.min_writer_version(),
        reader_features: listed(protocol.reader_features()),
        writer_features: listed(protocol.writer_features()),
        properties: metadata.configuration().clone(),
        columns,
    }
}

fn column(field: &StructField, is_own: bool, within: &str) -> ColumnTerms {
    let text = |value: &MetadataValue| match value {
        MetadataValue::String(text) => text.clone(),
        other => other.to_string(),
    };
    let metadata: BTreeMap<String, String> =
        field.metadata.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    let name = format!("{within}{}", field.name());
    ColumnTerms { name, is_own, is_required: false, metadata }
}

/// Adds the fields within a column, of which nothing is required where the column has no value.
fn within(kind: &DataType, is_own: bool, path: &str, columns: &mut Vec<ColumnTerms>) {
    match kind {
        DataType::Struct(object) => {
            for field in object.fields() {
                let found = column(field, is_own, &format!("{path}."));
                let path = found.name.clone();
                columns.push(found);
                within(field.data_type(), is_own, &path, columns);
            }
        }
        DataType::Array(list) => within(list.element_type(), is_own, path, columns),
        DataType::Map(map) => {
            within(map.key_type(), is_own, path, columns);
            within(map.value_type(), is_own, path, columns);
        }
        DataType::Primitive(_) | DataType::Variant(_) => {}
    }
}
