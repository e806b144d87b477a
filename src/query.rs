//! Querying: SQL over the lake's tables, within a limit of memory, reading only.
//!
//! Schema `files` holds the tables as their files are; the default schema holds views that show
//! each session once (`queries/views/*.sql`). A query sees one version of each table: the files
//! that its log named when the engine was opened. What does not fit into memory is spilled to
//! disk. This folder is the only one that names DataFusion.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::{MemorySchemaProvider, SchemaProvider as _};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::{SQLOptions, SessionContext};
use datafusion::sql::parser::{DFParserBuilder, Statement as ParsedStatement};
use futures::FutureExt as _;
use futures::stream::{self, BoxStream, StreamExt as _};

use crate::goal::Goal;
use crate::priority::RightOfWay;
use tributary_ingest::schema::Table;
use tributary_lake::Lake;

mod bounds;
#[cfg(feature = "ballista")]
mod cluster;
#[cfg(not(feature = "ballista"))]
#[path = "query/no_cluster.rs"]
mod cluster;
mod compact;
mod distinct;
pub mod duckdb;
mod effects;
mod error;
mod facts;
mod giving_way;
mod goals;
mod in_order;
mod instead;
mod joins;
mod kept;
mod late;
mod macros;
mod masks;
mod memory;
mod names;
mod numbering;
mod parameters;
mod partitions;
mod provider;
mod pseudonym;
mod scheduler;
mod scope;
mod session;
mod shared;
mod views;
mod windows;

pub use error::QueryError;
pub use facts::TableFacts;
pub use macros::MACROS;
pub use names::Names;
pub use parameters::filled_in;
pub use pseudonym::MaskKey;
pub use scheduler::Scheduler;
pub use scope::Scope;
pub use views::VIEWS;

use cluster::Cluster;
use effects::EffectsTable;
use kept::Keeper;
use provider::{LakeProvider, Place};
use session::{Runs, session};
use shared::Shared;
use views::ViewSchema;

/// The catalog of a session.
const CATALOG: &str = "datafusion";
/// The schema that holds the tables as their files are.
pub const FILES_SCHEMA: &str = "files";
/// The schema that holds the views; the default one.
const VIEWS_SCHEMA: &str = "public";
/// Whether this build can run queries on a cluster.
pub const HAS_CLUSTER: bool = cfg!(feature = "ballista");
/// Nesting of a statement at most.
const RECURSION_MAX: usize = 64;
/// The share of the memory that may be taken by what is worked out once.
const KEPT_SHARE: usize = 4;
/// Tables that are opened at the same time; each waits on a thread for another that reads.
const OPENED_MAX: usize = 4;
/// Limits of an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that queries may hold before they spill to disk.
    pub memory_bytes_max: usize,
    /// Bytes that they may spill.
    pub spill_bytes_max: u64,
    /// Parts of a query that are worked on at the same time; `None` for one a core.
    pub partitions: Option<NonZeroUsize>,
}

/// A value bound to a parameter; `None` is SQL's null of that type.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Days since the Unix epoch.
    Date(Option<i32>),
    /// Text.
    Text(Option<String>),
    /// An integer.
    Int(Option<i64>),
    /// A double.
    Float(Option<f64>),
}

/// The rows of an answer.
pub struct Rows {
    /// Their columns.
    pub schema: SchemaRef,
    /// The rows, batch by batch.
    pub batches: BoxStream<'static, Result<RecordBatch, QueryError>>,
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows").field("schema", &self.schema).finish_non_exhaustive()
    }
}

