//! What a table's log asks of those who read and write it, and whether this program gives that.
//!
//! Another engine may give a table features at any time. What each asks for stands in the Delta
//! protocol (`PROTOCOL.md` of delta-io/delta); [`rules`] says it in terms of what is done here.
//! A feature that is listed but not active asks for nothing, so it keeps nobody from anything:
//!
//! ```text
//! protocol (versions, features) ┐
//! properties, constraints       ├─▶ read · append · compact · expire · erase: yes, or a block that
//! columns                       ┘   names the feature, what it asks for, and a remedy
//! ```
//!
//! All here is pure; [`super::permit`] takes the terms out of a log.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

mod features;
mod rules;

pub(super) use features::with_feature;
use features::{of_reader, of_writer};
use rules::{Active, RULES, Rule};

/// The highest version of the protocol that there is for readers, and for writers.
const VERSIONS: (i32, i32) = (3, 7);
/// Features that ask nothing of what is done here, even if they are active: they are about columns
/// of other types, about domains that are carried on, about checkpoints, or about cleaning up.
/// `clustering` is for tables without partitions.
const INERT: [&str; 8] = [
    "domainMetadata",
    "v2Checkpoint",
    "timestampNtz",
    "typeWidening",
    "typeWidening-preview",
    "clustering",
    "vacuumProtocolCheck",
    "checkpointProtection",
];
const COLUMN_MAPPING: &str = "columnMapping";
/// The property that names how columns are called in files.
const MAPPING: &str = "delta.columnMapping.mode";
/// The name of a column in files.
const PHYSICAL_NAME: &str = "delta.columnMapping.physicalName";

/// What is to be done with a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Its rows are read.
    Read,
    /// Files are added.
    Append,
    /// The same rows are put into other files.
    Compact,
    /// Files are removed, with all their rows.
    Expire,
    /// Some of a file's rows are removed or replaced.
    Erase,
}

impl Operation {
    /// Everything.
    pub const ALL: [Self; 5] = [Self::Read, Self::Append, Self::Compact, Self::Expire, Self::Erase];
}

/// What a table's log says of how it is to be read and written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// The least version that a reader must know.
    pub reader_version: i32,
    /// The least version that a writer must know.
    pub writer_version: i32,
    /// What version 3 lists for readers.
    pub reader_features: Vec<String>,
    /// What version 7 lists for writers.
    pub writer_features: Vec<String>,
    /// The table's properties.
    pub properties: HashMap<String, String>,
    /// Its columns, and the fields within them.
    pub columns: Vec<ColumnTerms>,
}

/// What is said of a column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnTerms {
    /// Its name; that of a field within it is joined by a dot.
    pub name: String,
    /// Whether this program writes it.
    pub is_own: bool,
    /// Whether it must have a value in each row.
    pub is_required: bool,
    /// Its metadata: what is text as it is, all else as JSON.
    pub metadata: BTreeMap<String, String>,
}

/// Why something can't be done with a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What.
    pub operation: Operation,
    /// The feature, as the protocol calls it.
    pub feature: String,
    /// What it asks for.
    pub reason: String,
    /// What puts it right.
    pub remedy: String,
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, feature, reason, remedy } = self;
        let operation = match operation {
            Operation::Read => "can't be read",
            Operation::Append => "can't be written",
            Operation::Compact => "can't be compacted",
            Operation::Expire => "can't have days removed",
            Operation::Erase => "can't have rows erased or replaced",
        };
        write!(f, "{operation}: feature {feature}: {reason}; {remedy}")
    }
}

impl Terms {
    /// Tells why a table can't have this done, if so.
    #[must_use]
    pub fn block(&self, table: &str, operation: Operation) -> Option<Block> {
        self.unknown(table, operation).or_else(|| match operation {
            Operation::Read => self.hidden(table),
            _ => self.stopped(table, operation),
        })
    }

    /// Returns what the rules stop.
    fn stopped(&self, table: &str, operation: Operation) -> Option<Block> {
        // What can't be read can't be put into other files either.
        let read = || self.block(table, Operation::Read).map(|block| Block { operation, ..block });
        let is_read_first = matches!(operation, Operation::Compact | Operation::Erase);
        let mut rules = RULES.iter().filter(|rule| rule.stops.contains(&operation));
        let stopped = rules.find_map(|rule| {
            let what = self.active(rule)?;
            let fill = |text: &str| text.replace("{table}", table).replace("{what}", what);
            Some(Block {
                operation,
                feature: rule.feature.to_owned(),
                reason: fill(rule.reason),
                remedy: fill(rule.remedy),
            })
        });
        stopped.or_else(|| is_read_first.then(read).flatten())
    }

