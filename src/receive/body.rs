//! Reading a body within its limits.
//!
//! Bytes count against those of all other bodies as they arrive, so that announcing a large body
//! costs a sender more than it costs us. A body that is too large is read on and thrown away for
//! a moment, since a sender that is cut off while it writes never sees the answer.

use std::sync::Arc;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Limits;
use super::error::Refusal;

/// Bytes are counted in units of this many.
const UNIT_BYTES: usize = 1024;
/// A body that is too large is read on up to this many times the limit.
const DRAIN_FACTOR: usize = 4;
/// A body is given room for this much at once; more comes as it arrives.
const RESERVE_BYTES_MAX: usize = 16 << 10;

/// A body in memory; dropping the permit makes room for others.
#[derive(Debug)]
pub struct Bounded {
    /// The exact bytes.
    pub bytes: Bytes,
    /// What it takes of the bytes in flight.
    pub permit: Option<OwnedSemaphorePermit>,
}

/// Returns how many units of the semaphore so many bytes are.
#[must_use]
pub fn units(n_bytes: usize) -> usize {
    n_bytes.div_ceil(UNIT_BYTES)
}

/// Reads a body within the limits.
///
/// # Errors
/// [`Refusal::TooLarge`], [`Refusal::TooSlow`], [`Refusal::Busy`] and [`Refusal::Broken`].
pub async fn read(
    body: Body,
    announced: Option<u64>,
    limits: &Limits,
    in_flight: &Arc<Semaphore>,
) -> Result<Bounded, Refusal> {
    let bytes_max = limits.body_bytes_max;
    let reading = async {
        let mut body = body;
        let too_large = announced.is_some_and(|length| length > bytes_max as u64);
        let read = if too_large {
            Err(Refusal::TooLarge(bytes_max))
        } else {
            collect(&mut body, announced, bytes_max, in_flight).await
        };
        if matches!(read, Err(Refusal::TooLarge(_) | Refusal::Busy)) {
            _ = drain(&mut body, bytes_max.saturating_mul(DRAIN_FACTOR)).await;
        }
        read
    };
    tokio::time::timeout(limits.body_timeout, reading).await.unwrap_or(Err(Refusal::TooSlow))
}

/// Reads a body and throws it away, so that the sender hears the answer.
///
/// # Errors
/// [`Refusal::TooLarge`], [`Refusal::TooSlow`] and [`Refusal::Broken`], as if it had been kept.
pub async fn discard(
    mut body: Body,
    announced: Option<u64>,
    limits: &Limits,
) -> Result<(), Refusal> {
    let bytes_max = limits.body_bytes_max.saturating_mul(DRAIN_FACTOR);
    let drained = tokio::time::timeout(limits.body_timeout, drain(&mut body, bytes_max)).await;
    let too_large = Refusal::TooLarge(limits.body_bytes_max);
    if announced.is_some_and(|length| length > limits.body_bytes_max as u64) {
        return Err(too_large);
    }
    let (n_bytes, is_whole) = drained.map_err(|_| Refusal::TooSlow)?;
    if n_bytes > limits.body_bytes_max {
        return Err(too_large);
    }
    if is_whole { Ok(()) } else { Err(Refusal::Broken) }
}

async fn collect(
    body: &mut Body,
    announced: Option<u64>,
    bytes_max: usize,
    in_flight: &Arc<Semaphore>,
) -> Result<Bounded, Refusal> {
    let announced = announced.and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    let mut bytes = BytesMut::with_capacity(announced.min(RESERVE_BYTES_MAX));
    let mut permit: Option<OwnedSemaphorePermit> = None;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::Broken)?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > bytes_max {
            return Err(Refusal::TooLarge(bytes_max));
        }
        grow(&mut bytes, data.len(), announced);
        let held = permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        // The room counts, not what is in it.
        let missing = units(bytes.capacity()).saturating_sub(held);
        let missing = u32::try_from(missing).map_err(|_| Refusal::Busy)?;
        if missing > 0 {
            let more = Arc::clone(in_flight).try_acquire_many_owned(missing);
            let more = more.map_err(|_| Refusal::Busy)?;
            match &mut permit {
                Some(permit) => permit.merge(more),
                None => permit = Some(more),
            }
        }
        bytes.extend_from_slice(&data);
    }
    Ok(Bounded { bytes: bytes.freeze(), permit })
}

/// Makes room for more bytes: twice what there is, but not more than was announced.
fn grow(bytes: &mut BytesMut, n_bytes: usize, announced: usize) {
    if bytes.capacity() - bytes.len() < n_bytes {
        let left = announced.saturating_sub(bytes.len());
        bytes.reserve(n_bytes.max(bytes.len().min(left)));
    }
}

/// Reads on up to a number of bytes; returns how many there were, and whether nothing broke.
async fn drain(body: &mut Body, bytes_max: usize) -> (usize, bool) {
    let mut n_bytes = 0;
    while n_bytes < bytes_max {
        match body.frame().await {
            Some(Ok(frame)) => n_bytes += frame.data_ref().map_or(0, Bytes::len),
            Some(Err(_)) => return (n_bytes, false),
            None => break,
        }
    }
    (n_bytes, true)
}
