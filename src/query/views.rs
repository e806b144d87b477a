//! The views that bundled reports and users' SQL see, one file each in `queries/views/`.
//!
//! Planning all of them takes longer than opening all tables, an eighth of the shortest report's
//! time; so a view is planned when a statement first names it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use datafusion::catalog::view::ViewTable;
use datafusion::catalog::{MemorySchemaProvider, SchemaProvider, TableProvider};
use datafusion::common::{Result, exec_datafusion_err};
use datafusion::execution::context::SessionState;
use datafusion::logical_expr::TableType;
use datafusion::optimizer::AnalyzerRule as _;
use datafusion::optimizer::analyzer::type_coercion::TypeCoercion;
use datafusion::prelude::SessionContext;

/// Names and definitions, in an order in which each finds those it uses.
pub const VIEWS: [(&str, &str); 15] = [
    ("sessions", include_str!("../../queries/views/sessions.sql")),
    ("pageviews", include_str!("../../queries/views/pageviews.sql")),
    ("utm", include_str!("../../queries/views/utm.sql")),
    ("companies", include_str!("../../queries/views/companies.sql")),
    ("people", include_str!("../../queries/views/people.sql")),
    ("identities", include_str!("../../queries/views/identities.sql")),
    ("email_validations", include_str!("../../queries/views/email_validations.sql")),
    ("raw_events", include_str!("../../queries/views/raw_events.sql")),
    ("dead_letters", include_str!("../../queries/views/dead_letters.sql")),
    ("conversions", include_str!("../../queries/views/conversions.sql")),
    ("spend", include_str!("../../queries/views/spend.sql")),
    ("visits", include_str!("../../queries/views/visits.sql")),
    ("conversion_events", include_str!("../../queries/views/conversion_events.sql")),
    ("account_facts", include_str!("../../queries/views/account_facts.sql")),
    ("touchpoints", include_str!("../../queries/views/touchpoints.sql")),
];

/// The schema of the views, which holds the tables that belong to single statements too.
pub(super) struct ViewSchema {
    tables: MemorySchemaProvider,
    planned: Mutex<HashMap<&'static str, Arc<dyn TableProvider>>>,
    /// What views are planned with, as long as the session is there: it holds this schema.
    state: Box<dyn Fn() -> Option<SessionState> + Send + Sync>,
}

impl fmt::Debug for ViewSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ViewSchema").field("tables", &self.tables).finish_non_exhaustive()
    }
}

impl ViewSchema {
    pub(super) fn new(context: &SessionContext) -> Self {
        let state = context.state_weak_ref();
        Self {
            tables: MemorySchemaProvider::new(),
            planned: Mutex::default(),
            state: Box::new(move || state.upgrade().map(|state| state.read().clone())),
        }
    }

    /// Plans a view, and with it those that it reads.
    async fn plan(&self, sql: &str) -> Result<Arc<dyn TableProvider>> {
        let state = (self.state)().ok_or_else(|| exec_datafusion_err!("the session has ended"))?;
        let plan = state.create_logical_plan(sql).await?;
        let plan = TypeCoercion::new().analyze(plan, state.config_options())?;
        Ok(Arc::new(ViewTable::new(plan, Some(sql.to_owned()))))
    }

    fn planned(&self) -> MutexGuard<'_, HashMap<&'static str, Arc<dyn TableProvider>>> {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl SchemaProvider for ViewSchema {
    fn table_names(&self) -> Vec<String> {
        let views = VIEWS.iter().map(|(name, _)| (*name).to_owned());
        views.chain(self.tables.table_names()).collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some((name, sql)) = find(name) else { return self.tables.table(name).await };
        let planned = self.planned().get(name).map(Arc::clone);
        if planned.is_some() {
            return Ok(planned);
        }
        let view = self.plan(sql).await?;
        // Another statement may have planned it meanwhile; either will do.
        self.planned().insert(name, Arc::clone(&view));
        Ok(Some(view))
    }

    async fn table_type(&self, name: &str) -> Result<Option<TableType>> {
        match find(name) {
            Some(_) => Ok(Some(TableType::View)),
            None => self.tables.table_type(name).await,
        }
    }

    fn register_table(
        &self,
        name: String,
        table: Arc<dyn TableProvider>,
    ) -> Result<Option<Arc<dyn TableProvider>>> {
        self.tables.register_table(name, table)
    }

    fn deregister_table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        self.tables.deregister_table(name)
    }

    fn table_exist(&self, name: &str) -> bool {
        find(name).is_some() || self.tables.table_exist(name)
    }
}

fn find(name: &str) -> Option<(&'static str, &'static str)> {
    VIEWS.into_iter().find(|(known, _)| *known == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn views_are_listed_without_being_planned() {
        let context = SessionContext::new_with_config(
            datafusion::prelude::SessionConfig::new().with_information_schema(true),
        );
        let schema = Arc::new(ViewSchema::new(&context));
        let catalog = context.catalog("datafusion").unwrap();
        catalog.register_schema("public", Arc::clone(&schema) as _).unwrap();
        let listed = "SELECT table_name FROM information_schema.tables WHERE table_type = 'VIEW' \
                      AND table_schema = 'public'";
        let rows = context.sql(listed).await.unwrap().count().await.unwrap();
        assert_eq!(rows, VIEWS.len());
        assert!(schema.planned().is_empty());
    }

    #[tokio::test]
    async fn a_view_that_can_not_be_planned_says_what_it_misses() {
        let context = SessionContext::new();
        let schema = ViewSchema::new(&context);
        let error = schema.table("sessions").await.unwrap_err().to_string();
        assert!(error.contains("files.sessions"), "{error}");
        drop(context);
        let error = schema.table("sessions").await.unwrap_err().to_string();
        assert!(error.contains("the session has ended"), "{error}");
    }
}
