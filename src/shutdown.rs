//! When to stop: `serve` is asked by the first SIGINT or SIGTERM and ended by a second one; what
//! reads is given up at the first.

use std::future::{Future, pending};
use std::io;

use futures::future::select_all;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Exit status of a process that a second signal ended.
const INTERRUPTED: i32 = 130;
/// What shells add to the number of a signal that ended a process.
const SIGNAL_BASE: i32 = 128;

/// A signal ended the work before it was done.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted {
    signal: i32,
}

impl Interrupted {
    /// Returns the exit code that shells show for a process which such a signal ended.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        u8::try_from(SIGNAL_BASE + self.signal).unwrap_or(u8::MAX)
    }
}

/// Does the work unless one of the signals comes, at which it is dropped with all that it holds:
/// a process that a signal ends by itself leaves its temporary files behind.
///
/// # Errors
/// [`Interrupted`], and those of the work.
pub fn unless_interrupted<T, const N: usize>(
    signals: [SignalKind; N],
    work: impl Future<Output = anyhow::Result<T>>,
) -> impl Future<Output = anyhow::Result<T>> {
    // It is large, and would be moved into each future that awaits this one.
    let work = Box::pin(work);
    async move {
        let watched = signals.into_iter().map(|kind| Ok((kind, signal(kind)?)));
        let watched = watched.collect::<io::Result<Vec<_>>>()?;
        let came = watched.into_iter().map(|(kind, mut signal)| {
            Box::pin(async move {
                if signal.recv().await.is_none() {
                    pending::<()>().await;
                }
                kind.as_raw_value()
            })
        });
        tokio::select! {
            done = work => done,
            (signal, ..) = select_all(came) => Err(Interrupted { signal }.into()),
        }
    }
}

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
