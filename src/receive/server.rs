//! The accept loop: connections with limits that `axum::serve` does not have.

use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use super::Limits;
use crate::metrics::Metrics;

/// Bytes of a request's head; longer ones are answered 431.
const HEAD_BYTES_MAX: usize = 16 << 10;
/// Headers of a request.
const HEADERS_MAX: usize = 64;
/// Pause after an error of accepting, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// What a client reads whose head did not arrive in time.
const SLOW_HEAD: &[u8] = b"HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json\r\n\
    content-length: 33\r\nconnection: close\r\n\r\n{\"error\":\"request took too long\"}";

/// A listener and what it serves.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    router: Router,
    limits: Limits,
    metrics: Arc<Metrics>,
}

impl Server {
    /// Listens on an address.
    ///
    /// # Errors
    /// The system's error, such as an address in use.
    pub async fn bind(
        address: SocketAddr,
        router: Router,
        limits: Limits,
        metrics: Arc<Metrics>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        Ok(Self { listener, router, limits, metrics })
    }

    /// Returns the address it listens on.
    ///
    /// # Errors
    /// The system's error.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` turns true, then lets what is in flight finish.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let slots = Arc::new(Semaphore::new(self.limits.connections_max));
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let next = async {
                let slot = Arc::clone(&slots).acquire_owned().await;
                (slot, self.listener.accept().await)
            };
            let (slot, accepted) = tokio::select! {
                next = next => next,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "accepting a connection failed");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let serving = serve(stream, self.router.clone(), self.limits, stop.clone());
            let metrics = Arc::clone(&self.metrics);
            connections.spawn(async move {
                metrics.connections.inc();
                serving.await;
                metrics.connections.dec();
                drop(slot);
            });
        }
        drop(self.listener);
        let finish = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(self.limits.stop_timeout, finish).await.is_err() {
            tracing::warn!(n_connections = connections.len(), "connections were cut off");
        }
    }
}

/// Serves one connection.
async fn serve(stream: TcpStream, router: Router, limits: Limits, mut stop: watch::Receiver<bool>) {
    // Without delay: an answer is one small packet.
    _ = stream.set_nodelay(true);
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        Box::pin(router.clone().oneshot(request.map(Body::new)))
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    let result = {
        let mut stopped = false;
        loop {
            let done = std::future::poll_fn(|context| connection.poll_without_shutdown(context));
            let done = pin!(done);
            tokio::select! {
                result = done => break result,
                _ = stop.wait_for(|stop| *stop), if !stopped => stopped = true,
            }
            Pin::new(&mut connection).graceful_shutdown();
        }
    };
    let is_slow = result.is_err_and(|error| error.is_timeout());
    let parts = connection.into_parts();
    let mut stream = parts.io.into_inner();
    // An idle connection is closed without a word, one that was heard half is told.
    if is_slow && !parts.read_buf.is_empty() {
        _ = stream.write_all(SLOW_HEAD).await;
    }
    _ = stream.shutdown().await;
}
