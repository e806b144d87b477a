//! The accept loop: connections with limits that `axum::serve` does not have.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutStream;

use super::notices::Notices;
use super::{Endpoints, HEAD_BYTES_MIN, Limits};
use crate::metrics::ListenerMetrics;
use tributary_ingest::clock::Clock;

/// Connections that wait to be accepted: senders that come back all at once.
const BACKLOG: u32 = 1024;
/// Pause after an error of accepting, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Connections beyond the limit that are told so at the same time; others are just closed.
const REFUSALS_MAX: usize = 64;
/// Time for a client to read that there are too many connections.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);
/// What a client reads that finds all connections taken.
const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n\
    retry-after: 5\r\ncontent-length: 32\r\nconnection: close\r\n\r\n{\"error\":\"too many connections\"}";
/// What a client reads whose head did not arrive in time.
const SLOW_HEAD: &[u8] = b"HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json\r\n\
    content-length: 33\r\nconnection: close\r\n\r\n{\"error\":\"request took too long\"}";

/// How a listener differs from another one.
#[derive(Debug)]
pub struct Terms {
    /// Limits of its connections and their requests.
    pub limits: Limits,
    /// The option that sets how many connections it has, for the log.
    pub connections_option: &'static str,
    /// Where it is counted.
    pub metrics: ListenerMetrics,
}

/// A listener and what it serves.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    endpoints: Endpoints,
    terms: Terms,
    clock: Arc<dyn Clock>,
    notices: Notices,
}

impl Server {
    /// Listens on an address.
    ///
    /// # Errors
    /// The system's error, such as an address in use.
    pub async fn bind(
        address: SocketAddr,
        endpoints: Endpoints,
        terms: Terms,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let listener = socket.listen(BACKLOG)?;
        Ok(Self { listener, endpoints, terms, clock, notices: Notices::default() })
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
        let Terms { limits, connections_option: limit, metrics } = self.terms;
        let slots = Arc::new(Semaphore::new(limits.connections_max));
        let refusals = Arc::new(Semaphore::new(REFUSALS_MAX));
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
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
            let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else {
                metrics.connections_refused.inc();
                if self.notices.due(limit, self.clock.elapsed()).is_some() {
                    tracing::warn!(limit, "a limit was reached, requests are refused");
                }
                if let Ok(slot) = Arc::clone(&refusals).try_acquire_owned() {
                    connections.spawn(async move {
                        refuse(stream).await;
                        drop(slot);
                    });
                }
                continue;
            };
            let serving = serve(stream, self.endpoints.clone(), limits, stop.clone());
            let metrics = metrics.clone();
            connections.spawn(async move {
                metrics.connections.inc();
                if let Some(reason) = serving.await {
                    metrics.heads_refused.with_label_values(&[reason]).inc();
                }
                metrics.connections.dec();
                drop(slot);
            });
        }
        drop(self.listener);
        let finish = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(limits.stop_timeout, finish).await.is_err() {
            tracing::warn!(n_connections = connections.len(), "connections were cut off");
        }
    }
}

/// Tells a client that all connections are taken.
async fn refuse(mut stream: TcpStream) {
    let telling = async {
        stream.write_all(BUSY).await?;
        stream.shutdown().await?;
        // What the client still sends is read, or it would never see the answer.
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
    };
    _ = tokio::time::timeout(REFUSAL_TIMEOUT, telling).await;
}

/// Serves one connection; returns why its last head was refused, if it was.
async fn serve(
    stream: TcpStream,
    endpoints: Endpoints,
    limits: Limits,
    mut stop: watch::Receiver<bool>,
) -> Option<&'static str> {
    // Without delay: an answer is one small packet.
    _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(limits.write_timeout));
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let answer = endpoints.clone().answer(request.map(Body::new));
        Box::pin(async { Ok::<_, Infallible>(answer.await) })
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(limits.head_bytes_max.max(HEAD_BYTES_MIN))
        .max_headers(limits.headers_max)
        .half_close(true)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
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
    let parts = connection.into_parts();
    let mut stream = parts.io.into_inner();
    let reason = match &result {
        // An idle connection is closed without a word, one that was heard half is told.
        Err(error) if error.is_timeout() && !parts.read_buf.is_empty() => {
            _ = stream.write_all(SLOW_HEAD).await;
            Some("too_slow")
        }
        Err(error) if error.is_parse_too_large() => Some("too_large"),
        Err(error) if error.is_parse() => Some("malformed"),
        _ => None,
    };
    _ = stream.shutdown().await;
    reason
}
