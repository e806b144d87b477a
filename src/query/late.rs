//! A table whose rows come after the query that reads it was planned.

use std::sync::{Arc, OnceLock};

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;

/// Such a table.
#[derive(Debug)]
pub(super) struct LateTable {
    name: String,
    schema: SchemaRef,
    rows: OnceLock<Rows>,
}

/// The rows, of some of the columns.
#[derive(Debug)]
struct Rows {
    columns: Vec<usize>,
    table: Arc<dyn TableProvider>,
}

impl LateTable {
    /// Makes a table without rows, not even none.
    pub(super) fn new(name: String, schema: SchemaRef) -> Self {
        Self { name, schema, rows: OnceLock::new() }
    }

    /// Returns its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Provides these of its columns, once.
    pub(super) fn fill(&self, columns: Vec<usize>, table: Arc<dyn TableProvider>) {
        _ = self.rows.set(Rows { columns, table });
    }
}

#[async_trait]
impl TableProvider for LateTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let missing = || internal_datafusion_err!("{} was not worked out", self.name);
        let rows = self.rows.get().ok_or_else(missing)?;
        let all: Vec<usize> = (0..self.schema.fields().len()).collect();
        let place = |at: &usize| rows.columns.iter().position(|column| column == at);
        let projection: Option<Vec<usize>> = projection.unwrap_or(&all).iter().map(place).collect();
        rows.table.scan(state, Some(&projection.ok_or_else(missing)?), filters, limit).await
    }
}
