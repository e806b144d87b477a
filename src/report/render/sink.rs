//! The output of the text formats: a buffer in front of the writer.
//!
//! The formats fill the buffer and the sink alone writes, so an I/O error always arrives as
//! [`io::Error`] and never as the text of some encoder's error.

use std::io::{self, Write};

/// Bytes held before they are written.
const HELD_BYTES_MAX: usize = 64 * 1024;

/// A buffered output.
pub(super) struct Sink<'a> {
    out: Box<dyn Write + Send + 'a>,
    /// What is still to be written; formats append to it.
    pub(super) buffer: Vec<u8>,
}

impl<'a> Sink<'a> {
    /// Returns a sink with nothing held.
    pub(super) fn new(out: Box<dyn Write + Send + 'a>) -> Self {
        Self { out, buffer: Vec::new() }
    }

    /// Appends `text`.
    pub(super) fn push(&mut self, text: &str) {
        self.buffer.extend_from_slice(text.as_bytes());
    }

    /// Writes the buffer if it is large.
    pub(super) fn spill(&mut self) -> io::Result<()> {
        if self.buffer.len() < HELD_BYTES_MAX {
            return Ok(());
        }
        self.drain()
    }

    /// Writes the buffer.
    pub(super) fn drain(&mut self) -> io::Result<()> {
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// Writes the buffer and flushes the writer.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.drain()?;
        self.out.flush()
    }
}
