//! Where in an event a value has an unexpected type; only read when there is one.
//!
//! The decoder notes that something did not fit, and goes on. This file reads the payload a second
//! time, as a tree, to name the path. A path is made of keys that the program knows and of
//! positions in lists, so it never shows what was sent.

use serde_json::Value;

use super::decode::fits;
use super::shape::{Child, Leaf, Node, Shape};

/// Returns the path of a value of an unexpected type, such as `session.events[3].ts`.
///
/// `None` if the text has none that can be named.
#[must_use]
pub fn first(shape: &Shape, json: &str) -> Option<String> {
    let value: Value = serde_json::from_str(json).ok()?;
    in_rows(shape, &value).map(|path| path.trim_start_matches('.').to_owned())
}

/// Looks into an object, or a list of them.
fn in_rows(shape: &Shape, value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Object(_) => in_node(shape.root(), value),
        Value::Array(items) => items.iter().enumerate().find_map(|(at, item)| {
            let path = in_rows(shape, item)?;
            Some(format!("[{at}]{path}"))
        }),
        _ => Some(String::new()),
    }
}

fn in_node(node: &Node, value: &Value) -> Option<String> {
    let Value::Object(fields) = value else {
        return (!value.is_null()).then(String::new);
    };
    let within = |(key, child): &(&'static str, Child)| {
        let value = fields.get(*key)?;
        let path = match child {
            Child::Node(node) => in_node(node, value),
            Child::Leaf(_, Leaf::Rows(shape)) => in_rows(shape, value),
            Child::Leaf(_, leaf) => in_leaf(leaf, value),
        }?;
        Some(format!(".{key}{path}"))
    };
    node.children().iter().find_map(within)
}

fn in_leaf(leaf: &Leaf, value: &Value) -> Option<String> {
    if fits(leaf, value) {
        return None;
    }
    if let (Leaf::TextList, Value::Array(items)) = (leaf, value) {
        let at = items.iter().position(|item| !fits(&Leaf::Text, item));
        return Some(at.map(|at| format!("[{at}]")).unwrap_or_default());
    }
    Some(String::new())
}
