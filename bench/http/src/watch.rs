//! Watches a gauge of the server while webhooks are sent, and pauses them while it is too high.
//!
//! A load that a server can bear for long is as much as it works off, no more. Instead of
//! guessing that rate, the sender waits whenever the backlog has reached a limit.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context as _;

/// Time between two looks at the gauge.
const INTERVAL: Duration = Duration::from_millis(100);

/// A gauge's values, with the seconds since the start at which each was read.
pub type Samples = Vec<(f64, f64)>;

/// A thread that watches.
#[derive(Debug)]
pub struct Watch {
    pause: Arc<AtomicBool>,
    stop: mpsc::Sender<()>,
    thread: JoinHandle<anyhow::Result<Samples>>,
}

impl Watch {
    /// Starts watching a gauge at `/metrics` of an address, the dashboard's of ours; over `most` it asks to pause.
    #[must_use]
    pub fn start(address: String, gauge: String, most: f64) -> Self {
        let pause = Arc::new(AtomicBool::new(false));
        let (stop, stopped) = mpsc::channel();
        let asked = Arc::clone(&pause);
        let started = Instant::now();
        let thread = std::thread::spawn(move || {
            let mut samples = vec![];
            while stopped.recv_timeout(INTERVAL) == Err(mpsc::RecvTimeoutError::Timeout) {
                let value = read(&address, &gauge)?;
                asked.store(value > most, Ordering::Relaxed);
                samples.push((started.elapsed().as_secs_f64(), value));
            }
            Ok(samples)
        });
        Self { pause, stop, thread }
    }

    /// Returns the flag that is up while nothing should be sent.
    #[must_use]
    pub fn pause(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.pause)
    }

    /// Stops watching and returns what was seen.
    ///
    /// # Errors
    /// If the gauge could not be read.
    pub fn finish(self) -> anyhow::Result<Samples> {
        drop(self.stop);
        self.thread.join().expect("the thread does not panic")
    }
}

/// Reads a gauge from a page of metrics.
fn read(address: &str, gauge: &str) -> anyhow::Result<f64> {
    let reading = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        let request =
            format!("GET /metrics HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let mut page = String::new();
        stream.read_to_string(&mut page)?;
        Ok(page)
    };
    let page = reading().context("reading the metrics")?;
    let value = page.lines().find_map(|line| line.strip_prefix(gauge)?.trim().parse().ok());
    value.with_context(|| format!("no gauge {gauge}"))
}
