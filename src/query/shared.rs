//! What a query needs more than once is worked out once, before it runs.
//!
//! SQL repeats the plan of a view or common table expression wherever its name stands, and the
//! views that tell who a visitor is stand below everything that attributes. Such parts are found
//! in the plans by being equal. Of each the columns that are read are worked out in one pass and
//! kept: in memory as far as that goes, else in a file.
//!
//! A part is shared only if it joins or groups, and only if the optimizer leaves more than one
//! place that reads it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::catalog::TableProvider as _;
use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::common::{Column, Result};
use datafusion::datasource::provider_as_source;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, SubqueryAlias};
use datafusion::physical_plan::execute_stream;

use super::QueryError;
use super::kept::{Keeper, Kept};
use super::late::LateTable;

/// Optimized plans, and the parts that they share.
#[derive(Debug)]
pub(super) struct Shared {
    /// The plans, in the order given.
    pub(super) plans: Vec<LogicalPlan>,
    /// Those parts that rest on no others first.
    parts: Vec<Part>,
}

/// A part that is to be worked out.
#[derive(Debug)]
pub(super) struct ToDo {
    /// The columns that are read.
    pub(super) columns: Vec<usize>,
    /// The optimized plan of these.
    pub(super) plan: LogicalPlan,
    /// The table to fill.
    pub(super) table: Arc<LateTable>,
}

/// A part of plans that stands in several places.
#[derive(Debug)]
struct Part {
    key: Key,
    /// What stands there instead.
    table: Arc<LateTable>,
    /// Works it out; shared parts in it are replaced.
    plan: LogicalPlan,
    /// The columns that are read, and the optimized plan of these; none if nobody reads it.
    read: Option<(Vec<usize>, LogicalPlan)>,
}

impl Shared {
    /// Finds what plans share, and optimizes all.
    pub(super) fn find(state: &SessionState, plans: &[LogicalPlan]) -> Result<Self> {
        let mut alone = HashSet::new();
        loop {
            let mut sharing = Sharing::new(state, &alone);
            for plan in plans {
                sharing.count(plan)?;
            }
            let replaced = plans.iter().map(|plan| sharing.replace(plan.clone()));
            let replaced = replaced.collect::<Result<Vec<_>>>()?;
            let parts = sharing.parts;
            let mut shared = Self { plans: vec![], parts };
            for plan in &replaced {
                shared.plans.push(state.optimize(plan)?);
            }
            let found = shared.narrow(state)?;
            if found.is_empty() {
                return Ok(shared);
            }
            alone.extend(found);
        }
    }

    /// Leaves of each part the columns that are read. Returns the parts read in one place only.
    fn narrow(&mut self, state: &SessionState) -> Result<Vec<Key>> {
        let mut alone = vec![];
        // From the top down: a part rests on those before it only.
        for at in (0..self.parts.len()).rev() {
            let (before, after) = self.parts.split_at_mut(at + 1);
            let part = &mut before[at];
            let others = after.iter().filter_map(|part| Some(&part.read.as_ref()?.1));
            let mut reads = Reads::default();
            for plan in self.plans.iter().chain(others) {
                reads.add(plan, &part.table)?;
            }
            if reads.n_places == 1 {
                alone.push(part.key.clone());
            }
            if reads.n_places > 0 {
                let columns: Vec<usize> = reads.columns.into_iter().collect();
                let plan = state.optimize(&only(&part.plan, &columns)?)?;
                part.read = Some((columns, plan));
            }
        }
        Ok(alone)
    }

    /// Hands out the parts that are to be worked out, in an order in which each rests on those
    /// before it only.
    pub(super) fn take_parts(&mut self) -> impl Iterator<Item = ToDo> + use<> {
        let parts = std::mem::take(&mut self.parts).into_iter();
        parts.filter_map(|part| {
            let (columns, plan) = part.read?;
            Some(ToDo { columns, plan, table: part.table })
        })
    }

    /// Works out the parts; they are kept as long as what is returned.
    pub(super) async fn work_out(
        &mut self,
        state: &SessionState,
        keeper: &Keeper,
    ) -> std::result::Result<Vec<Kept>, QueryError> {
        let mut all = vec![];
        for part in self.take_parts() {
            let plan = state.query_planner().create_physical_plan(&part.plan, state).await?;
            let kept = keeper.keep(execute_stream(plan, state.task_ctx())?).await?;
            part.table.fill(part.columns, Arc::clone(&kept.table));
            all.push(kept);
        }
        Ok(all)
    }
}

/// Returns the plan of some of a plan's columns.
fn only(plan: &LogicalPlan, columns: &[usize]) -> Result<LogicalPlan> {
    let column = |at: &usize| Expr::Column(Column::from(plan.schema().qualified_field(*at)));
    LogicalPlanBuilder::from(plan.clone()).project(columns.iter().map(column))?.build()
}

/// Where and what of a table is read.
#[derive(Default)]
struct Reads {
    n_places: usize,
    columns: BTreeSet<usize>,
}

