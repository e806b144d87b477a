//! The walk that reads an event's payload into slots, for payloads that are as they should be.
//!
//! It reads what the decoder reads and gives the same slots, or `None`: a value of an unexpected
//! type, more rows than fit, or text that [`Walk`] leaves to the parser.

use super::reading::Reading;
use super::shape::{Child, Leaf, Node, Shape};
use super::slot::{Row, Slot};
use super::{decode, time};
use crate::event::walk::{Number, Walk};

/// Reads the object that comes next.
pub(super) fn row<'a>(walk: &mut Walk<'a>, shape: &Shape, reading: &Reading) -> Option<Row<'a>> {
    let mut row = shape.empty_row();
    fill(walk, shape.root(), &mut row, reading)?;
    reading.take_row().then_some(row)
}

/// Reads the object that comes next into the columns that its keys lead to.
fn fill<'a>(
    walk: &mut Walk<'a>,
    node: &Node,
    row: &mut [Slot<'a>],
    reading: &Reading,
) -> Option<()> {
    let mut follower_idx = 0;
    walk.object(|walk, key| match node.find_from(&mut follower_idx, key) {
        None => walk.skip().map(drop),
        Some(Child::Leaf(at, leaf)) => {
            row[*at] = value(walk, leaf, reading)?;
            Some(())
        }
        Some(Child::Node(node)) if walk.peek()? == b'{' => fill(walk, node, row, reading),
        Some(Child::Node(_)) => walk.word()?.is_none().then_some(()),
    })
}

/// Reads the value of a column.
fn value<'a>(walk: &mut Walk<'a>, leaf: &Leaf, reading: &Reading) -> Option<Slot<'a>> {
    if let Leaf::Json = leaf {
        let text = walk.skip()?;
        return Some(Slot::text(Some(text).filter(|text| *text != "null")));
    }
    match walk.peek()? {
        b'"' => {
            let text = walk.string()?;
            match leaf {
                Leaf::Text => Some(Slot::Text(text)),
                _ => decode::parse(leaf, &text),
            }
        }
        b'n' => walk.word()?.is_none().then_some(Slot::Null),
        b't' | b'f' => {
            let flag = walk.word()??;
            matches!(leaf, Leaf::Bool).then_some(Slot::Bool(flag))
        }
        b'{' => match leaf {
            Leaf::Rows(shape) => Some(Slot::Rows(vec![row(walk, shape, reading)?])),
            _ => None,
        },
        b'[' => list(walk, leaf, reading),
        _ => number(leaf, walk.number()?),
    }
}

fn number<'a>(leaf: &Leaf, number: Number) -> Option<Slot<'a>> {
    Some(match (leaf, number) {
        (Leaf::Int, Number::Int(number)) => Slot::Int(number),
        (Leaf::Float, Number::Int(number)) => Slot::Float(number as f64),
        (Leaf::Float, Number::Float(number)) => Slot::Float(number),
        (Leaf::Time, Number::Int(number)) => Slot::Int(time::from_number(number as f64)?),
        _ => return None,
    })
}

/// Reads a list of objects or of text.
fn list<'a>(walk: &mut Walk<'a>, leaf: &Leaf, reading: &Reading) -> Option<Slot<'a>> {
    match leaf {
        Leaf::Rows(shape) => {
            let mut rows = vec![];
            walk.list(|walk| {
                if walk.peek()? == b'{' {
                    rows.push(row(walk, shape, reading)?);
                    return Some(());
                }
                walk.word()?.is_none().then_some(())
            })?;
            Some(Slot::Rows(rows))
        }
        Leaf::TextList => {
            let mut items = vec![];
            walk.list(|walk| {
                items.push(match walk.peek()? {
                    b'"' => Some(walk.string()?),
                    _ => match walk.word()? {
                        None => None,
                        Some(_) => return None,
                    },
                });
                reading.take_item().then_some(())
            })?;
            Some(Slot::TextList(items))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
