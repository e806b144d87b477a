//! Names for what an answer depends on: the lake's version, and the answer itself.

use xxhash_rust::xxh3::Xxh3Default;

use crate::query::{TableFacts, Value};

/// Returns a name of the tables' versions.
pub(super) fn of_tables(tables: &[TableFacts]) -> String {
    let mut hash = Xxh3Default::new();
    for facts in tables {
        add(&mut hash, facts.table.name.as_bytes());
        add(&mut hash, format!("{:?}", facts.version).as_bytes());
    }
    format!("{:016x}", hash.digest())
}

/// Returns a name of a report's answer, for an HTTP `ETag`.
///
/// It is weak: the same rows may be compressed or not.
pub(super) fn of_answer(tables: &str, sql: &str, values: &[(&str, Value)], format: &str) -> String {
    let mut hash = Xxh3Default::new();
    for part in [env!("CARGO_PKG_VERSION"), tables, sql, format] {
        add(&mut hash, part.as_bytes());
    }
    for (name, value) in values {
        add(&mut hash, name.as_bytes());
        add(&mut hash, format!("{value:?}").as_bytes());
    }
    format!("W/\"{:032x}\"", hash.digest128())
}

/// Adds a part and where it ends.
fn add(hash: &mut Xxh3Default, part: &[u8]) {
    hash.update(&(part.len() as u64).to_le_bytes());
    hash.update(part);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_an_answer_depends_on_changes_its_name() {
        let text = |text: &str| Value::Text(Some(text.to_owned()));
        let name = |sql: &str, value: Value, format: &str, tables: &str| {
            of_answer(tables, sql, &[("unit", value)], format)
        };
        let first = name("SELECT 1", text("a"), "json", "v1");
        assert_eq!(first, name("SELECT 1", text("a"), "json", "v1"));
        for other in [
            name("SELECT 2", text("a"), "json", "v1"),
            name("SELECT 1", text("b"), "json", "v1"),
            name("SELECT 1", Value::Text(None), "json", "v1"),
            name("SELECT 1", text("a"), "csv", "v1"),
            name("SELECT 1", text("a"), "json", "v2"),
            name("SELECT 1v", text("a"), "json", "1"),
        ] {
            assert_ne!(first, other);
        }
        assert!(first.starts_with("W/\"") && first.ends_with('"'));
    }
}