impl Reads {
    /// Adds what an optimized plan reads; of each place at least one column.
    fn add(&mut self, plan: &LogicalPlan, table: &LateTable) -> Result<()> {
        plan.apply_with_subqueries(|node| {
            if let LogicalPlan::TableScan(scan) = node
                && scan.table_name.table() == table.name()
            {
                self.n_places += 1;
                match &scan.projection {
                    Some(projection) => self.columns.extend(projection),
                    None => self.columns.extend(0..table.schema().fields().len()),
                }
                if self.columns.is_empty() {
                    self.columns.insert(0);
                }
            }
            Ok(TreeNodeRecursion::Continue)
        })
        .map(drop)
    }
}

/// Looks for parts and puts tables in their places.
struct Sharing<'s> {
    state: &'s SessionState,
    /// Parts that are not worth it.
    alone: &'s HashSet<Key>,
    n_places: HashMap<Key, usize>,
    tables: HashMap<Key, Arc<LateTable>>,
    parts: Vec<Part>,
}

impl<'s> Sharing<'s> {
    fn new(state: &'s SessionState, alone: &'s HashSet<Key>) -> Self {
        let (n_places, tables) = (HashMap::new(), HashMap::new());
        Self { state, alone, n_places, tables, parts: vec![] }
    }

    /// Counts the places of each part; what is within a part counts once.
    fn count(&mut self, plan: &LogicalPlan) -> Result<()> {
        plan.apply_with_subqueries(|node| match node {
            LogicalPlan::RecursiveQuery(_) => Ok(TreeNodeRecursion::Jump),
            LogicalPlan::SubqueryAlias(alias) if is_candidate(alias) => {
                let key = Key(Arc::clone(&alias.input));
                let is_alone = self.alone.contains(&key);
                let n_places = self.n_places.entry(key).or_default();
                *n_places += 1;
                match *n_places > 1 && !is_alone {
                    true => Ok(TreeNodeRecursion::Jump),
                    false => Ok(TreeNodeRecursion::Continue),
                }
            }
            _ => Ok(TreeNodeRecursion::Continue),
        })
        .map(drop)
    }

    fn replace(&mut self, plan: LogicalPlan) -> Result<LogicalPlan> {
        let replaced = plan.transform_down_with_subqueries(|node| match node {
            LogicalPlan::RecursiveQuery(_) => {
                Ok(Transformed::new(node, false, TreeNodeRecursion::Jump))
            }
            LogicalPlan::SubqueryAlias(alias) if is_candidate(&alias) => {
                let key = Key(Arc::clone(&alias.input));
                if !self.is_shared(&key)? {
                    return Ok(Transformed::no(LogicalPlan::SubqueryAlias(alias)));
                }
                let table = self.table(key)?;
                let source = provider_as_source(Arc::clone(&table) as _);
                let scan = LogicalPlanBuilder::scan(table.name(), source, None)?;
                let plan = scan.alias(alias.alias)?.build()?;
                Ok(Transformed::new(plan, true, TreeNodeRecursion::Jump))
            }
            _ => Ok(Transformed::no(node)),
        })?;
        Ok(replaced.data)
    }

    fn is_shared(&self, key: &Key) -> Result<bool> {
        let n_places = self.n_places.get(key).copied().unwrap_or_default();
        Ok(n_places > 1 && !self.alone.contains(key) && is_worth_it(&key.0)?)
    }

    /// Returns the table that stands for a part.
    fn table(&mut self, key: Key) -> Result<Arc<LateTable>> {
        if let Some(table) = self.tables.get(&key) {
            return Ok(Arc::clone(table));
        }
        let plan = self.replace(LogicalPlan::clone(&key.0))?;
        // Types are settled here; what is planned by name alone may still change them.
        let options = self.state.config_options();
        let plan = self.state.analyzer().execute_and_check(plan, options, |_, _| {})?;
        let name = format!("shared_{}", self.parts.len());
        let table = Arc::new(LateTable::new(name, Arc::clone(plan.schema().inner())));
        self.tables.insert(key.clone(), Arc::clone(&table));
        self.parts.push(Part { key, table: Arc::clone(&table), plan, read: None });
        Ok(table)
    }
}

/// A plan to look up by what it is. Its hash is that of its columns' names: to hash the whole
/// would cost more than to compare the few whose columns have the same names.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key(Arc<LogicalPlan>);

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for field in self.0.schema().fields() {
            field.name().hash(state);
        }
    }
}

/// Tells whether a name may stand for a part: of several names for the same the innermost.
fn is_candidate(alias: &SubqueryAlias) -> bool {
    !matches!(*alias.input, LogicalPlan::SubqueryAlias(_) | LogicalPlan::TableScan(_))
}

