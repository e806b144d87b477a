//! One thread for the work of encoding, always the same.
//!
//! The allocator keeps a heap for each thread and takes back what other threads free when that
//! thread allocates next. The runtime's threads for blocking work take turns: each of fifty kept
//! what it had last encoded, which grew to hundreds of megabytes where tens are at work.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;

use tokio::sync::oneshot;

use super::FlushError;

/// Stack of the thread: what parses bodies recurses as deep as they nest.
const STACK_BYTES: usize = 16 << 20;

type Job = Box<dyn FnOnce() + Send>;

/// A thread that does one job after the other; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct WorkThread {
    jobs: mpsc::Sender<Job>,
}

impl WorkThread {
    /// Starts a thread of this name.
    pub(super) fn start(name: &str) -> io::Result<Self> {
        let (jobs, receiver) = mpsc::channel::<Job>();
        std::thread::Builder::new().name(name.to_owned()).stack_size(STACK_BYTES).spawn(
            move || {
                for job in receiver {
                    // Whoever waits for the job learns of a panic from the answer that is missing.
                    _ = catch_unwind(AssertUnwindSafe(job));
                }
            },
        )?;
        Ok(Self { jobs })
    }

    /// Begins a job, at once if no other is under way. What is returned waits for its result.
    pub(super) fn begin<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = Result<T, FlushError>> + Send + 'static {
        let (sender, receiver) = oneshot::channel();
        _ = self.jobs.send(Box::new(move || _ = sender.send(work())));
        async {
            receiver.await.map_err(|_| FlushError::Interrupted("encoding panicked".to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn jobs_run_on_one_thread_and_outlive_a_panic() {
        let thread = WorkThread::start("encode").unwrap();
        let id = || std::thread::current().id();
        let first = thread.begin(id).await.unwrap();
        assert_ne!(first, id());
        let panicked = thread.begin(|| panic!("a job")).await;
        assert!(matches!(panicked, Err(FlushError::Interrupted(_))));
        assert_eq!(thread.begin(id).await.unwrap(), first);
    }
}
