//! Facts of the Delta protocol, feature by feature.

use serde_json::json;

use super::Operation::{Append, Compact, Erase, Expire};
use super::*;

fn listed(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A table of version 7 with features for writers, and properties.
fn table(features: &[&str], properties: &[(&str, &str)]) -> Terms {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Terms {
        reader_version: 1,
        writer_version: 7,
        writer_features: listed(features),
        properties: properties.iter().map(pair).collect(),
        ..Terms::default()
    }
}

/// A table of a version without lists.
fn old(reader_version: i32, writer_version: i32, properties: &[(&str, &str)]) -> Terms {
    Terms { reader_version, writer_version, ..table(&[], properties) }
}

/// A table of version 3 for readers with features for both.
fn shared(features: &[&str], properties: &[(&str, &str)]) -> Terms {
    let reader_features = listed(features);
    Terms { reader_version: 3, reader_features, ..table(features, properties) }
}

fn with_column(is_own: bool, key: &str, value: &str) -> Terms {
    let metadata = BTreeMap::from([(key.to_owned(), value.to_owned())]);
    let column = ColumnTerms { name: "score".to_owned(), is_own, is_required: false, metadata };
    Terms { columns: vec![column], ..old(1, 6, &[]) }
}

/// Checks which work is stopped, and that each block names the feature and a remedy.
fn check(terms: &Terms, feature: &str, stopped: &[Operation]) {
    let blocks =
        Operation::ALL.into_iter().filter_map(|operation| terms.block("sessions", operation));
    let blocks: Vec<Block> = blocks.collect();
    let operations: Vec<Operation> = blocks.iter().map(|block| block.operation).collect();
    assert_eq!(operations, stopped, "{feature}: {blocks:?}");
    for block in blocks {
        let text = block.to_string();
        assert!(block.feature == feature && text.contains(feature), "{text}");
        assert!(!block.remedy.is_empty() && !text.contains('{') && !text.contains('\n'), "{text}");
    }
}

const WRITES: &[Operation] = &[Append, Compact, Expire, Erase];

#[test]
fn features_that_are_not_active_keep_nobody_from_anything() {
    for version in 1..=6 {
        check(&old(1, version, &[]), "none", &[]);
        check(&old(1, version, &[("delta.enableChangeDataFeed", "false")]), "none", &[]);
    }
    check(&old(2, 5, &[("delta.columnMapping.mode", "none")]), "none", &[]);
    // A property of a feature that the version does not have says nothing.
    check(&old(1, 2, &[("delta.enableChangeDataFeed", "true")]), "none", &[]);
    check(&old(1, 2, &[("delta.columnMapping.mode", "name")]), "none", &[]);
    check(&table(&["invariants"], &[("delta.appendOnly", "true")]), "none", &[]);
    let all = [
        "appendOnly",
        "invariants",
        "checkConstraints",
        "changeDataFeed",
        "generatedColumns",
        "allowColumnDefaults",
        "identityColumns",
        "columnMapping",
        "domainMetadata",
        "inCommitTimestamp",
        "icebergCompatV1",
        "icebergCompatV2",
        "icebergCompatV3",
        "clustering",
        "checkpointProtection",
    ];
    check(&table(&all, &[]), "none", &[]);
    let both = ["columnMapping", "deletionVectors", "timestampNtz", "v2Checkpoint"];
    check(&shared(&both, &[("delta.enableDeletionVectors", "true")]), "none", &[]);
    check(&shared(&["typeWidening", "vacuumProtocolCheck"], &[]), "none", &[]);
}

#[test]
fn properties_ask_for_what_an_append_does_or_does_not_give() {
    let switched = |feature: &str, property: &str| table(&[feature], &[(property, "true")]);
    for (feature, property, stopped) in [
        ("appendOnly", "delta.appendOnly", &[Expire, Erase][..]),
        ("changeDataFeed", "delta.enableChangeDataFeed", &[Erase]),
        ("inCommitTimestamp", "delta.enableInCommitTimestamps", WRITES),
        ("icebergCompatV1", "delta.enableIcebergCompatV1", WRITES),
        ("icebergCompatV2", "delta.enableIcebergCompatV2", WRITES),
    ] {
        check(&switched(feature, property), feature, stopped);
        let remedy = switched(feature, property).block("sessions", Erase).unwrap().remedy;
        assert_eq!(
            remedy,
            format!("ALTER TABLE sessions SET TBLPROPERTIES ('{property}' = 'false')")
        );
    }
    check(&old(1, 4, &[("delta.enableChangeDataFeed", "true")]), "changeDataFeed", &[Erase]);
    check(&old(1, 2, &[("delta.appendOnly", "true")]), "appendOnly", &[Expire, Erase]);
}

#[test]
fn rows_are_numbered_as_soon_as_row_tracking_is_listed() {
    check(&table(&["rowTracking", "domainMetadata"], &[]), "rowTracking", WRITES);
    let suspended = [("delta.rowTrackingSuspended", "true")];
    check(&table(&["rowTracking", "domainMetadata"], &suspended), "none", &[]);
}

#[test]
fn constraints_are_not_checked_here_so_no_row_is_added() {
    let constraint = [("delta.constraints.no_direct", "channel <> 'Direct'")];
    for terms in [old(1, 3, &constraint), table(&["checkConstraints"], &constraint)] {
        check(&terms, "checkConstraints", &[Append]);
        let remedy = terms.block("utm", Append).unwrap().remedy;
        assert_eq!(remedy, "ALTER TABLE utm DROP CONSTRAINT no_direct");
    }
}

#[test]
fn columns_that_need_a_value_of_their_own_stop_appends() {
    for (key, feature) in [
        ("delta.invariants", "invariants"),
        ("delta.generationExpression", "generatedColumns"),
        ("delta.identity.start", "identityColumns"),
        ("CURRENT_DEFAULT", "allowColumnDefaults"),
    ] {
        check(&with_column(false, key, "1"), feature, &[Append]);
    }
    // A column of ours always has a value of its own.
    check(&with_column(true, "CURRENT_DEFAULT", "1"), "none", &[]);
    let mut required = with_column(false, "comment", "a foreign one");
    check(&required, "none", &[]);
    required.columns[0].is_required = true;
    check(&required, "NOT NULL", &[Append]);
}

#[test]
fn names_in_files_are_read_as_long_as_they_are_the_columns_own() {
    let mapped = |mode: &str, physical: &str| {
        let column = with_column(true, "delta.columnMapping.physicalName", physical).columns;
        let properties = HashMap::from([("delta.columnMapping.mode".to_owned(), mode.to_owned())]);
        Terms { columns: column, properties, ..old(2, 5, &[]) }
    };
    let all = Operation::ALL;
    check(&mapped("name", "score"), "columnMapping", WRITES);
    check(&mapped("name", "col-1"), "columnMapping", &all);
    check(&mapped("id", "score"), "columnMapping", &all);
    check(&mapped("none", "col-1"), "none", &[]);
}

#[test]
fn what_nobody_knows_yet_is_refused_for_those_who_must_know_it() {
    check(&table(&["tomorrow"], &[]), "tomorrow", WRITES);
    check(&shared(&["tomorrow"], &[]), "tomorrow", &Operation::ALL);
    check(&old(1, 8, &[]), "writer version 8", WRITES);
    check(&old(4, 7, &[]), "reader version 4", &Operation::ALL);
}

#[test]
fn one_more_feature_leaves_those_that_are_there() {
    let old =
        with_feature(&json!({ "minReaderVersion": 1, "minWriterVersion": 4 }), "v2Checkpoint");
    let writers =
        ["appendOnly", "invariants", "checkConstraints", "changeDataFeed", "generatedColumns"];
    assert_eq!(old["readerFeatures"], json!(["v2Checkpoint"]));
    let listed = writers.into_iter().chain(["v2Checkpoint"]).collect::<Vec<_>>();
    assert_eq!(old["writerFeatures"], json!(listed));
    let new = json!({
        "minReaderVersion": 3, "minWriterVersion": 7,
        "readerFeatures": ["timestampNtz"], "writerFeatures": ["timestampNtz", "invariants"],
    });
    let new = with_feature(&new, "v2Checkpoint");
    assert_eq!(new["readerFeatures"], json!(["timestampNtz", "v2Checkpoint"]));
    assert_eq!(new["writerFeatures"], json!(["timestampNtz", "invariants", "v2Checkpoint"]));
}
