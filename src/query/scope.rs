//! What somebody may see of a lake: the rows of some tenants, people's names hidden, or all of it.
//!
//! ```text
//! files of a version ─▶ rows of the tenants ─▶ views ─▶ masks ─▶ SQL
//! ```
//!
//! An engine of a scope has no other names than those at the right end, so whatever SQL it runs,
//! its filters stand below. It shares the opened tables, the memory and the disk of the engine
//! that it was made of.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use datafusion::catalog::view::ViewTable;
use datafusion::catalog::{
    MemoryCatalogProviderList, MemorySchemaProvider, SchemaProvider, TableProvider,
};
use datafusion::common::{Result, TableReference};
use datafusion::datasource::provider_as_source;
use datafusion::execution::SessionStateBuilder;
use datafusion::logical_expr::{LogicalPlanBuilder, col, lit};
use datafusion::prelude::SessionContext;

use super::masks::MaskedSchema;
use super::pseudonym::MaskKey;
use super::views::ViewSchema;
use super::{CATALOG, Engine, FILES_SCHEMA, QueryError, VIEWS_SCHEMA, goals};

/// What may be seen; everything, unless it is said otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Scope {
    /// Only rows of these tenants, and none without a tenant.
    pub tenants: Option<BTreeSet<String>>,
    /// People's names and addresses are hidden behind pseudonyms under this key.
    pub mask: Option<MaskKey>,
}

impl Scope {
    /// Tells whether everything may be seen.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.tenants.is_none() && self.mask.is_none()
    }
}

impl Engine {
    /// Makes an engine that shows a scope of what this one shows.
    ///
    /// # Errors
    /// [`QueryError::Cluster`] if queries run on a cluster, whose executors know no masks.
    pub async fn scoped(&self, scope: &Scope) -> std::result::Result<Self, QueryError> {
        if self.cluster.is_some() {
            let reason = "a cluster answers without scopes; run the query here".to_owned();
            return Err(QueryError::Cluster(reason));
        }
        let mut files = self.files()?;
        if let Some(tenants) = &scope.tenants {
            files = of_tenants(files.as_ref(), tenants).await?;
        }
        let below = beside(&self.context);
        let views: Arc<dyn SchemaProvider> = Arc::new(ViewSchema::new(&below));
        register(&below, &files, &views)?;
        let context = match &scope.mask {
            None => below.clone(),
            Some(key) => {
                let above = beside(&self.context);
                let files = MaskedSchema::new(files, Some(FILES_SCHEMA), key);
                let views = MaskedSchema::new(views, None, key);
                register(&above, &(Arc::new(files) as _), &(Arc::new(views) as _))?;
                above
            }
        };
        Ok(Self {
            keeper: self.keeper.beside(&context),
            context,
            _views: below,
            tables: self.tables.clone(),
            cluster: None,
            n_effects: AtomicUsize::new(0),
        })
    }

    fn files(&self) -> std::result::Result<Arc<dyn SchemaProvider>, QueryError> {
        let files = self.context.catalog(CATALOG).and_then(|all| all.schema(FILES_SCHEMA));
        files.ok_or_else(|| QueryError::Failed("the session has no files".to_owned()))
    }
}

/// Gives a session its two schemas.
pub(super) fn register(
    context: &SessionContext,
    files: &Arc<dyn SchemaProvider>,
    views: &Arc<dyn SchemaProvider>,
) -> std::result::Result<(), QueryError> {
    let catalog = context
        .catalog(CATALOG)
        .ok_or_else(|| QueryError::Failed("the session has no catalog".to_owned()))?;
    catalog.register_schema(FILES_SCHEMA, Arc::clone(files))?;
    catalog.register_schema(VIEWS_SCHEMA, Arc::clone(views))?;
    Ok(())
}

/// Starts a session with the settings, rules, memory and disk of another and none of its tables.
fn beside(context: &SessionContext) -> SessionContext {
    let state = context.state();
    let config = state.config().clone().with_create_default_catalog_and_schema(true);
    let state = SessionStateBuilder::new_from_existing(state)
        .with_config(config)
        .with_catalog_list(Arc::new(MemoryCatalogProviderList::new()));
    SessionContext::new_with_state(state.build())
}

/// Returns the same tables with the rows of some tenants. Goals are nobody's.
async fn of_tenants(
    files: &dyn SchemaProvider,
    tenants: &BTreeSet<String>,
) -> Result<Arc<dyn SchemaProvider>> {
    let shown = MemorySchemaProvider::new();
    for name in files.table_names() {
        let Some(table) = files.table(&name).await? else { continue };
        let table = match goals::is_relation(&name) {
            true => table,
            false => rows_of(&name, table, tenants)?,
        };
        shown.register_table(name, table)?;
    }
    Ok(Arc::new(shown))
}

fn rows_of(
    name: &str,
    table: Arc<dyn TableProvider>,
    tenants: &BTreeSet<String>,
) -> Result<Arc<dyn TableProvider>> {
    let reference = TableReference::partial(FILES_SCHEMA, name);
    let scan = LogicalPlanBuilder::scan(reference, provider_as_source(table), None)?;
    let is_theirs = match tenants.is_empty() {
        true => lit(false),
        false => col("tenant").in_list(tenants.iter().map(lit).collect(), false),
    };
    Ok(Arc::new(ViewTable::new(scan.filter(is_theirs)?.build()?, None)))
}
