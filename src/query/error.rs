//! What can go wrong with a query, by whose doing.

use datafusion::error::DataFusionError;

use tributary_lake::LakeError;

/// How DataFusion begins to say that a query has spilled as much as it may.
const SPILLED: &str = "The used disk space during the spilling process";
/// How it begins to say which of its own settings to change, which nobody here can.
const ADVICE: &str = ". Please try";

/// Why a query has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The statement is wrong: whoever wrote it must change it.
    #[error("{0}")]
    Sql(String),
    /// The answer needs more memory or disk than it may have.
    #[error("{0}")]
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
            DataFusionError::ResourcesExhausted(reason) => {
                let reason = one_line(reason);
                Self::Resources(format!("{reason}; raise --query-memory or ask for less"))
            }
            _ if let Some(at) = message.find(SPILLED) => {
                let reason = message[at..].split(ADVICE).next().unwrap_or(SPILLED);
                Self::Resources(format!("{reason}; raise --query-spill or ask for less"))
            }
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
    fn advice_is_about_options_that_there_are() {
        let full = DataFusionError::ResourcesExhausted("a sort can't have 1 MB".to_owned());
        let advice = "Consider increasing the config 'datafusion.runtime.memory_limit'";
        let spilled = format!("{SPILLED} has exceeded 1 MB{ADVICE} increasing the config");
        for (error, expected) in [
            (
                full.context(advice),
                "a sort can't have 1 MB; raise --query-memory or ask for less".to_owned(),
            ),
            (
                std::io::Error::other(spilled).into(),
                format!("{SPILLED} has exceeded 1 MB; raise --query-spill or ask for less"),
            ),
        ] {
            let error = QueryError::from(error);
            assert!(matches!(error, QueryError::Resources(_)), "{error:?}");
            assert_eq!(error.to_string(), expected);
        }
    }

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
