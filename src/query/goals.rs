//! Goals as relations that SQL can join with: all of them, and those of each kind.
//!
//! A kind that nobody asked for is no relation at all to the planner, so that nothing is read for
//! it: the addresses of all page views, where no goal is a page.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use datafusion::catalog::view::ViewTable;
use datafusion::common::Result;
use datafusion::datasource::{MemTable, TableProvider};

use super::provider::nothing;
use crate::goal::Goal;

/// The relations of schema `files` that hold the goals of a kind.
pub(super) const BY_KIND: [(&str, &str); 3] =
    [("page_goals", "page"), ("signal_goals", "signal"), ("session_goals", "session")];

/// The relation of schema `files` that holds all of them.
const ALL: &str = "goals";

/// Tells whether a relation of schema `files` holds goals.
pub(super) fn is_relation(name: &str) -> bool {
    name == ALL || BY_KIND.iter().any(|(known, _)| *known == name)
}

/// Returns the relations of schema `files` that hold goals.
pub(super) fn providers(goals: &[Goal]) -> Result<Vec<(&'static str, Arc<dyn TableProvider>)>> {
    let all = rows(goals)?;
    let schema = all.schema();
    let of_kinds = BY_KIND.map(|(name, kind)| {
        let goals: Vec<Goal> = goals.iter().filter(|goal| goal.kind == kind).cloned().collect();
        let provider: Arc<dyn TableProvider> = match goals.as_slice() {
            [] => Arc::new(ViewTable::new(nothing(&schema)?, None)),
            goals => table(rows(goals)?)?,
        };
        Ok((name, provider))
    });
    std::iter::once(Ok((ALL, table(all)?))).chain(of_kinds).collect()
}

fn table(rows: RecordBatch) -> Result<Arc<dyn TableProvider>> {
    Ok(Arc::new(MemTable::try_new(rows.schema(), vec![vec![rows]])?))
}

fn rows(goals: &[Goal]) -> Result<RecordBatch> {
    let text = |get: fn(&Goal) -> Option<&str>| {
        Arc::new(goals.iter().map(get).collect::<StringArray>()) as ArrayRef
    };
    let int = |get: fn(&Goal) -> Option<i64>| {
        Arc::new(goals.iter().map(get).collect::<Int64Array>()) as ArrayRef
    };
    let values: Float64Array = goals.iter().map(|goal| Some(goal.value)).collect();
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("name", text(|goal| Some(&goal.name)), true),
        ("kind", text(|goal| Some(goal.kind)), true),
        ("pattern", text(|goal| goal.pattern.as_deref()), true),
        ("props_pattern", text(|goal| goal.props_pattern.as_deref()), true),
        ("value_pattern", text(|goal| goal.value_pattern.as_deref()), true),
        ("min_pages", int(|goal| goal.min_pages), true),
        ("min_seconds", int(|goal| goal.min_seconds), true),
        ("value", Arc::new(values) as ArrayRef, true),
        ("counting", text(|goal| Some(goal.counting.name())), true),
    ])?)
}
