//! A table of the lake as DataFusion sees it: the files of one version, pruned by date.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{AsArray as _, Date32Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use chrono::DateTime;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DFSchema, Result, project_schema};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::DataFusionError;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{
    EmptyRelation, Expr, LogicalPlan, TableProviderFilterPushDown, TableType,
};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::scalar::ScalarValue;
use object_store::ObjectMeta;
use object_store::path::Path;

use super::{QueryError, TableFacts};
use tributary_ingest::schema::{DATE, Table};
use tributary_lake::{Block, DataFile, Lake, LakeError};

/// Bytes at a file's end that hold its footer, as a rule.
const FOOTER_BYTES: usize = 64 << 10;

/// Where those who run a plan find the lake.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The address of a store.
    pub(super) store: ObjectStoreUrl,
    /// The lake's own key there.
    root: Path,
}

impl Place {
    /// The store of this process, whose root is the lake.
    pub(super) fn here() -> Result<Self> {
        Self::new("tributary://lake", Path::default())
    }

    /// The lake with this key of a store.
    pub(super) fn new(store: &str, root: Path) -> Result<Self> {
        Ok(Self { store: ObjectStoreUrl::parse(store)?, root })
    }

    fn key(&self, path: &str) -> Path {
        self.root.parts().chain(Path::from(path).parts()).collect()
    }
}

/// A table at one version.
#[derive(Debug)]
pub(super) struct LakeProvider {
    table: &'static Table,
    schema: TableSchema,
    files: Vec<DataFile>,
    facts: TableFacts,
    place: Place,
    /// Why its rows can't be read, if so; whoever scans it is told.
    block: Option<Block>,
    /// What stands for a table without files, so that planning leaves out all that joins with it.
    nothing: Option<LogicalPlan>,
}

impl LakeProvider {
    /// Reads which files the table has; none if there is no such table, or its rows can't be read.
    pub(super) async fn open(
        lake: &Lake,
        table: &'static Table,
        place: Place,
    ) -> Result<Self, QueryError> {
        let listing = lake.listing(table).await?;
        let facts = TableFacts::new(table, listing.as_ref());
        let (files, block) =
            listing.map(|listing| (listing.files, listing.block)).unwrap_or_default();
        let date = Arc::new(Field::new(DATE, DataType::Date32, true));
        let schema =
            TableSchema::builder(table.schema()).with_table_partition_cols(vec![date]).build();
        let is_empty = files.is_empty() && block.is_none();
        let nothing = is_empty.then(|| nothing(schema.table_schema())).transpose()?;
        Ok(Self { table, schema, files, facts, place, block, nothing })
    }

    /// Returns what is known of the table.
    pub(super) fn facts(&self) -> &TableFacts {
        &self.facts
    }

    /// Returns the files whose date passes those filters that look at the date alone.
    fn prune(&self, state: &dyn Session, filters: &[Expr]) -> Result<Vec<&DataFile>> {
        let schema = Schema::new(vec![Field::new(DATE, DataType::Date32, true)]);
        let df_schema = DFSchema::try_from(schema.clone())?;
        let dates: Date32Array = self.files.iter().map(|file| Some(file.date)).collect();
        let batch = RecordBatch::try_new(Arc::new(schema), vec![Arc::new(dates)])?;
        let mut keep = vec![true; self.files.len()];
        for filter in filters.iter().filter(|filter| is_about_date(filter)) {
            let filter = state.create_physical_expr(filter.clone(), &df_schema)?;
            let passes = filter.evaluate(&batch)?.into_array(batch.num_rows())?;
            for (keep, passes) in keep.iter_mut().zip(passes.as_boolean()) {
                *keep &= passes.unwrap_or(false);
            }
        }
        let files = self.files.iter().zip(keep);
        Ok(files.filter(|(_, keep)| *keep).map(|(file, _)| file).collect())
    }

    fn partitioned(&self, file: &DataFile) -> PartitionedFile {
        let meta = ObjectMeta {
            location: self.place.key(&format!("{}/{}", self.table.name, file.path)),
            last_modified: DateTime::UNIX_EPOCH,
            size: file.size,
            e_tag: None,
            version: None,
        };
        PartitionedFile::new_from_meta(meta)
            .with_partition_values(vec![ScalarValue::Date32(Some(file.date))])
            .with_metadata_size_hint(FOOTER_BYTES)
    }
}

#[async_trait]
impl TableProvider for LakeProvider {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.schema.table_schema())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn get_logical_plan(&self) -> Option<Cow<'_, LogicalPlan>> {
        self.nothing.as_ref().map(Cow::Borrowed)
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        let support = |filter: &&Expr| match is_about_date(filter) {
            true => TableProviderFilterPushDown::Exact,
            false => TableProviderFilterPushDown::Inexact,
        };
        Ok(filters.iter().map(support).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if let Some(block) = &self.block {
            let (table, block) = (self.table.name, block.clone());
            let error = QueryError::Lake(LakeError::Blocked { table, block });
            return Err(DataFusionError::External(Box::new(error)));
        }
        let files = self.prune(state, filters)?;
        let files: Vec<PartitionedFile> =
            files.into_iter().map(|file| self.partitioned(file)).collect();
        if files.is_empty() {
            // A scan of no files has no partition: a cluster has no task for it, and with one core
            // a sort of it can't be planned.
            let schema = project_schema(&self.schema(), projection)?;
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let groups = FileGroup::new(files).split_files(state.config().target_partitions());
        let options = state.default_table_options().parquet;
        let source = ParquetSource::new(self.schema.clone()).with_table_parquet_options(options);
        let config = FileScanConfigBuilder::new(self.place.store.clone(), Arc::new(source))
            .with_file_groups(groups)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit.filter(|_| filters.iter().all(is_about_date)))
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

/// Returns a relation without rows.
pub(super) fn nothing(schema: &SchemaRef) -> Result<LogicalPlan> {
    let schema = Arc::new(DFSchema::try_from(Arc::clone(schema))?);
    Ok(LogicalPlan::EmptyRelation(EmptyRelation { produce_one_row: false, schema }))
}

/// Tells whether a filter looks at nothing but the date, and always gives the same answer.
fn is_about_date(filter: &Expr) -> bool {
    let columns = filter.column_refs();
    !columns.is_empty() && columns.iter().all(|column| column.name == DATE) && !filter.is_volatile()
}
