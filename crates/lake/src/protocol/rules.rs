//! The features that ask something of this program: when they are active, what they keep from
//! being done, and what puts it right.
//!
//! Facts and names are those of the Delta protocol; how to switch a feature off is written in the
//! SQL of engines that have it.

use super::{COLUMN_MAPPING, Operation};

const CONSTRAINTS: &str = "delta.constraints.";

/// When a feature is active.
#[derive(Debug, Clone, Copy)]
pub(super) enum Active {
    /// A property is `true`.
    Property(&'static str),
    /// It is listed, and no property suspends it.
    Unless(&'static str),
    /// A property has a name that begins so.
    AnyProperty(&'static str),
    /// A column has such metadata.
    Column(&'static str),
    /// A column that this program does not write has such metadata.
    OtherColumn(&'static str),
    /// A column must have a value.
    Required,
    /// Columns have other names in files, or numbers.
    Mapping,
}

/// A feature and what it keeps from being done while it is active.
pub(super) struct Rule {
    pub(super) feature: &'static str,
    pub(super) active: Active,
    pub(super) stops: &'static [Operation],
    pub(super) reason: &'static str,
    /// `{table}` and `{what}`, a property or a column, are filled in.
    pub(super) remedy: &'static str,
}

const COMMITS: &[Operation] =
    &[Operation::Append, Operation::Compact, Operation::Expire, Operation::Erase];

pub(super) const RULES: [Rule; 15] = [
    Rule {
        feature: "appendOnly",
        active: Active::Property("delta.appendOnly"),
        stops: &[Operation::Expire, Operation::Erase],
        reason: "no row may leave the table",
        remedy: SWITCH_OFF,
    },
    Rule {
        feature: "invariants",
        active: Active::Column("delta.invariants"),
        stops: &[Operation::Append],
        reason: "each row of column {what} would have to be checked",
        remedy: "take `delta.invariants` from the metadata of column {what}",
    },
    Rule {
        feature: "NOT NULL",
        active: Active::Required,
        stops: &[Operation::Append],
        reason: "column {what} must have a value in each row",
        remedy: "ALTER TABLE {table} ALTER COLUMN {what} DROP NOT NULL",
    },
    Rule {
        feature: "checkConstraints",
        active: Active::AnyProperty(CONSTRAINTS),
        stops: &[Operation::Append],
        reason: "constraint {what} would have to be checked for each row",
        remedy: "ALTER TABLE {table} DROP CONSTRAINT {what}",
    },
    Rule {
        feature: "changeDataFeed",
        active: Active::Property("delta.enableChangeDataFeed"),
        stops: &[Operation::Erase],
        reason: "each row that goes would have to be written to the feed",
        remedy: SWITCH_OFF,
    },
    Rule {
        feature: "generatedColumns",
        active: Active::Column("delta.generationExpression"),
        stops: &[Operation::Append],
        reason: "column {what} would have to be worked out for each row",
        remedy: "ALTER TABLE {table} DROP COLUMN {what}, or make it a plain one",
    },
    Rule {
        feature: "allowColumnDefaults",
        active: Active::OtherColumn("CURRENT_DEFAULT"),
        stops: &[Operation::Append],
        reason: "the default of column {what} would have to be worked out for each row",
        remedy: "ALTER TABLE {table} ALTER COLUMN {what} DROP DEFAULT",
    },
    Rule {
        feature: "identityColumns",
        active: Active::Column("delta.identity.start"),
        stops: &[Operation::Append],
        reason: "column {what} would have to be numbered for each row",
        remedy: "ALTER TABLE {table} DROP COLUMN {what}, or make it a plain one",
    },
    Rule {
        feature: COLUMN_MAPPING,
        active: Active::Mapping,
        stops: COMMITS,
        reason: "columns would have to be written with the names and numbers that it gives them",
        remedy: "ALTER TABLE {table} SET TBLPROPERTIES ('delta.columnMapping.mode' = 'none')",
    },
    Rule {
        feature: "rowTracking",
        active: Active::Unless("delta.rowTrackingSuspended"),
        stops: COMMITS,
        reason: "each row would have to be numbered",
        remedy: "ALTER TABLE {table} SET TBLPROPERTIES ('delta.enableRowTracking' = 'false', \
                 '{what}' = 'true')",
    },
    Rule {
        feature: "inCommitTimestamp",
        active: Active::Property("delta.enableInCommitTimestamps"),
        stops: COMMITS,
        reason: "each commit would have to hold its time",
        remedy: SWITCH_OFF,
    },
    Rule {
        feature: "icebergCompatV1",
        active: Active::Property("delta.enableIcebergCompatV1"),
        stops: COMMITS,
        reason: ICEBERG,
        remedy: SWITCH_OFF,
    },
    Rule {
        feature: "icebergCompatV2",
        active: Active::Property("delta.enableIcebergCompatV2"),
        stops: COMMITS,
        reason: ICEBERG,
        remedy: SWITCH_OFF,
    },
    Rule {
        feature: "icebergCompatV3",
        active: Active::Property("delta.enableIcebergCompatV3"),
        stops: COMMITS,
        reason: ICEBERG,
        remedy: SWITCH_OFF,
    },
    Rule {
        feature: "materializePartitionColumns",
        active: Active::Property("delta.enableMaterializePartitionColumnsFeature"),
        stops: COMMITS,
        reason: "the date would have to stand in the files too",
        remedy: SWITCH_OFF,
    },
];

const SWITCH_OFF: &str = "ALTER TABLE {table} SET TBLPROPERTIES ('{what}' = 'false')";
const ICEBERG: &str = "files would have to be written as Iceberg reads them";
