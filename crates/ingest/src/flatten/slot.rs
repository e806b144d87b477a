//! A value between the JSON and its column.

use std::borrow::Cow;

/// A value on its way from the JSON to a column.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Slot<'a> {
    /// Absent or null.
    #[default]
    Null,
    /// Text, or JSON kept as text.
    Text(Cow<'a, str>),
    /// An integer, a time in milliseconds, or a day.
    Int(i64),
    /// A double.
    Float(f64),
    /// A boolean.
    Bool(bool),
    /// A list of text.
    TextList(Vec<Option<Cow<'a, str>>>),
    /// A list of objects, or a lone object.
    Rows(Vec<Row<'a>>),
    /// A value that its column can't hold.
    Mismatch,
}

impl<'a> Slot<'a> {
    /// Makes a text slot, or null.
    #[must_use]
    pub fn text(text: Option<&'a str>) -> Self {
        text.map_or(Slot::Null, |text| Slot::Text(Cow::Borrowed(text)))
    }

    /// Makes a text slot from text of its own, or null.
    #[must_use]
    pub fn owned(text: Option<String>) -> Self {
        text.map_or(Slot::Null, |text| Slot::Text(Cow::Owned(text)))
    }

    /// Makes an integer slot, or null.
    #[must_use]
    pub fn int(number: Option<i64>) -> Self {
        number.map_or(Slot::Null, Slot::Int)
    }

    /// Returns the text, if it is text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Slot::Text(text) = self { Some(text) } else { None }
    }

    /// Returns the text, if it is text and not empty.
    #[must_use]
    pub fn as_filled(&self) -> Option<&str> {
        self.as_text().filter(|text| !text.is_empty())
    }

    /// Returns this slot, if it is text and not empty.
    #[must_use]
    pub fn filled(&self) -> Option<&Self> {
        self.as_filled().map(|_| self)
    }

    /// Returns the integer, if it is one.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        if let Slot::Int(number) = self { Some(*number) } else { None }
    }

    /// Returns the boolean, if it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Slot::Bool(flag) = self { Some(*flag) } else { None }
    }

    /// Makes a slot of what `work` finds in the text, or null; it is copied only if it must be.
    #[must_use]
    pub fn derive(&self, work: impl for<'t> Fn(&'t str) -> Option<Cow<'t, str>>) -> Self {
        match self {
            Slot::Text(Cow::Borrowed(text)) if !text.is_empty() => {
                work(text).map_or(Slot::Null, Slot::Text)
            }
            _ => Self::owned(self.as_filled().and_then(work).map(Cow::into_owned)),
        }
    }

    /// Returns the rows of a list of objects, none for anything else.
    #[must_use]
    pub fn rows(&self) -> &[Row<'a>] {
        if let Slot::Rows(rows) = self { rows } else { &[] }
    }
}

/// One slot a column of a shape.
pub type Row<'a> = Vec<Slot<'a>>;
