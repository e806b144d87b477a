//! Which threads go first: those that answer webhooks.

/// Puts this thread behind others, by as much as `nice` counts.
pub fn step_back(nice: i32) {
    let this = rustix::thread::gettid();
    if let Err(error) = rustix::process::setpriority_process(Some(this), nice) {
        tracing::debug!(%error, "a thread's priority can't be lowered");
    }
}
