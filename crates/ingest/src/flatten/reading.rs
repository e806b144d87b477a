//! What is noted while one event is read: values that do not fit, and how much it has taken.

use std::cell::Cell;

/// Objects of an event that become rows; each takes room for every column of its table.
pub const ROWS_MAX: usize = 10_000;
/// Elements of an event's lists of text.
pub const ITEMS_MAX: usize = 100_000;

/// The reading of one event. What stands behind its limits is in the body only.
#[derive(Debug)]
pub struct Reading {
    mismatch: Cell<bool>,
    overflow: Cell<bool>,
    rows_left: Cell<usize>,
    items_left: Cell<usize>,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            mismatch: Cell::new(false),
            overflow: Cell::new(false),
            rows_left: Cell::new(ROWS_MAX),
            items_left: Cell::new(ITEMS_MAX),
        }
    }
}

impl Reading {
    /// Notes a value that its column can't hold.
    pub fn note_mismatch(&self) {
        self.mismatch.set(true);
    }

    /// Whether there was such a value.
    #[must_use]
    pub fn has_mismatch(&self) -> bool {
        self.mismatch.get()
    }

    /// Whether there was more than fits.
    #[must_use]
    pub fn has_overflow(&self) -> bool {
        self.overflow.get()
    }

    /// Takes room for a row; false if there is none left.
    #[must_use]
    pub fn take_row(&self) -> bool {
        self.take(&self.rows_left)
    }

    /// Takes room for an element of a list of text; false if there is none left.
    #[must_use]
    pub fn take_item(&self) -> bool {
        self.take(&self.items_left)
    }

    fn take(&self, left: &Cell<usize>) -> bool {
        match left.get().checked_sub(1) {
            Some(fewer) => left.set(fewer),
            None => self.overflow.set(true),
        }
        !self.overflow.get()
    }
}