/// Answers queries over one version of the lake.
pub struct Engine {
    context: SessionContext,
    /// What views are planned with; they do not keep it themselves.
    _views: SessionContext,
    keeper: Keeper,
    tables: Vec<TableFacts>,
    /// Where queries run, if not here.
    cluster: Option<Cluster>,
    /// Tables of removal effects made so far.
    n_effects: AtomicUsize,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// Opens the lake's tables for reading; one that is not there is empty.
    /// `goals` are what counts as a conversion on the site.
    ///
    /// # Errors
    /// [`QueryError::Lake`] if a table's log can't be read.
    pub async fn open(
        lake: &Lake,
        tables: &[&'static Table],
        goals: &[Goal],
        limits: Limits,
    ) -> Result<Self, QueryError> {
        Self::open_with(lake, tables, goals, limits, Runs::Alone).await
    }

    /// Opens the lake's tables as [`Self::open`] does, for queries that stand still while somebody
    /// has the right of way.
    ///
    /// # Errors
    /// [`QueryError::Lake`] if a table's log can't be read.
    pub async fn open_beside(
        right_of_way: &Arc<RightOfWay>,
        lake: &Lake,
        tables: &[&'static Table],
        goals: &[Goal],
        limits: Limits,
    ) -> Result<Self, QueryError> {
        let runs = Runs::Beside(Arc::clone(right_of_way));
        Self::open_with(lake, tables, goals, limits, runs).await
    }

    /// Opens the lake's tables as [`Self::open`] does, for queries that run on a cluster, which
    /// works on `n_partitions` of a table at a time.
    ///
    /// # Errors
    /// [`QueryError::Lake`] if a table's log can't be read, or the cluster can't read the lake;
    /// [`QueryError::Cluster`] if this build can't speak to one.
    pub async fn open_on(
        scheduler: &Scheduler,
        n_partitions: usize,
        lake: &Lake,
        tables: &[&'static Table],
        goals: &[Goal],
        limits: Limits,
    ) -> Result<Self, QueryError> {
        let cluster = Cluster::new(lake, scheduler, n_partitions)?;
        Self::open_with(lake, tables, goals, limits, Runs::On(cluster)).await
    }

    async fn open_with(
        lake: &Lake,
        tables: &[&'static Table],
        goals: &[Goal],
        limits: Limits,
        runs: Runs,
    ) -> Result<Self, QueryError> {
        lake.check_format().await?;
        let context = session(limits, &runs)?;
        let place = match &runs {
            Runs::On(cluster) => cluster.place()?,
            Runs::Alone | Runs::Beside(_) => Place::here()?,
        };
        context.register_object_store(place.store.as_ref(), Arc::clone(lake.store()));
        let place = &place;
        let files = Arc::new(MemorySchemaProvider::new());
        let open = |table| async move { LakeProvider::open(lake, table, place.clone()).await };
        let opened: Vec<_> = tables.iter().map(|&table| open(table).boxed()).collect();
        // All of them, also if one can't be: the library's threads panic if their runtime ends.
        let opened: Vec<_> = stream::iter(opened).buffered(OPENED_MAX).collect().await;
        let mut facts = vec![];
        for provider in opened {
            let provider = provider?;
            let table = provider.facts().clone();
            files.register_table(table.table.name.to_owned(), Arc::new(provider))?;
            facts.push(table);
        }
        for (name, provider) in goals::providers(goals)? {
            files.register_table(name.to_owned(), provider)?;
        }
        let views = ViewSchema::new(&context);
        scope::register(&context, &(files as _), &(Arc::new(views) as _))?;
        let keeper = Keeper::new(&context, limits.memory_bytes_max / KEPT_SHARE);
        let n_effects = AtomicUsize::new(0);
        let cluster = match runs {
            Runs::On(cluster) => Some(cluster),
            Runs::Alone | Runs::Beside(_) => None,
        };
        let _views = context.clone();
        Ok(Self { context, _views, keeper, tables: facts, cluster, n_effects })
    }

    /// Runs one statement that reads.
    ///
    /// # Errors
    /// [`QueryError::Sql`] if the statement is wrong or does not only read.
    pub async fn run(&self, sql: &str, parameters: &[(&str, Value)]) -> Result<Rows, QueryError> {
        let mut statements = parse(sql)?;
        match (statements.pop(), statements.is_empty()) {
            (Some(statement), true) => self.run_statement(statement, parameters).await,
            _ => Err(QueryError::Sql("give exactly one statement".to_owned())),
        }
    }

    /// Runs a statement, if it only reads.
    ///
    /// # Errors
    /// [`QueryError::Sql`] if the statement is wrong or does not only read.
    pub async fn run_statement(
        &self,
        statement: Statement,
        parameters: &[(&str, Value)],
    ) -> Result<Rows, QueryError> {
        let mut statement = statement.0;
        let calls = macros::expand(&mut statement, parameters, &self.n_effects)?;
        let mut plans = vec![];
        for call in &calls {
            let effects = EffectsTable::register(&self.context, call)?;
            if let Some(walks) = &call.walks {
                plans.push((self.plan(walks.clone()).await?, Some(effects)));
            }
        }
        let answer = self.plan(statement).await;
        for call in &calls {
            // The plan holds its tables; an engine that lives long must not gather their names.
            self.context.deregister_table(call.table.as_str())?;
        }
        plans.push((answer?, None));
        self.run_plans(plans).await
    }

    /// Plans a statement that only reads; macros are replaced already.
    async fn plan(&self, statement: ParsedStatement) -> Result<LogicalPlan, QueryError> {
        let plan = self.context.state().statement_to_plan(statement).await?;
        let read_only = SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false);
        read_only.verify_plan(&plan)?;
        let (_, plan) = self.context.execute_logical_plan(plan).await?.into_parts();
        Ok(plan)
    }

    /// Runs plans of walks, each for the table of effects that come from them, and the last plan,
    /// whose rows are the answer.
    async fn run_plans(
        &self,
        plans: Vec<(LogicalPlan, Option<EffectsTable>)>,
    ) -> Result<Rows, QueryError> {
        let state = self.context.state();
        let (plans, tables): (Vec<_>, Vec<_>) = plans.into_iter().unzip();
        if let Some(cluster) = &self.cluster {
            return Ok(rows(cluster.run(&state, &plans, &tables).await?, ()));
        }
        let mut shared = Shared::find(&state, &plans)?;
        let kept = shared.work_out(&state, &self.keeper).await?;
        let mut answer = None;
        for (plan, table) in shared.plans.iter().zip(tables) {
            let plan = state.query_planner().create_physical_plan(plan, &state).await?;
            let stream = execute_stream(plan, state.task_ctx())?;
            match table {
                Some(table) => table.fill(stream).await?,
                None => answer = Some(stream),
            }
        }
        let stream = answer.ok_or_else(|| QueryError::Failed("no statement".to_owned()))?;
        Ok(rows(stream, kept))
    }
}

/// A statement that was read but not checked.
#[derive(Debug, Clone)]
pub struct Statement(ParsedStatement);

/// Splits a text into its statements.
///
/// # Errors
/// [`QueryError::Sql`] if it is no SQL, or a statement is too large.
pub fn parse(text: &str) -> Result<Vec<Statement>, QueryError> {
    bounds::check(text)?;
    let statements = DFParserBuilder::new(text)
        .with_recursion_limit(RECURSION_MAX)
        .build()
        .and_then(|mut parser| parser.parse_statements())?;
    Ok(statements.into_iter().map(Statement).collect())
}

/// Returns a stream as rows, with what it reads from.
fn rows(stream: SendableRecordBatchStream, kept: impl Send + 'static) -> Rows {
    let schema = stream.schema();
    let batches = stream.map(move |batch| {
        _ = &kept; // as long as anything is read
        batch.map_err(QueryError::from)
    });
    Rows { schema, batches: batches.boxed() }
}
