//! The lake at one version, as each of those sees it who may see some of it.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::version;
use crate::query::{Engine, QueryError, Scope};
use tributary_lake::Lake;

/// Scopes whose engines are kept, the last used ones; each holds plans of views and no rows.
const SCOPES_MAX: usize = 16;

/// The lake at one version.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// What those see who may see everything.
    whole: Arc<View>,
    /// What others see, the last used last.
    scoped: Mutex<Vec<Arc<View>>>,
}

/// What somebody sees of it.
#[derive(Debug)]
pub(super) struct View {
    /// What queries it.
    pub(super) engine: Engine,
    /// The lake's version, and how it is read.
    pub(super) version: String,
    /// Names all that an answer depends on but its question: no other scope has this name.
    pub(super) name: String,
    /// How much of the lake it is.
    pub(super) scope: Scope,
}

impl View {
    fn new(engine: Engine, version: String, scope: Scope) -> Arc<Self> {
        let name = version::of_view(&version, &scope);
        Arc::new(Self { engine, version, name, scope })
    }
}

impl Snapshot {
    /// Takes an engine that shows everything; `reading` names how it reads.
    pub(super) fn new(engine: Engine, reading: &str) -> Self {
        let version = version::of_lake(engine.tables(), reading);
        Self { whole: View::new(engine, version, Scope::default()), scoped: Mutex::default() }
    }

    /// Tells whether nobody has written to the lake since.
    pub(super) async fn is_current(&self, lake: &Lake) -> Result<bool, QueryError> {
        self.whole.engine.is_current(lake).await
    }

    /// Returns what a scope shows.
    pub(super) async fn view(&self, scope: &Scope) -> Result<Arc<View>, QueryError> {
        if scope.is_everything() {
            return Ok(Arc::clone(&self.whole));
        }
        let mut scoped = self.scoped.lock().await;
        let view = match scoped.iter().position(|view| view.scope == *scope) {
            Some(at) => scoped.remove(at),
            None => {
                let engine = self.whole.engine.scoped(scope).await?;
                View::new(engine, self.whole.version.clone(), scope.clone())
            }
        };
        if scoped.len() >= SCOPES_MAX {
            scoped.remove(0);
        }
        scoped.push(Arc::clone(&view));
        Ok(view)
    }
}
