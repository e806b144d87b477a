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
    /// The cluster could not be reached, or did not bring the query to its end.
    #[error("{0}")]
    Cluster(String),
    /// Anything else.
    #[error("query failed: {0}")]
    Failed(String),
}

impl From<DataFusionError> for QueryError {
    fn from(error: DataFusionError) -> Self {
        let error = match error {
            DataFusionError::External(own) => match own.downcast() {
                Ok(own) => return *own,
                Err(other) => DataFusionError::External(other),
            },
            error => error,
        };
        let message = one_line(&error.strip_backtrace());
        match error.find_root() {
            DataFusionError::SQL(..)
            | DataFusionError::Plan(_)
            | DataFusionError::SchemaError(..)
            | DataFusionError::NotImplemented(_) => Self::Sql(message),
            DataFusionError::ResourcesExhausted(_) => Self::Resources(message),
            DataFusionError::ArrowError(..) => Self::Failed(without_values(&message)),
            _ => Self::Failed(message),
        }
    }
}

/// Keeps a message to one line.
pub(super) fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Leaves out what stands in quotes: a value that can't be cast may be a person's, and errors end
/// up in logs.
pub(super) fn without_values(message: &str) -> String {
    match message.find('\'').zip(message.rfind('\'')) {
        Some((first, last)) if first < last => {
            format!("{}…{}", &message[..=first], &message[last..])
        }
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_in_quotes_is_left_out_whatever_it_holds() {
        let message = "Cast error: Cannot cast string 'o'hara@a.example' to value of Int32 type";
        let expected = "Cast error: Cannot cast string '…' to value of Int32 type";
        assert_eq!(without_values(message), expected);
        for plain in ["Divide by zero error", "it's"] {
            assert_eq!(without_values(plain), plain);
        }
    }
}
