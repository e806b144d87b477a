//! Names for what an answer depends on: the lake's version and how it is read, what of it may be
//! seen, and the answer itself.

use xxhash_rust::xxh3::Xxh3Default;

use crate::goal::Goal;
use crate::query::{MACROS, MaskKey, Scope, TableFacts, VIEWS, Value};

/// Returns a name of how tables are read: by which program, with which goals.
pub(super) fn of_reading(goals: &[Goal]) -> String {
    let mut hash = Xxh3Default::new();
    add(&mut hash, env!("CARGO_PKG_VERSION").as_bytes());
    for (name, sql) in VIEWS.iter().chain(&MACROS) {
        add(&mut hash, name.as_bytes());
        add(&mut hash, sql.as_bytes());
    }
    for goal in goals {
        add_goal(&mut hash, goal);
    }
    format!("{:016x}", hash.digest())
}

/// Returns a name of what tables hold, read in a way that has a name already.
pub(super) fn of_lake(tables: &[TableFacts], reading: &str) -> String {
    let mut hash = Xxh3Default::new();
    add(&mut hash, reading.as_bytes());
    for facts in tables {
        add(&mut hash, facts.table.name.as_bytes());
        add_some(&mut hash, facts.version.map(u64::to_le_bytes));
        add(&mut hash, &facts.digest.to_le_bytes());
    }
    format!("{:016x}", hash.digest())
}

/// Returns a name of what a scope shows of a lake.
pub(super) fn of_view(lake: &str, scope: &Scope) -> String {
    let mut hash = Xxh3Default::new();
    add(&mut hash, lake.as_bytes());
    add_some(&mut hash, scope.mask.as_ref().map(MaskKey::name));
    add(&mut hash, &[u8::from(scope.tenants.is_some())]);
    for tenant in scope.tenants.iter().flatten() {
        add(&mut hash, tenant.as_bytes());
    }
    format!("{:032x}", hash.digest128())
}

/// Returns a name of a report's answer, for an HTTP `ETag`.
///
/// It is weak: the same rows may be compressed or not.
pub(super) fn of_answer(view: &str, sql: &str, values: &[(&str, Value)], format: &str) -> String {
    let mut hash = Xxh3Default::new();
    for part in [view, sql, format] {
        add(&mut hash, part.as_bytes());
    }
    for (name, value) in values {
        add(&mut hash, name.as_bytes());
        add(&mut hash, format!("{value:?}").as_bytes());
    }
    format!("W/\"{:032x}\"", hash.digest128())
}

/// Adds all of a goal: a field that is new has to be named here.
fn add_goal(hash: &mut Xxh3Default, goal: &Goal) {
    let Goal {
        name,
        kind,
        pattern,
        props_pattern,
        value_pattern,
        min_pages,
        min_seconds,
        value,
        counting,
    } = goal;
    for text in [name.as_str(), kind, counting.name()] {
        add(hash, text.as_bytes());
    }
    for pattern in [pattern, props_pattern, value_pattern] {
        add_some(hash, pattern.as_ref());
    }
    for number in [min_pages, min_seconds] {
        add_some(hash, number.map(i64::to_le_bytes));
    }
    add(hash, &value.to_le_bytes());
}

/// Adds a part that may be missing.
fn add_some(hash: &mut Xxh3Default, part: Option<impl AsRef<[u8]>>) {
    match part {
        Some(part) => {
            hash.update(&[1]);
            add(hash, part.as_ref());
        }
        None => hash.update(&[0]),
    }
}

/// Adds a part and where it ends.
fn add(hash: &mut Xxh3Default, part: &[u8]) {
    hash.update(&(part.len() as u64).to_le_bytes());
    hash.update(part);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::goal;

    #[test]
    fn whatever_an_answer_depends_on_changes_its_name() {
        let text = |text: &str| Value::Text(Some(text.to_owned()));
        let name = |sql: &str, value: Value, format: &str, view: &str| {
            of_answer(view, sql, &[("unit", value)], format)
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

    #[test]
    fn whatever_of_a_goal_changes_is_read_in_another_way() {
        let goal = goal::default_goals().pop().unwrap();
        let with = |change: fn(&mut Goal)| {
            let mut goal = goal.clone();
            change(&mut goal);
            of_reading(&[goal])
        };
        let names = [
            of_reading(&[]),
            of_reading(std::slice::from_ref(&goal)),
            of_reading(&[goal.clone(), goal.clone()]),
            with(|goal| goal.name.push('x')),
            with(|goal| goal.kind = "other"),
            with(|goal| goal.pattern = Some("x".into())),
            with(|goal| goal.props_pattern = Some("x".into())),
            with(|goal| goal.value_pattern = Some("x".into())),
            with(|goal| goal.min_pages = Some(1009)),
            with(|goal| goal.min_seconds = Some(1009)),
            with(|goal| goal.value += 1.0),
            with(|goal| goal.counting = goal::Counting::Account),
        ];
        assert_all_differ(&names);
    }

    #[test]
    fn each_scope_has_a_name_of_its_own() {
        let of = |tenants: &[&str]| Scope {
            tenants: Some(tenants.iter().map(|&tenant| tenant.to_owned()).collect()),
            mask: None,
        };
        let masked = || Scope { mask: Some(MaskKey::random()), ..Scope::default() };
        let scopes = [
            Scope::default(),
            masked(),
            masked(),
            of(&[]),
            of(&["a"]),
            of(&["b"]),
            of(&["a", "b"]),
        ];
        let names: Vec<String> = scopes.iter().map(|scope| of_view("1", scope)).collect();
        assert_all_differ(&names);
        assert_eq!(of_view("1", &of(&["b", "a"])), names[6], "in whatever order");
        assert_ne!(of_view("2", &of(&["a"])), names[4]);
    }

    fn assert_all_differ(names: &[String]) {
        let different: std::collections::BTreeSet<&String> = names.iter().collect();
        assert_eq!(different.len(), names.len(), "{names:?}");
    }
}
