//! What can go wrong with a query, by whose doing.

use datafusion::error::DataFusionError;

use crate::lake::LakeError;

/// Why a query has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The statement is wrong: whoever wrote it must change it.
    #[error("{0}")]
    Sql(String),
    /// The answer needs more memory or disk than it may have.
    #[error("{0}; raise --query-memory or ask for less")]
    Resources(String),
    /// The lake could not be read.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// Anything else.
    #[error("query failed: {0}")]
    Failed(String),
}

impl From<DataFusionError> for QueryError {
    fn from(error: DataFusionError) -> Self {
        let message = one_line(&error.strip_backtrace());
        match error.find_root() {
            DataFusionError::SQL(..)
            | DataFusionError::Plan(_)
            | DataFusionError::SchemaError(..)
            | DataFusionError::NotImplemented(_) => Self::Sql(message),
            DataFusionError::ResourcesExhausted(_) => Self::Resources(message),
            _ => Self::Failed(message),
        }
    }
}

/// Keeps a message to one line.
fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}
