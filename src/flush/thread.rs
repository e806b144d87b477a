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

/// How many cores work on a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cores {
    All,
    /// One is left to others, if there are several.
    AllButOne,
}

/// Threads that work together on one job after the other; they end when this is dropped.
#[derive(Debug)]
pub(super) struct WorkThreads {
    all: ThreadPool,
    all_but_one: ThreadPool,
}

impl WorkThreads {
    /// Starts the threads.
    pub(super) fn start() -> Result<Self, FlushError> {
        let n_cores = std::thread::available_parallelism().map_or(1, usize::from);
        let (all, all_but_one) = (start_pool(n_cores)?, start_pool(n_cores.saturating_sub(1))?);
        Ok(Self { all, all_but_one })
    }

    /// Begins a job. What is returned waits for its result.
    pub(super) fn begin<T: Send + 'static>(
        &self,
        cores: Cores,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = Result<T, FlushError>> + Send + 'static {
        let (sender, receiver) = oneshot::channel();
        let pool = match cores {
            Cores::All => &self.all,
            Cores::AllButOne => &self.all_but_one,
        };
        pool.spawn(move || _ = sender.send(work()));
        async {
            receiver.await.map_err(|_| FlushError::Interrupted("encoding panicked".to_owned()))
        }
    }
}

fn start_pool(n_cores: usize) -> Result<ThreadPool, FlushError> {
    let pool = ThreadPoolBuilder::new()
        .num_threads(n_cores.clamp(1, THREADS_MAX))
        .stack_size(STACK_BYTES)
        .thread_name(|at| format!("flush-{at}"))
        .start_handler(|_| priority::step_back(NICE))
        // Whoever waits for the job learns of a panic from the answer that is missing.
        .panic_handler(|_| {})
        .build();
    pool.map_err(|error| FlushError::Interrupted(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn jobs_run_on_the_same_threads_and_outlive_a_panic() {
        let threads = WorkThreads::start().unwrap();
        let name = || std::thread::current().name().map(str::to_owned);
        for cores in [Cores::All, Cores::AllButOne] {
            let first = threads.begin(cores, name).await.unwrap();
            assert!(first.is_some_and(|name| name.starts_with("flush-")));
            let panicked = threads.begin(cores, || panic!("a job")).await;
            assert!(matches!(panicked, Err(FlushError::Interrupted(_))));
            let next = threads.begin(cores, name).await.unwrap();
            assert!(next.is_some_and(|name| name.starts_with("flush-")));
        }
    }

    #[tokio::test]
    async fn a_core_is_left_where_there_are_several() {
        let threads = WorkThreads::start().unwrap();
        let all = threads.begin(Cores::All, rayon::current_num_threads).await.unwrap();
        let others = threads.begin(Cores::AllButOne, rayon::current_num_threads).await.unwrap();
        let n_cores = std::thread::available_parallelism().unwrap().get();
        assert_eq!(all, n_cores.min(THREADS_MAX));
        assert_eq!(others, (n_cores - 1).clamp(1, THREADS_MAX));
    }
}
