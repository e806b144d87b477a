//! Goals as a relation that SQL can join with.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use datafusion::common::Result;
use datafusion::datasource::{MemTable, TableProvider};

use crate::goal::Goal;

/// Returns the relation `files.goals`.
pub(super) fn provider(goals: &[Goal]) -> Result<Arc<dyn TableProvider>> {
    let text = |get: fn(&Goal) -> Option<&str>| {
        Arc::new(goals.iter().map(get).collect::<StringArray>()) as ArrayRef
    };
    let int = |get: fn(&Goal) -> Option<i64>| {
        Arc::new(goals.iter().map(get).collect::<Int64Array>()) as ArrayRef
    };
    let values: Float64Array = goals.iter().map(|goal| Some(goal.value)).collect();
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("name", text(|goal| Some(&goal.name)), true),
        ("kind", text(|goal| Some(goal.kind)), true),
        ("pattern", text(|goal| goal.pattern.as_deref()), true),
        ("props_pattern", text(|goal| goal.props_pattern.as_deref()), true),
        ("value_pattern", text(|goal| goal.value_pattern.as_deref()), true),
        ("min_pages", int(|goal| goal.min_pages), true),
        ("min_seconds", int(|goal| goal.min_seconds), true),
        ("value", Arc::new(values) as ArrayRef, true),
        ("counting", text(|goal| Some(goal.counting.name())), true),
    ])?;
    Ok(Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?))
}
