//! Borrowed JSON into rows of slots, in one pass and without a tree of values.
//!
//! Reading an object walks its [`Shape`]; keys that no column wants are skipped by the parser,
//! which neither recurses nor allocates for them. A value of an unexpected type leaves
//! [`Slot::Mismatch`], and reading goes on: what was sent is never refused for its shape.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::reading::Reading;
use super::shape::{Child, Leaf, Node, Shape};
use super::slot::{Row, Slot};
use super::time;

/// The first number that no signed integer of 64 bits holds, 2⁶³.
const BEYOND_I64: f64 = 9_223_372_036_854_775_808.0;
/// The first number that no integer of 64 bits holds, 2⁶⁴.
const BEYOND_U64: f64 = 2.0 * BEYOND_I64;

impl Shape {
    /// Reads a JSON text; what does not fit is noted in `reading`.
    ///
    /// # Errors
    /// The parser's message if the text is not JSON. A value that is no object reads as `None`.
    pub fn read<'a>(
        &self,
        json: &'a str,
        reading: &Reading,
    ) -> Result<Option<Row<'a>>, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let slot = RowsSeed { shape: self, reading }.deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(match slot {
            Slot::Rows(mut rows) if json.trim_start().starts_with('{') => rows.pop(),
            _ => None,
        })
    }
}

/// Reads an object into the slots of a row.
struct NodeSeed<'s, 'r, 'de> {
    node: &'s Node,
    row: &'r mut [Slot<'de>],
    reading: &'s Reading,
}

impl<'de> NodeSeed<'_, '_, 'de> {
    fn read_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(found) = map.next_key_seed(KeySeed(self.node))? {
            match found {
                None => drop(map.next_value::<IgnoredAny>()?),
                Some(Child::Node(node)) => {
                    let row = &mut *self.row;
                    map.next_value_seed(NodeSeed { node, row, reading: self.reading })?;
                }
                Some(Child::Leaf(at, leaf)) => {
                    let seed = LeafSeed { leaf, reading: self.reading };
                    self.row[*at] = map.next_value_seed(seed)?;
                }
            }
        }
        Ok(())
    }

    /// Marks the first column under this key, whose object is something else.
    fn mark(self) {
        self.reading.note_mismatch();
        if let Some(at) = self.node.first_leaf() {
            self.row[at] = Slot::Mismatch;
        }
    }
}

impl<'de> DeserializeSeed<'de> for NodeSeed<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NodeSeed<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.read_map(map)
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        self.mark();
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.mark();
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.mark();
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.mark();
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.mark();
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.mark();
        Ok(())
    }
}

/// Reads a key and looks it up, without keeping its text.
struct KeySeed<'s>(&'s Node);

impl<'de, 's> DeserializeSeed<'de> for KeySeed<'s> {
    type Value = Option<&'s Child>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'s> Visitor<'_> for KeySeed<'s> {
    type Value = Option<&'s Child>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.find(key))
    }
}

/// Reads the value of one column.
struct LeafSeed<'s> {
    leaf: &'s Leaf,
    reading: &'s Reading,
}

impl<'de> DeserializeSeed<'de> for LeafSeed<'_> {
    type Value = Slot<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Slot<'de>, D::Error> {
        match self.leaf {
            Leaf::Json => {
                let raw = <&'de RawValue>::deserialize(deserializer)?.get();
                Ok(if raw == "null" { Slot::Null } else { Slot::Text(Cow::Borrowed(raw)) })
            }
            Leaf::Rows(shape) => {
                RowsSeed { shape, reading: self.reading }.deserialize(deserializer)
            }
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> LeafSeed<'_> {
    fn unexpected(&self) -> Slot<'de> {
        self.reading.note_mismatch();
        Slot::Mismatch
    }

    fn parse(&self, text: &str) -> Slot<'de> {
        parse(self.leaf, text).unwrap_or_else(|| self.unexpected())
    }

    /// Takes a number that is no 64-bit integer: one that has a fraction, or that is larger and
    /// has lost digits.
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    fn number(&self, number: f64) -> Slot<'de> {
        match self.leaf {
            Leaf::Text if number.abs() < BEYOND_U64 => Slot::Text(Cow::Owned(number.to_string())),
            Leaf::Int if (-BEYOND_I64..BEYOND_I64).contains(&number) => Slot::Int(number as i64),
            Leaf::Float => Slot::Float(number),
            Leaf::Time => time::from_number(number).map_or_else(|| self.unexpected(), Slot::Int),
            Leaf::Text | Leaf::Int | Leaf::Bool => self.unexpected(),
            Leaf::Json | Leaf::TextList | Leaf::Rows(_) => self.unexpected(),
        }
    }
}

