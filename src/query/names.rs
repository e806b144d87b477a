//! The names that a statement can use, for prompts that complete them.

use std::collections::BTreeMap;

use super::{CATALOG, Engine, FILES_SCHEMA, MACROS, QueryError, VIEWS_SCHEMA};

/// Names of tables, columns and functions.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Tables and views with their columns; those of the files' schema as `files.NAME`.
    pub tables: BTreeMap<String, Vec<String>>,
    /// Functions, and macros that stand in the place of tables.
    pub functions: Vec<String>,
}

impl Engine {
    /// Returns the names that statements can use.
    ///
    /// # Errors
    /// [`QueryError::Failed`] if a view can't be planned.
    pub async fn names(&self) -> Result<Names, QueryError> {
        let mut names = Names::default();
        for in_schema in [VIEWS_SCHEMA, FILES_SCHEMA] {
            let provider = self.context.catalog(CATALOG).and_then(|all| all.schema(in_schema));
            let Some(provider) = provider else { continue };
            for name in provider.table_names() {
                let Some(table) = provider.table(&name).await? else { continue };
                let schema = table.schema();
                let columns = schema.fields().iter().map(|field| field.name().clone());
                let name =
                    if in_schema == VIEWS_SCHEMA { name } else { format!("{in_schema}.{name}") };
                names.tables.insert(name, columns.collect());
            }
        }
        let state = self.context.state();
        let functions = state.scalar_functions().keys().chain(state.aggregate_functions().keys());
        let functions = functions.chain(state.window_functions().keys()).cloned();
        names.functions = functions.chain(MACROS.map(|(name, _)| name.to_owned())).collect();
        names.functions.sort();
        names.functions.dedup();
        Ok(names)
    }
}
