//! The encoding of one journal record: pure, no I/O.
//!
//! ```text
//! offset  size  field
//!      0     4  payload length in bytes, little endian
//!      4     4  CRC-32 (IEEE) of the segment's uuid, the two fields below, and the payload
//!      8     8  batch start: the offset in this segment up to which all bytes were on disk
//!               before this frame was written
//!     16     n  payload
//!
//! payload
//!      0     1  record kind (1 event, 2 id conflict)
//!      1     1  signature scheme
//!      2     2  length of the webhook id in bytes
//!      4     8  time of receipt, milliseconds since the Unix epoch
//!     12     k  webhook id, UTF-8
//!   12+k     …  body, to the end of the payload
//! ```
//!
//! The uuid in the checksum keeps the bytes of another segment from ever passing as this one's.
//! The batch start tells a torn tail from damage: bytes after it may be missing after a power
//! cut, bytes before it were acknowledged.

use bytes::Bytes;

use crate::event::{Record, RecordKind, Scheme};

/// Bytes of a frame before its payload.
pub const HEADER_BYTES: usize = 16;
/// Bytes of a payload before the webhook id.
const PREFIX_BYTES: usize = 12;
/// The longest payload that is believed: larger lengths are damage.
pub const PAYLOAD_BYTES_MAX: usize = 256 << 20;

/// A frame that was read whole and whose checksum holds.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame {
    /// The record.
    pub record: Record,
    /// Offset in the segment up to which everything was durable before this frame.
    pub batch_start: u64,
    /// Length of the frame in bytes, header included.
    pub length: usize,
}

/// Appends the frame of `record` to `out`.
pub fn encode(record: &Record, uuid: &[u8; 16], batch_start: u64, out: &mut Vec<u8>) {
    let id = record.webhook_id.as_bytes();
    let id_length = u16::try_from(id.len()).expect("a webhook id is capped far below 64 KiB");
    let length = PREFIX_BYTES + id.len() + record.body.len();
    let length_field = u32::try_from(length).expect("a body is capped far below 4 GiB");
    let start = out.len();
    out.extend_from_slice(&length_field.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&batch_start.to_le_bytes());
    out.push(record.kind as u8);
    out.push(record.scheme as u8);
    out.extend_from_slice(&id_length.to_le_bytes());
    out.extend_from_slice(&record.received_at_ms.to_le_bytes());
    out.extend_from_slice(id);
    out.extend_from_slice(&record.body);
    let crc = checksum(uuid, &out[start..start + 4], &out[start + 8..]);
    out[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
}

/// Returns the length of `record`'s frame in bytes.
#[must_use]
pub fn encoded_length(record: &Record) -> usize {
    HEADER_BYTES + PREFIX_BYTES + record.webhook_id.len() + record.body.len()
}

/// Reads the frame at the start of `bytes`; `None` if it is cut off or damaged. The record's body
/// is a part of `bytes`, not a copy.
#[must_use]
pub fn decode(bytes: &Bytes, uuid: &[u8; 16]) -> Option<Frame> {
    let header = bytes.get(..HEADER_BYTES)?;
    let length = u32::from_le_bytes(header[..4].try_into().ok()?) as usize;
    if !(PREFIX_BYTES..=PAYLOAD_BYTES_MAX).contains(&length) {
        return None;
    }
    let end = HEADER_BYTES + length;
    if bytes.len() < end {
        return None;
    }
    let crc = u32::from_le_bytes(header[4..8].try_into().ok()?);
    if checksum(uuid, &header[..4], &bytes[8..end]) != crc {
        return None;
    }
    let batch_start = u64::from_le_bytes(header[8..16].try_into().ok()?);
    let record = decode_payload(&bytes.slice(HEADER_BYTES..end))?;
    Some(Frame { record, batch_start, length: end })
}

fn decode_payload(payload: &Bytes) -> Option<Record> {
    let kind = match payload[0] {
        1 => RecordKind::Event,
        2 => RecordKind::IdConflict,
        _ => return None,
    };
    let scheme = Scheme::from_number(payload[1])?;
    let id_length = usize::from(u16::from_le_bytes(payload[2..4].try_into().ok()?));
    let received_at_ms = i64::from_le_bytes(payload[4..12].try_into().ok()?);
    let id = payload.get(PREFIX_BYTES..PREFIX_BYTES + id_length)?;
    let webhook_id = str::from_utf8(id).ok()?.to_owned();
    let body = payload.slice(PREFIX_BYTES + id_length..);
    Some(Record { kind, scheme, webhook_id, received_at_ms, body })
}

fn checksum(uuid: &[u8; 16], length: &[u8], rest: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(uuid);
    hasher.update(length);
    hasher.update(rest);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const UUID: [u8; 16] = *b"0123456789abcdef";

    fn record(id: &str, body: &[u8]) -> Record {
        Record {
            kind: RecordKind::Event,
            scheme: Scheme::StandardBase64,
            webhook_id: id.to_owned(),
            received_at_ms: 1_771_200_234_900,
            body: Bytes::copy_from_slice(body),
        }
    }

    proptest! {
        #[test]
        fn a_frame_reads_back(id in "[ -~]{0,64}", body in prop::collection::vec(any::<u8>(), 0..2000), start: u64) {
            let record = record(&id, &body);
            let mut bytes = vec![];
            encode(&record, &UUID, start, &mut bytes);
            prop_assert_eq!(bytes.len(), encoded_length(&record));
            let frame = decode(&bytes.clone().into(), &UUID).unwrap();
            prop_assert_eq!(frame, Frame { record, batch_start: start, length: bytes.len() });
        }

        #[test]
        fn any_flipped_bit_is_noticed(body in prop::collection::vec(any::<u8>(), 0..200), at: prop::sample::Index, bit in 0..8) {
            let mut bytes = vec![];
            encode(&record("evt_1", &body), &UUID, 7, &mut bytes);
            let at = at.index(bytes.len());
            bytes[at] ^= 1u8 << bit;
            prop_assert_eq!(decode(&bytes.into(), &UUID), None);
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = decode(&bytes.into(), &UUID);
        }
    }

    #[test]
    fn a_cut_frame_and_another_segments_frame_are_refused() {
        let mut bytes = vec![];
        encode(&record("evt_1", b"{}"), &UUID, 0, &mut bytes);
        let bytes = Bytes::from(bytes);
        for end in 0..bytes.len() {
            assert_eq!(decode(&bytes.slice(..end), &UUID), None, "cut at {end}");
        }
        assert_eq!(decode(&bytes, b"another segment."), None);
    }
}
