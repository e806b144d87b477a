//! Reports: SQL files with named parameters, and the formats in which their rows are written.

pub mod catalog;
pub mod parameter;
pub mod render;

pub use catalog::{Catalog, Report};
pub use parameter::{Kind, Parameter};

/// Why a report can't be run as asked; each names the culprit and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// There is no report of this name.
    #[error("there is no report `{name}`; there are {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// All names.
        known: String,
    },
    /// The report has no such parameter.
    #[error("report `{report}` has no parameter `{parameter}`; it has {known}")]
    NoParameter {
        /// The report.
        report: String,
        /// What was given.
        parameter: String,
        /// All parameters.
        known: String,
    },
    /// A value can't be read.
    #[error("`{value}` is no value of `{parameter}`; {remedy}")]
    Value {
        /// The parameter.
        parameter: String,
        /// What was given.
        value: String,
        /// How to write one.
        remedy: String,
    },
    /// There is no day between the two.
    #[error("`from` {from} is not before `to` {to}, the day behind the last one")]
    Days {
        /// The first day.
        from: String,
        /// The day behind the last one.
        to: String,
    },
    /// A report's file can't be used.
    #[error("{file}: {reason}")]
    File {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
}
