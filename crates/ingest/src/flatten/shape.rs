//! Which keys of a JSON object lead to which columns.
//!
//! A [`Shape`] is compiled once from a list of columns: a tree of the keys that lead to them.

use std::cell::Cell;

use super::slot::{Row, Slot};
use crate::schema::{Column, ColumnType};

/// The keys that lead to the columns of an object.
#[derive(Debug)]
pub struct Shape {
    n_columns: usize,
    root: Node,
}

#[derive(Debug, Default)]
pub(super) struct Node {
    /// Sorted by length, then bytes.
    children: Vec<(&'static str, Child)>,
    /// Which child came after each one the last time, the first one's before all.
    ///
    /// A sender writes its keys in the same order each time, so this is where to look first.
    followers: Vec<Cell<usize>>,
}

#[derive(Debug)]
pub(super) enum Child {
    Node(Node),
    Leaf(usize, Leaf),
}

#[derive(Debug)]
pub(super) enum Leaf {
    Text,
    Int,
    Float,
    Bool,
    Time,
    Json,
    TextList,
    Rows(Shape),
}

impl Shape {
    /// Compiles the shape of an object with these columns; derived ones stay null.
    #[must_use]
    pub fn new(columns: &[Column]) -> Self {
        let mut root = Node::default();
        for (at, column) in columns.iter().enumerate() {
            if !column.path.is_empty() {
                root.insert(column.path, Child::Leaf(at, Leaf::new(column.column_type)));
            }
        }
        root.sort();
        Self { n_columns: columns.len(), root }
    }

    /// Returns the tree of keys.
    pub(super) fn root(&self) -> &Node {
        &self.root
    }

    /// Returns a row of nulls.
    pub(super) fn empty_row<'a>(&self) -> Row<'a> {
        vec![Slot::Null; self.n_columns]
    }
}

impl Leaf {
    fn new(column_type: ColumnType) -> Self {
        match column_type {
            ColumnType::Text => Self::Text,
            ColumnType::Int => Self::Int,
            ColumnType::Float => Self::Float,
            ColumnType::Bool => Self::Bool,
            ColumnType::Time | ColumnType::Day => Self::Time,
            ColumnType::Json => Self::Json,
            ColumnType::TextList => Self::TextList,
            ColumnType::Struct(columns) | ColumnType::Structs(columns) => {
                Self::Rows(Shape::new(columns))
            }
        }
    }
}

impl Node {
    fn insert(&mut self, path: &'static str, child: Child) {
        let Some((key, rest)) = path.split_once('.') else {
            self.children.push((path, child));
            return;
        };
        let found = self.children.iter_mut().find_map(|(name, child)| match child {
            Child::Node(node) if *name == key => Some(node),
            _ => None,
        });
        if let Some(node) = found {
            node.insert(rest, child);
            return;
        }
        let mut node = Self::default();
        node.insert(rest, child);
        self.children.push((key, Child::Node(node)));
    }

    /// Returns the keys and what they lead to.
    pub(super) fn children(&self) -> &[(&'static str, Child)] {
        &self.children
    }

    /// Returns the first column under this key.
    pub(super) fn first_leaf(&self) -> Option<usize> {
        self.children.iter().find_map(|(_, child)| match child {
            Child::Node(node) => node.first_leaf(),
            Child::Leaf(at, _) => Some(*at),
        })
    }

    fn sort(&mut self) {
        self.children.sort_by_key(|(key, _)| (key.len(), *key));
        self.followers = vec![Cell::new(0); self.children.len() + 1];
        for (_, child) in &mut self.children {
            if let Child::Node(node) = child {
                node.sort();
            }
        }
    }

    pub(super) fn find(&self, key: &str) -> Option<&Child> {
        Some(&self.children[self.search(key)?].1)
    }

    /// Finds the child of a key, looking first where `follower_idx` says, which it moves on; that
    /// is 0 at the beginning.
    #[inline]
    pub(super) fn find_from(&self, follower_idx: &mut usize, key: &str) -> Option<&Child> {
        let follower = &self.followers[*follower_idx];
        let mut at = follower.get();
        if self.children.get(at).is_none_or(|(name, _)| *name != key) {
            at = self.search(key)?;
            follower.set(at);
        }
        *follower_idx = at + 1;
        Some(&self.children[at].1)
    }

    fn search(&self, key: &str) -> Option<usize> {
        let wanted = (key.len(), key);
        self.children.binary_search_by(|(name, _)| (name.len(), *name).cmp(&wanted)).ok()
    }
}
