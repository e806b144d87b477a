//! The dashboard and the report API: reports over HTTP, for those who may see them.
//!
//! ```text
//! request ─▶ bounds ─▶ gate ─▶ parameters ─▶ version of the lake ─▶ answer of that version, if kept
//!                     (token)                                    └▶ query (threads of its own) ─▶ kept
//! ```
//!
//! Promises: only bundled reports and those of the operator's folder run, values are bound; a
//! query has limits of memory, time, rows and bytes; queries run on threads that stand behind
//! those which answer webhooks, and give way to the flush; nothing is shown without a token, and
//! to each token what it may see.

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::middleware;
use axum::routing::{get, post};
use tower_http::compression::CompressionLayer;

use crate::goal::Goal;
use crate::metrics::Metrics;
use crate::priority::RightOfWay;
use crate::report::Catalog;
use tributary_ingest::clock::Clock;
use tributary_ingest::schema::Table;

mod api;
mod assets;
mod bounds;
mod gate;
mod ingestion;
mod lake;
mod login;
mod openapi;
mod overview;
mod queries;
mod reports;
mod session;
mod snapshot;
pub mod tokens;
mod version;

pub use gate::Gate;
pub use ingestion::{Waiting, Watch};
pub use lake::LateLake;
pub use queries::Limits;

use queries::Queries;
use tokens::Role;

/// What is served, and within which limits.
#[derive(Debug)]
pub struct Settings {
    /// The lake's tables.
    pub tables: &'static [&'static Table],
    /// The reports.
    pub catalog: Catalog,
    /// What counts as a conversion on the site.
    pub goals: Vec<Goal>,
    /// Limits of queries.
    pub limits: Limits,
}

/// What the handlers share.
pub struct Web {
    catalog: Catalog,
    queries: Arc<Queries>,
    limits: Limits,
    gate: Gate,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    started_at_ms: i64,
    waiting: Watch,
}

impl fmt::Debug for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Web").field("gate", &self.gate).finish_non_exhaustive()
    }
}

impl Web {
    /// Starts the threads of queries over `lake`, which may not be there yet; they stand
    /// still while somebody has the right of way.
    ///
    /// # Errors
    /// The system's error if it gives no threads.
    pub fn start(
        settings: Settings,
        gate: Gate,
        lake: LateLake,
        right_of_way: Arc<RightOfWay>,
        clock: &Arc<dyn Clock>,
        metrics: &Arc<Metrics>,
        waiting: Watch,
    ) -> std::io::Result<Self> {
        let started_at_ms = clock.now_ms();
        let limits = settings.limits;
        let queries = Queries::start(
            lake,
            settings.tables,
            settings.goals,
            limits,
            right_of_way,
            Arc::clone(clock),
            Arc::clone(metrics),
        )?;
        Ok(Self {
            catalog: settings.catalog,
            queries: Arc::new(queries),
            limits,
            gate,
            clock: Arc::clone(clock),
            metrics: Arc::clone(metrics),
            started_at_ms,
            waiting,
        })
    }

    /// Returns the routes.
    pub fn router(self) -> Router {
        let web = Arc::new(self);
        let from = |role| middleware::from_fn_with_state(role, gate::require);
        let gated = Router::new()
            .route("/api/reports", get(reports::list))
            .route("/api/reports/{name}", get(reports::run))
            .route("/api/reports/{name}/sql", get(reports::sql).layer(from(Role::Analyst)))
            .route("/api/lake", get(overview::overview))
            .route("/api/ingestion", get(ingestion::ingestion).layer(from(Role::Admin)))
            .route("/api/openapi.json", get(openapi::document))
            .route("/api/{*rest}", get(api::no_such_path))
            .fallback(assets::page)
            .layer(middleware::from_fn_with_state(Arc::clone(&web), gate::check));
        Router::new()
            .route("/login", get(login::sign_in_by_link).post(login::sign_in))
            .route("/logout", post(login::sign_out))
            .merge(gated)
            .layer(middleware::from_fn_with_state(Arc::clone(&web), bounds::bound))
            .layer(middleware::from_fn(api::add_headers))
            .layer(CompressionLayer::new())
            .layer(middleware::from_fn(api::name_request))
            .with_state(web)
    }
}