    /// Returns what makes a rule's feature active: a property or a column.
    fn active(&self, rule: &Rule) -> Option<&str> {
        let column = |is_meant: &dyn Fn(&ColumnTerms) -> bool| {
            let mut columns = self.columns.iter();
            columns.find(|column| is_meant(column)).map(|column| column.name.as_str())
        };
        match rule.active {
            Active::Property(name) => {
                (self.is_listed(rule.feature) && self.is_true(name)).then_some(name)
            }
            Active::Unless(name) => {
                (self.is_listed(rule.feature) && !self.is_true(name)).then_some(name)
            }
            // Whoever set it meant it, whether the protocol lists it or not.
            Active::AnyProperty(prefix) => {
                self.properties.keys().filter_map(|name| name.strip_prefix(prefix)).min()
            }
            Active::Column(key) => column(&|column| column.metadata.contains_key(key)),
            Active::OtherColumn(key) => {
                column(&|column| !column.is_own && column.metadata.contains_key(key))
            }
            Active::Required => column(&|column| column.is_required),
            Active::Mapping => self.mapping().map(|_| MAPPING),
        }
    }

    fn is_true(&self, property: &str) -> bool {
        self.properties.get(property).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Whether a table supports a feature that writers must know.
    fn is_listed(&self, feature: &str) -> bool {
        let listed = of_writer(self.writer_version, self.writer_features.clone());
        listed.iter().any(|listed| listed == feature)
    }

    /// Returns how columns are named in files, if not by their names.
    fn mapping(&self) -> Option<&str> {
        let listed = of_reader(self.reader_version, self.reader_features.clone());
        let is_listed = listed.iter().any(|listed| listed == COLUMN_MAPPING);
        let mode = self.properties.get(MAPPING).filter(|_| is_listed)?;
        (!mode.eq_ignore_ascii_case("none")).then_some(mode.as_str())
    }

    /// Tells why files can't be read by the names of columns.
    fn hidden(&self, table: &str) -> Option<Block> {
        let mode = self.mapping()?;
        let is_renamed = |column: &&ColumnTerms| {
            let name = column.name.rsplit('.').next();
            column.metadata.get(PHYSICAL_NAME).is_some_and(|found| Some(found.as_str()) != name)
        };
        let own = self.columns.iter().filter(|column| column.is_own);
        let renamed = own.filter(is_renamed).map(|column| column.name.as_str()).next();
        let reason = match (mode.eq_ignore_ascii_case("name"), renamed) {
            (true, None) => return None,
            (true, Some(column)) => format!("column {column} has another name in files"),
            (false, _) => "columns go by numbers in files".to_owned(),
        };
        Some(Block {
            operation: Operation::Read,
            feature: COLUMN_MAPPING.to_owned(),
            reason,
            remedy: format!("ALTER TABLE {table} SET TBLPROPERTIES ('{MAPPING}' = 'none')"),
        })
    }

    /// Tells what the protocol asks for that this program has never heard of.
    fn unknown(&self, table: &str, operation: Operation) -> Option<Block> {
        let is_writer = operation != Operation::Read;
        let block = |feature: &str, remedy: String| Block {
            operation,
            feature: feature.to_owned(),
            reason: "this version does not know what it asks for".to_owned(),
            remedy,
        };
        let too_high = |who: &str, version: i32| {
            block(&format!("{who} version {version}"), "upgrade tributary".to_owned())
        };
        if self.reader_version > VERSIONS.0 {
            return Some(too_high("reader", self.reader_version));
        }
        if is_writer && self.writer_version > VERSIONS.1 {
            return Some(too_high("writer", self.writer_version));
        }
        let readers = self.reader_features.iter().filter(|_| self.reader_version == VERSIONS.0);
        let writers = self.writer_features.iter();
        let writers = writers.filter(|_| is_writer && self.writer_version == VERSIONS.1);
        let unknown = readers.chain(writers).find(|feature| !is_known(feature))?;
        let drop = format!("ALTER TABLE {table} DROP FEATURE {unknown}, or upgrade tributary");
        Some(block(unknown, drop))
    }
}

/// Says that rows are marked as deleted in files that still have them.
pub(super) fn marked_rows(table: &str) -> Block {
    Block {
        operation: Operation::Read,
        feature: "deletionVectors".to_owned(),
        reason: "files hold rows that vectors mark as deleted".to_owned(),
        remedy: format!("REORG TABLE {table} APPLY (PURGE)"),
    }
}

fn is_known(feature: &str) -> bool {
    INERT.contains(&feature)
        || feature == "deletionVectors"
        || RULES.iter().any(|rule| rule.feature == feature)
}

#[cfg(test)]
mod tests;
