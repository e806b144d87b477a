//! When to stop: the first SIGINT or SIGTERM asks, a second one ends the process.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Exit status of a process that a second signal ended.
const INTERRUPTED: i32 = 130;

/// Returns a value that turns true at the first signal.
///
/// # Errors
/// The system's error if signals can't be watched.
pub fn on_signal() -> io::Result<watch::Receiver<bool>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        let mut n_signals = 0;
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            n_signals += 1;
            if n_signals > 1 {
                tracing::warn!("second signal: ending now, the journal keeps what is not flushed");
                end();
            }
            tracing::info!("stopping");
            _ = sender.send(true);
        }
    });
    Ok(receiver)
}

#[expect(clippy::exit, reason = "the user asked twice; everything acknowledged is on disk")]
fn end() -> ! {
    std::process::exit(INTERRUPTED)
}
