//! Named points at which a test build can end the process, as a kill at that very step would.
//!
//! With the feature `failpoints`, `FAILPOINTS="flush_after_put=2*off->panic"` ends the process at
//! the third pass of that point; the syntax is that of the crate `fail`. A panic at a point is an
//! abort of the whole process: nothing is unwound, closed or flushed. Without the feature a point
//! is nothing at all, and the variable is not read.

/// Passes a point.
#[cfg(feature = "failpoints")]
pub fn pass(name: &'static str) {
    fail::fail_point!(name);
}

/// Passes a point.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub fn pass(_name: &'static str) {}

/// Sets the points up as `FAILPOINTS` says, for as long as the process lives.
#[cfg(feature = "failpoints")]
pub fn setup() {
    std::panic::set_hook(Box::new(|_| std::process::abort()));
    // Dropping the scenario would take the points away again.
    Box::leak(Box::new(fail::FailScenario::setup()));
}

/// Sets no point up.
#[cfg(not(feature = "failpoints"))]
pub fn setup() {}
