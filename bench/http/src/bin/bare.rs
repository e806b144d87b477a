//! `bare`: a handler that verifies a webhook and answers 200 without storing anything.
//!
//! The usual way to write it with axum; what `tributary serve` does beyond it is durability,
//! deduplication and the lake.

use anyhow::Context as _;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::serve::ListenerExt as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::net::TcpListener;
use tributary_bench::signing::{Key, now_ms};

const TOLERANCE_S: u64 = 300;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let address = std::env::args().nth(1).context("usage: bare HOST:PORT")?;
    let router = Router::new()
        .route("/webhooks/midbound", post(receive))
        .with_state(Key::from_environment()?);
    let listener = TcpListener::bind(&address).await.context(address)?;
    println!("{}", listener.local_addr()?);
    let listener = listener.tap_io(|stream| _ = stream.set_nodelay(true));
    axum::serve(listener, router).await.context("serving")
}

async fn receive(State(key): State<Key>, headers: HeaderMap, body: Bytes) -> StatusCode {
    if is_signed(&key, &headers, &body) { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
}

fn is_signed(key: &Key, headers: &HeaderMap, body: &[u8]) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let (Some(id), Some(timestamp), Some(signatures)) =
        (text("webhook-id"), text("webhook-timestamp"), text("webhook-signature"))
    else {
        return false;
    };
    let is_fresh = timestamp
        .parse::<u64>()
        .is_ok_and(|timestamp| timestamp.abs_diff(now_ms() / 1000) <= TOLERANCE_S);
    let parts = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
    let is_ours = |signature: &str| {
        let signature = signature.strip_prefix("v1,").and_then(|text| STANDARD.decode(text).ok());
        signature.is_some_and(|signature| key.is_valid(&parts, &signature))
    };
    is_fresh && signatures.split(' ').any(is_ours)
}
