//! Named points at which a test build can end the process, as a kill at that very step would.
//!
//! With the feature `failpoints`, `FAILPOINTS="flush_after_put=2*off->panic"` aborts the process
//! at the third pass of that point: nothing is unwound, closed or flushed. The notation is that of
//! the crate `fail`, which is not used because its features would build all dependencies twice.
//! Without the feature a point is nothing at all, and the variable is not read.

/// Passes a point.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub fn pass(_name: &'static str) {}

#[cfg(feature = "failpoints")]
pub use armed::pass;

#[cfg(feature = "failpoints")]
mod armed {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use crate::config;

    static ARMED: LazyLock<Option<Point>> =
        LazyLock::new(|| parse(&config::variable("FAILPOINTS")?));

    struct Point {
        name: String,
        passes_left: AtomicU64,
    }

    /// Passes a point; ends the process if it is the one, and it is time.
    pub fn pass(name: &'static str) {
        let Some(point) = ARMED.as_ref().filter(|point| point.name == name) else { return };
        if point.passes_left.fetch_sub(1, Ordering::AcqRel) == 0 {
            std::process::abort();
        }
    }

    /// Reads `NAME=panic` or `NAME=N*off->panic`.
    fn parse(text: &str) -> Option<Point> {
        let (name, action) = text.split_once('=')?;
        let n_passes = match action.split_once("*off->") {
            Some((n_passes, "panic")) => n_passes.parse().ok()?,
            None if action == "panic" => 0,
            _ => return None,
        };
        Some(Point { name: name.to_owned(), passes_left: AtomicU64::new(n_passes) })
    }
}
