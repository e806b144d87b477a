//! One file of the journal: its header, and reading it back.
//!
//! ```text
//! offset  size  field
//!      0     8  magic "TRIBJNL1"
//!      8     4  format version, little endian (1)
//!     12     4  CRC-32 of the other 60 bytes
//!     16    16  uuid, random
//!     32     8  sequence, little endian: the segment's number, also its file name
//!     40     8  creation, milliseconds since the Unix epoch
//!     48    16  zero
//!     64     …  frames, see [`frame`]
//! ```
//!
//! Reading stops at a torn tail: bytes that were never acknowledged. Damage before
//! acknowledged bytes is reported, and reading goes on behind it.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use bytes::{Buf as _, Bytes};

use super::error::JournalError;
use super::frame::{self, Frame};
use crate::event::Record;

/// Length of a segment's header in bytes.
pub const HEADER_BYTES: u64 = 64;
const MAGIC: &[u8; 8] = b"TRIBJNL1";
const VERSION: u32 = 1;
const READ_BYTES: usize = 1 << 20;

/// What a segment's header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Random identity, part of every frame's checksum.
    pub uuid: [u8; 16],
    /// The segment's number.
    pub sequence: u64,
    /// When it was created, milliseconds since the Unix epoch.
    pub created_at_ms: i64,
}

impl Header {
    /// Returns the header's bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[16..32].copy_from_slice(&self.uuid);
        bytes[32..40].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.created_at_ms.to_le_bytes());
        let crc = header_checksum(&bytes);
        bytes[12..16].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads a header.
    ///
    /// # Errors
    /// Why these bytes are no header of a known version. All versions share magic, version and
    /// checksum, so that another version is told from damage.
    pub fn decode(bytes: &[u8]) -> Result<Self, HeaderError> {
        let bytes: Option<&[u8; 64]> = bytes.get(..64).and_then(|bytes| bytes.try_into().ok());
        let bytes = bytes.ok_or(HeaderError::Damaged("shorter than a header"))?;
        if &bytes[..8] != MAGIC {
            return Err(HeaderError::Damaged("not a tributary journal segment"));
        }
        if u32::from_le_bytes(array(bytes, 12)) != header_checksum(bytes) {
            return Err(HeaderError::Damaged("header checksum mismatch"));
        }
        let version = u32::from_le_bytes(array(bytes, 8));
        if version != VERSION {
            return Err(HeaderError::Version(version));
        }
        Ok(Self {
            uuid: array(bytes, 16),
            sequence: u64::from_le_bytes(array(bytes, 32)),
            created_at_ms: i64::from_le_bytes(array(bytes, 40)),
        })
    }
}

/// Why bytes are no header that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderError {
    /// They are whole, and of this unknown version.
    Version(u32),
    /// They are damaged, in this way.
    Damaged(&'static str),
}

/// A piece of a segment.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// A record and where its frame stands.
    Record {
        /// The record.
        record: Record,
        /// Offset of its frame in the file.
        offset: u64,
        /// Length of its frame.
        length: u64,
    },
    /// Bytes that were acknowledged once and can't be read any more.
    Damage {
        /// Offset of the first bad byte's frame.
        offset: u64,
        /// Bytes up to the next good frame.
        length: u64,
    },
}

/// Reads a segment from its first frame to its end.
#[derive(Debug)]
pub struct SegmentReader {
    path: PathBuf,
    file: File,
    header: Header,
    /// Bytes that were read from the file and not taken yet.
    unread: Bytes,
    /// Offset of their first in the file.
    offset: u64,
}

