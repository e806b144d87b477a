//! Reading a body within its limits.
//!
//! Bytes count against those of all other bodies as they arrive, so that announcing a large body
//! costs a sender more than it costs us. A body that is too large is read on and thrown away for
//! a moment, since a sender that is cut off while it writes never sees the answer.

use std::sync::Arc;
use std::time::Duration;

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
const RESERVE_BYTES_MAX: usize = 64 << 10;

/// A body in memory; dropping the permit makes room for others.
#[derive(Debug)]
pub struct Bounded {
    /// The exact bytes.
    pub bytes: Bytes,
    _permit: Option<OwnedSemaphorePermit>,
}

/// Returns how many units of the semaphore so many bytes are.
#[must_use]
pub fn units(n_bytes: usize) -> usize {
    n_bytes.div_ceil(UNIT_BYTES)
}

/// Reads a body of at most `bytes_max` bytes within `timeout`.
///
/// # Errors
/// [`Refusal::TooLarge`], [`Refusal::TooSlow`], [`Refusal::Busy`] and [`Refusal::Broken`].
pub async fn read(
    body: Body,
    announced: Option<u64>,
    bytes_max: usize,
    timeout: Duration,
    in_flight: &Arc<Semaphore>,
) -> Result<Bounded, Refusal> {
    let reading = async {
        let mut body = body;
        let too_large = announced.is_some_and(|length| length > bytes_max as u64);
        let read = if too_large {
            Err(Refusal::TooLarge(bytes_max))
        } else {
            collect(&mut body, announced, bytes_max, in_flight).await
        };
        if matches!(read, Err(Refusal::TooLarge(_) | Refusal::Busy)) {
            drain(&mut body, bytes_max.saturating_mul(DRAIN_FACTOR)).await;
        }
        read
    };
    tokio::time::timeout(timeout, reading).await.unwrap_or(Err(Refusal::TooSlow))
}

/// Reads a body and throws it away, within the limits; so that the sender hears the answer.
pub async fn discard(mut body: Body, limits: &Limits) {
    let bytes_max = limits.body_bytes_max.saturating_mul(DRAIN_FACTOR);
    _ = tokio::time::timeout(limits.body_timeout, drain(&mut body, bytes_max)).await;
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
        bytes.extend_from_slice(&data);
        let held = permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = u32::try_from(units(bytes.len()) - held).map_err(|_| Refusal::Busy)?;
        if missing > 0 {
            let more = Arc::clone(in_flight).try_acquire_many_owned(missing);
            let more = more.map_err(|_| Refusal::Busy)?;
            match &mut permit {
                Some(permit) => permit.merge(more),
                None => permit = Some(more),
            }
        }
    }
    Ok(Bounded { bytes: bytes.freeze(), _permit: permit })
}

async fn drain(body: &mut Body, bytes_max: usize) {
    let mut n_bytes = 0;
    while n_bytes < bytes_max {
        match body.frame().await {
            Some(Ok(frame)) => n_bytes += frame.data_ref().map_or(0, Bytes::len),
            Some(Err(_)) | None => return,
        }
    }
}
