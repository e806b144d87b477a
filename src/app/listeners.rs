//! The two listeners: webhooks on one, figures on the other, each with connections of its own.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::AppError;
use crate::metrics::Metrics;
use crate::receive::{Endpoints, Limits, Receiver, Server, Terms};
use crate::web::{Gate, Web};
use tributary_ingest::clock::Clock;

/// Settings of the listener of dashboard, report API and metrics.
#[derive(Debug)]
pub struct DashboardSettings {
    /// Where it listens; port 0 picks one.
    pub listen: SocketAddr,
    /// Connections of its own.
    pub connections_max: usize,
    /// What is asked of those who open the dashboard or call the report API.
    pub gate: Gate,
}

/// A listener that is bound and serves nobody yet.
#[derive(Debug)]
pub(super) struct Listener {
    server: Server,
    address: SocketAddr,
}

impl Listener {
    /// Returns the address it got.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` turns true.
    pub(super) fn serve(self, stop: watch::Receiver<bool>) -> JoinHandle<()> {
        tokio::spawn(self.server.run(stop))
    }
}

/// Binds the listener of webhooks and health.
pub(super) async fn webhooks(
    listen: SocketAddr,
    limits: Limits,
    receiver: &Arc<Receiver>,
    metrics: &Arc<Metrics>,
    clock: &Arc<dyn Clock>,
) -> Result<Listener, AppError> {
    let metrics = metrics.of_webhooks();
    let terms = Terms { limits, connections_option: "max-connections", metrics };
    let endpoints = Endpoints::of_webhooks(Arc::clone(receiver));
    bind("listen", listen, endpoints, terms, clock).await
}

/// Binds the listener of metrics and, if there is one, of the dashboard with its API.
pub(super) async fn dashboard(
    (listen, connections_max): (SocketAddr, usize),
    limits: Limits,
    web: Option<Web>,
    receiver: &Arc<Receiver>,
    metrics: &Arc<Metrics>,
    clock: &Arc<dyn Clock>,
) -> Result<Listener, AppError> {
    let terms = Terms {
        limits: Limits { connections_max, ..limits },
        connections_option: "max-dashboard-connections",
        metrics: metrics.dashboard.clone(),
    };
    let endpoints = Endpoints::of_metrics(Arc::clone(receiver));
    let endpoints = match web {
        Some(web) => endpoints.with(web.router()),
        None => endpoints,
    };
    bind("dashboard-listen", listen, endpoints, terms, clock).await
}

async fn bind(
    option: &'static str,
    address: SocketAddr,
    endpoints: Endpoints,
    terms: Terms,
    clock: &Arc<dyn Clock>,
) -> Result<Listener, AppError> {
    let failed = |source| AppError::Listen { option, address, source };
    let server = Server::bind(address, endpoints, terms, Arc::clone(clock)).await;
    let server = server.map_err(failed)?;
    let address = server.address().map_err(failed)?;
    Ok(Listener { server, address })
}