impl<'de> Visitor<'de> for LeafSeed<'_> {
    type Value = Slot<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Slot<'de>, E> {
        Ok(match self.leaf {
            Leaf::Text => Slot::Text(Cow::Borrowed(text)),
            _ => self.parse(text),
        })
    }

    fn visit_str<E>(self, text: &str) -> Result<Slot<'de>, E> {
        Ok(match self.leaf {
            Leaf::Text => Slot::Text(Cow::Owned(text.to_owned())),
            _ => self.parse(text),
        })
    }

    fn visit_i64<E>(self, number: i64) -> Result<Slot<'de>, E> {
        Ok(match self.leaf {
            Leaf::Text => Slot::Text(Cow::Owned(number.to_string())),
            Leaf::Int => Slot::Int(number),
            _ => self.number(number as f64),
        })
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Slot<'de>, E> {
        match i64::try_from(number) {
            Ok(number) => self.visit_i64(number),
            Err(_) if matches!(self.leaf, Leaf::Text) => {
                Ok(Slot::Text(Cow::Owned(number.to_string())))
            }
            Err(_) => Ok(self.number(number as f64)),
        }
    }

    fn visit_f64<E>(self, number: f64) -> Result<Slot<'de>, E> {
        Ok(self.number(number))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Slot<'de>, E> {
        Ok(match self.leaf {
            Leaf::Bool => Slot::Bool(flag),
            Leaf::Text => Slot::Text(Cow::Borrowed(if flag { "true" } else { "false" })),
            _ => self.unexpected(),
        })
    }

    fn visit_unit<E>(self) -> Result<Slot<'de>, E> {
        Ok(Slot::Null)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Slot<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(self.unexpected())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Slot<'de>, A::Error> {
        if !matches!(self.leaf, Leaf::TextList) {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(self.unexpected());
        }
        let mut items = vec![];
        let seed = || LeafSeed { leaf: &Leaf::Text, reading: self.reading };
        while let Some(slot) = seq.next_element_seed(seed())? {
            if self.reading.take_item() {
                items.push(if let Slot::Text(text) = slot { Some(text) } else { None });
            }
        }
        Ok(Slot::TextList(items))
    }
}

/// Reads text for a column that holds something else; `None` if it can't be that.
pub(super) fn parse<'a>(leaf: &Leaf, text: &str) -> Option<Slot<'a>> {
    let text = text.trim();
    let slot = match leaf {
        Leaf::Int => text.parse().ok().map(Slot::Int),
        Leaf::Float => text.parse().ok().filter(|n: &f64| n.is_finite()).map(Slot::Float),
        Leaf::Bool => text.parse().ok().map(Slot::Bool),
        Leaf::Time => time::parse(text).map(Slot::Int),
        Leaf::Rows(_) => return None,
        Leaf::Text | Leaf::Json | Leaf::TextList => None,
    };
    slot.or(text.is_empty().then_some(Slot::Null))
}

/// Whether a column can hold a value; any column of JSON text can.
pub(super) fn fits(leaf: &Leaf, value: &serde_json::Value) -> bool {
    let reading = Reading::default();
    let is_read = matches!(leaf, Leaf::Json)
        || LeafSeed { leaf, reading: &reading }.deserialize(value).is_ok();
    is_read && !reading.has_mismatch()
}

/// Reads an object, or a list of objects, into rows.
pub(super) struct RowsSeed<'s> {
    pub(super) shape: &'s Shape,
    pub(super) reading: &'s Reading,
}

impl<'de> DeserializeSeed<'de> for RowsSeed<'_> {
    type Value = Slot<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Slot<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for RowsSeed<'_> {
    type Value = Slot<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Slot<'de>, A::Error> {
        if !self.reading.take_row() {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Slot::Rows(vec![]));
        }
        let mut row = self.shape.empty_row();
        let node = self.shape.root();
        NodeSeed { node, row: &mut row, reading: self.reading }.read_map(map)?;
        Ok(Slot::Rows(vec![row]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Slot<'de>, A::Error> {
        let mut rows = vec![];
        let seed = || RowsSeed { shape: self.shape, reading: self.reading };
        while let Some(slot) = seq.next_element_seed(seed())? {
            if let Slot::Rows(row) = slot {
                rows.extend(row);
            }
        }
        Ok(Slot::Rows(rows))
    }

    fn visit_unit<E>(self) -> Result<Slot<'de>, E> {
        Ok(Slot::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Slot<'de>, E> {
        self.reading.note_mismatch();
        Ok(Slot::Mismatch)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Slot<'de>, E> {
        self.reading.note_mismatch();
        Ok(Slot::Mismatch)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Slot<'de>, E> {
        self.reading.note_mismatch();
        Ok(Slot::Mismatch)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Slot<'de>, E> {
        self.reading.note_mismatch();
        Ok(Slot::Mismatch)
    }

    fn visit_str<E>(self, _: &str) -> Result<Slot<'de>, E> {
        self.reading.note_mismatch();
        Ok(Slot::Mismatch)
    }
}