impl SegmentReader {
    /// Opens a segment and reads its header.
    ///
    /// # Errors
    /// [`JournalError::Io`], [`JournalError::Header`] and [`JournalError::Version`].
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let mut file = File::open(path).map_err(JournalError::io(path))?;
        let mut bytes = vec![];
        file.by_ref().take(HEADER_BYTES).read_to_end(&mut bytes).map_err(JournalError::io(path))?;
        let path_of = || path.to_owned();
        let header = Header::decode(&bytes).map_err(|error| match error {
            HeaderError::Version(version) => JournalError::Version { path: path_of(), version },
            HeaderError::Damaged(reason) => JournalError::Header { path: path_of(), reason },
        })?;
        Ok(Self { path: path.to_owned(), file, header, unread: Bytes::new(), offset: HEADER_BYTES })
    }

    /// Returns the segment's header.
    #[must_use]
    pub fn header(&self) -> Header {
        self.header
    }

    /// Returns the offset behind the last piece that was read.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Reads the next piece; `None` at the end or at a torn tail.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn next_piece(&mut self) -> Result<Option<Piece>, JournalError> {
        self.fill_frame()?;
        if self.unread.is_empty() {
            return Ok(None);
        }
        match self.good_frame() {
            Some(frame) => Ok(Some(self.take(frame))),
            None => self.skip_damage(),
        }
    }

    fn good_frame(&self) -> Option<Frame> {
        let frame = frame::decode(&self.unread, &self.header.uuid);
        frame.filter(|frame| frame.batch_start <= self.offset)
    }

    fn take(&mut self, frame: Frame) -> Piece {
        let piece = Piece::Record {
            record: frame.record,
            offset: self.offset,
            length: frame.length as u64,
        };
        self.unread.advance(frame.length);
        self.offset += frame.length as u64;
        piece
    }

    /// Decides between a torn tail and damage, and in the latter case moves behind it.
    fn skip_damage(&mut self) -> Result<Option<Piece>, JournalError> {
        let mut rest = vec![];
        let length = self.file.metadata().map_err(JournalError::io(&self.path))?.len();
        rest.resize(usize::try_from(length - self.offset).unwrap_or(usize::MAX), 0);
        self.file.read_exact_at(&mut rest, self.offset).map_err(JournalError::io(&self.path))?;
        let mut rest = Bytes::from(rest);
        let Some(skipped) = next_acknowledged(&rest, &self.header.uuid, self.offset) else {
            return Ok(None);
        };
        // What was acknowledged behind it proves that it was on disk by then: a journal in use
        // may have written it since it was read.
        self.unread = Bytes::new();
        self.fill_frame()?;
        if let Some(frame) = self.good_frame() {
            return Ok(Some(self.take(frame)));
        }
        let piece = Piece::Damage { offset: self.offset, length: skipped as u64 };
        self.offset += skipped as u64;
        rest.advance(skipped);
        self.unread = rest;
        Ok(Some(piece))
    }

    fn payload_length(&self) -> Option<usize> {
        let bytes = self.unread.get(..4)?;
        let length = u32::from_le_bytes(bytes.try_into().ok()?) as usize;
        (length <= frame::PAYLOAD_BYTES_MAX).then_some(length)
    }

    /// Makes the bytes of a frame available, or as many as the file has.
    fn fill_frame(&mut self) -> Result<(), JournalError> {
        self.fill(frame::HEADER_BYTES)?;
        match self.payload_length() {
            Some(length) => self.fill(frame::HEADER_BYTES + length),
            None => Ok(()),
        }
    }

    /// Makes `n_bytes` unread bytes available, or as many as the file has.
    fn fill(&mut self, n_bytes: usize) -> Result<(), JournalError> {
        let end = self.unread.len();
        if end >= n_bytes {
            return Ok(());
        }
        let wanted = n_bytes.max(READ_BYTES);
        let file_bytes = self.file.metadata().map_err(JournalError::io(&self.path))?.len();
        let left = usize::try_from(file_bytes.saturating_sub(self.offset)).unwrap_or(usize::MAX);
        // A buffer of its own each time: records that were read are parts of those before.
        let n_bytes = wanted.min(left).max(end);
        let mut buffer = Vec::with_capacity(n_bytes);
        buffer.extend_from_slice(&self.unread);
        buffer.resize(n_bytes, 0);
        match self.file.read_exact_at(&mut buffer[end..], self.offset + end as u64) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            result => result.map_err(JournalError::io(&self.path))?,
        }
        self.unread = buffer.into();
        Ok(())
    }
}

/// Finds the next good frame behind a bad one, if anything behind it was ever acknowledged.
///
/// A frame whose batch started behind the bad offset proves that the bad bytes had been on disk.
fn next_acknowledged(rest: &Bytes, uuid: &[u8; 16], offset: u64) -> Option<usize> {
    let mut first = None;
    let mut at = 1;
    while at + frame::HEADER_BYTES < rest.len() {
        let here = offset + at as u64;
        let good =
            plausible(&rest[at..], here).then(|| frame::decode(&rest.slice(at..), uuid)).flatten();
        let Some(frame) = good else {
            at += 1;
            continue;
        };
        let first = *first.get_or_insert(at);
        if frame.batch_start > offset {
            return Some(first);
        }
        at += frame.length;
    }
    None
}

/// A cheap test that spares most offsets a checksum.
fn plausible(bytes: &[u8], offset: u64) -> bool {
    let length = u32::from_le_bytes(array(bytes, 0)) as usize;
    let batch_start = u64::from_le_bytes(array(bytes, 8));
    length <= bytes.len() && batch_start <= offset && (1..=2).contains(&bytes[16])
}

fn header_checksum(bytes: &[u8; 64]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&bytes[..12]);
    hasher.update(&bytes[16..]);
    hasher.finalize()
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("the caller checked the length")
}
