//! The threads for the work of flushing: as many as there are cores, always the same.
//!
//! The allocator keeps a heap for each thread and takes back what other threads free when that
//! thread allocates next. The runtime's threads for blocking work take turns: each of fifty kept
//! what it had last encoded, which grew to hundreds of megabytes where tens are at work.

use rayon::{ThreadPool, ThreadPoolBuilder};
use tokio::sync::oneshot;

use super::FlushError;
use crate::priority;

/// Stack of a thread: what parses bodies recurses as deep as they nest.
const STACK_BYTES: usize = 16 << 20;
/// Threads at most: each holds rows of its own.
const THREADS_MAX: usize = 8;
/// They step back by so much, as `nice` counts it, for those that answer webhooks.
const NICE: i32 = 5;

/// Threads that work together on one job after the other; they end when this is dropped.
#[derive(Debug)]
pub(super) struct WorkThreads(ThreadPool);

impl WorkThreads {
    /// Starts the threads.
    pub(super) fn start() -> Result<Self, FlushError> {
        let n_cores = std::thread::available_parallelism().map_or(1, usize::from);
        let pool = ThreadPoolBuilder::new()
            .num_threads(n_cores.min(THREADS_MAX))
            .stack_size(STACK_BYTES)
            .thread_name(|at| format!("flush-{at}"))
            .start_handler(|_| priority::step_back(NICE))
            // Whoever waits for the job learns of a panic from the answer that is missing.
            .panic_handler(|_| {})
            .build();
        pool.map(Self).map_err(|error| FlushError::Interrupted(error.to_string()))
    }

    /// Begins a job. What is returned waits for its result.
    pub(super) fn begin<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = Result<T, FlushError>> + Send + 'static {
        let (sender, receiver) = oneshot::channel();
        self.0.spawn(move || _ = sender.send(work()));
        async {
            receiver.await.map_err(|_| FlushError::Interrupted("encoding panicked".to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn jobs_run_on_the_same_threads_and_outlive_a_panic() {
        let threads = WorkThreads::start().unwrap();
        let name = || std::thread::current().name().map(str::to_owned);
        let first = threads.begin(name).await.unwrap();
        assert!(first.is_some_and(|name| name.starts_with("flush-")));
        let panicked = threads.begin(|| panic!("a job")).await;
        assert!(matches!(panicked, Err(FlushError::Interrupted(_))));
        let next = threads.begin(name).await.unwrap();
        assert!(next.is_some_and(|name| name.starts_with("flush-")));
    }
}