/// Tells whether a part is costly, and means the same wherever it stands.
fn is_worth_it(plan: &LogicalPlan) -> Result<bool> {
    let mut is_costly = false;
    let mut is_the_same = true;
    plan.apply_with_subqueries(|node| {
        is_costly |= matches!(
            node,
            LogicalPlan::Join(_) | LogicalPlan::Aggregate(_) | LogicalPlan::Distinct(_)
        );
        is_the_same &= !node.contains_outer_reference();
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(is_costly && is_the_same && has_own_names(plan))
}

/// Tells whether no two columns have the same name, as a table's must not.
fn has_own_names(plan: &LogicalPlan) -> bool {
    let mut names = HashSet::new();
    plan.schema().fields().iter().all(|field| names.insert(field.name()))
}

#[cfg(test)]
mod tests {
    use arrow::util::pretty::pretty_format_batches;
    use datafusion::physical_plan::collect;
    use datafusion::prelude::{SessionConfig, SessionContext};

    use super::*;

    const MEMORY: usize = 1 << 20;

    async fn context() -> SessionContext {
        let config = SessionConfig::new().with_target_partitions(2);
        let context = SessionContext::new_with_config(config);
        for statement in [
            "CREATE TABLE visits AS SELECT * FROM (VALUES
                (1, 'ann', 'a'), (2, 'bob', 'b'), (3, 'ann', 'c'), (4, NULL, 'd')
             ) AS v (id, person, page)",
            "CREATE VIEW people AS
             SELECT person, count(*) AS visits, max(page) AS last, min(page) AS first
             FROM visits GROUP BY person",
        ] {
            context.sql(statement).await.unwrap().collect().await.unwrap();
        }
        context
    }

    /// Returns the columns worked out of each shared part, and the answer's lines.
    async fn answer(sql: &str, memory: usize) -> (Vec<Vec<String>>, Vec<String>) {
        let context = context().await;
        let state = context.state();
        let plan = state.create_logical_plan(sql).await.unwrap();
        let mut shared = Shared::find(&state, &[plan]).unwrap();
        let read = shared.parts.iter().filter_map(|part| part.read.as_ref());
        let names = |plan: &LogicalPlan| plan.schema().field_names();
        let columns = read.map(|(_, plan)| names(plan)).collect();
        let kept = shared.work_out(&state, &Keeper::new(&context, memory)).await.unwrap();
        let plan = state.query_planner().create_physical_plan(&shared.plans[0], &state);
        let batches = collect(plan.await.unwrap(), state.task_ctx()).await.unwrap();
        drop(kept);
        let mut lines: Vec<String> = pretty_format_batches(&batches)
            .unwrap()
            .to_string()
            .lines()
            .map(str::to_owned)
            .collect();
        lines.sort();
        let plain = context.sql(sql).await.unwrap().collect().await.unwrap();
        let mut expected: Vec<String> =
            pretty_format_batches(&plain).unwrap().to_string().lines().map(str::to_owned).collect();
        expected.sort();
        assert_eq!(lines, expected, "{sql}");
        (columns, lines)
    }

    #[tokio::test]
    async fn what_stands_twice_is_worked_out_once_with_the_columns_read() {
        let sql = "SELECT a.person, b.last FROM people AS a JOIN people AS b ON a.last = b.last";
        let (columns, _) = answer(sql, MEMORY).await;
        assert_eq!(columns, [["visits.person", "last"]]);
    }

    #[tokio::test]
    async fn beyond_the_memory_it_is_read_from_a_file() {
        let sql = "WITH seen AS (SELECT person, count(*) AS n FROM visits GROUP BY person)
                   SELECT * FROM seen UNION ALL SELECT person, n + 1 FROM seen";
        for memory in [0, MEMORY] {
            let (columns, lines) = answer(sql, memory).await;
            assert_eq!(columns.len(), 1);
            assert_eq!(lines.len(), 10, "three people twice, and the frame");
        }
    }

    #[tokio::test]
    async fn what_is_read_once_or_is_cheap_or_differs_is_not_shared() {
        for sql in [
            "SELECT * FROM people",
            "WITH p AS (SELECT * FROM people), q AS (SELECT * FROM people WHERE false)
             SELECT * FROM p UNION ALL SELECT * FROM q",
            "WITH p AS (SELECT page FROM visits WHERE id > 1)
             SELECT * FROM p AS a CROSS JOIN p AS b",
            "WITH p AS (SELECT person, count(*) AS n FROM visits WHERE id < 3 GROUP BY person),
                  q AS (SELECT person, count(*) AS n FROM visits WHERE id < 4 GROUP BY person)
             SELECT * FROM p UNION ALL SELECT * FROM q",
            "SELECT id FROM visits AS o
             WHERE EXISTS (SELECT * FROM (SELECT DISTINCT person FROM visits AS i
                                          WHERE i.person = o.person) AS p)
               AND NOT EXISTS (SELECT * FROM (SELECT DISTINCT person FROM visits AS i
                                          WHERE i.person = o.person) AS p WHERE person = 'bob')",
        ] {
            assert!(answer(sql, MEMORY).await.0.is_empty(), "{sql}");
        }
    }

    #[tokio::test]
    async fn a_part_within_parts_is_worked_out_once_too() {
        let sql = "WITH pairs AS (
                       SELECT a.person, b.visits FROM people AS a JOIN people AS b USING (first)
                   )
                   SELECT p.person, q.visits FROM pairs AS p JOIN pairs AS q USING (person)";
        let (columns, _) = answer(sql, MEMORY).await;
        assert_eq!(columns.len(), 2, "{columns:?}");
    }
}
