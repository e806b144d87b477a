//! What goes wrong with a cluster, in one line for a person.

use datafusion::error::DataFusionError;

use super::super::error::{one_line, without_values};
use super::{QueryError, Scheduler};

/// Characters of a cluster's own words at most.
const WORDS_MAX: usize = 400;
/// What executors say when they need more memory.
const OUT_OF_MEMORY: &str = "Resources exhausted";

/// Why an attempt at a query ended.
#[derive(Debug)]
pub(super) enum Failure {
    /// An executor went away with rows that are needed; worth another attempt.
    Lost(String),
    /// Anything else.
    Other(QueryError),
}

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Self {
        Self::Other(error)
    }
}

impl From<DataFusionError> for Failure {
    fn from(error: DataFusionError) -> Self {
        Self::Other(error.into())
    }
}

/// Returns the error of a scheduler.
pub(super) fn of(scheduler: &Scheduler, reason: &str) -> QueryError {
    QueryError::Cluster(format!("scheduler {scheduler}: {}", short(reason)))
}

/// Returns the error of a job that failed.
pub(super) fn of_job(scheduler: &Scheduler, reason: &str) -> QueryError {
    // A value that can't be cast may be a person's, and errors end up in logs.
    let is_of_values = ["Cast error", "Arrow error", "ArrowError"];
    let reason = match is_of_values.iter().any(|words| reason.contains(words)) {
        true => without_values(reason),
        false => reason.to_owned(),
    };
    let remedy = match reason.contains(OUT_OF_MEMORY) {
        true => "; give executors more memory (--memory-pool-size), or raise --partitions",
        false => "",
    };
    of(scheduler, &format!("{}{remedy}", short(&reason)))
}

/// Returns the error of a plan that can't be sent.
pub(super) fn not_encoded(error: DataFusionError) -> QueryError {
    let reason = short(&error.strip_backtrace());
    QueryError::Sql(format!("can't run on a cluster, use --engine local: {reason}"))
}

/// Returns the error of an answer that can't be understood.
pub(super) fn not_understood(error: &dyn std::fmt::Display) -> QueryError {
    QueryError::Cluster(short(&format!("answer of the scheduler not understood: {error}")))
}

/// Keeps to one line of bearable length.
fn short(text: &str) -> String {
    let line = one_line(text);
    match line.char_indices().nth(WORDS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(reason: &str) -> String {
        of_job(&"df://host:1".parse().unwrap(), reason).to_string()
    }

    #[test]
    fn a_failed_job_is_one_line_without_values() {
        let line = job("Task failed:\n Cast error: Cannot cast string 'a@b.example' to Int64");
        let cause = "Task failed: Cast error: Cannot cast string '…' to Int64";
        assert_eq!(line, format!("scheduler df://host:1: {cause}"));
        assert!(job("Resources exhausted: 1 GB").contains("--memory-pool-size"));
        assert!(job(&"x".repeat(5000)).chars().count() < 500);
    }
}
