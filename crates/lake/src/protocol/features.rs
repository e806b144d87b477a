//! Which features a table's protocol stands for: those that come with its version, or are listed.

use serde_json::{Value, json};

use super::{COLUMN_MAPPING, VERSIONS};

/// Features that came with a version for writers, from that version on.
const OLD_FEATURES: [(&str, i32); 7] = [
    ("appendOnly", 2),
    ("invariants", 2),
    ("checkConstraints", 3),
    ("changeDataFeed", 4),
    ("generatedColumns", 4),
    (COLUMN_MAPPING, 5),
    ("identityColumns", 6),
];

/// Returns the features that readers of a table must know; `listed` are those of version 3.
pub(super) fn of_reader(version: i32, listed: Vec<String>) -> Vec<String> {
    match version {
        ..2 => vec![],
        2 => vec![COLUMN_MAPPING.to_owned()],
        _ => listed,
    }
}

/// Returns the features that writers of a table must know; `listed` are those of version 7.
pub(super) fn of_writer(version: i32, listed: Vec<String>) -> Vec<String> {
    if version >= VERSIONS.1 {
        return listed;
    }
    let old = OLD_FEATURES.iter().filter(|(_, since)| *since <= version);
    old.map(|(name, _)| (*name).to_owned()).collect()
}

/// Returns a protocol with one more feature, for readers and writers.
pub(crate) fn with_feature(protocol: &Value, feature: &str) -> Value {
    let version = |name: &str| {
        let version = protocol.get(name).and_then(Value::as_i64).unwrap_or(1);
        i32::try_from(version).unwrap_or(i32::MAX)
    };
    let listed = |name: &str| -> Vec<String> {
        let list = protocol.get(name).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let readers = of_reader(version("minReaderVersion"), listed("readerFeatures"));
    let writers = of_writer(version("minWriterVersion"), listed("writerFeatures"));
    let add = |mut features: Vec<String>| {
        features.push(feature.to_owned());
        features
    };
    json!({
        "minReaderVersion": 3, "minWriterVersion": 7,
        "readerFeatures": add(readers), "writerFeatures": add(writers),
    })
}
