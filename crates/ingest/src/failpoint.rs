//! Named points at which a test build can end the process, as a kill at that very step would.
//!
//! In a build with debug assertions, `FAILPOINTS="flush_after_put=2*off->panic"` aborts the process
//! at the third pass of that point: nothing is unwound, closed or flushed. The notation is that of
//! the crate `fail`, which is not used because its features would build all dependencies twice.
//! In a release build a point is nothing at all, and the variable is not read.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

static ARMED: OnceLock<Point> = OnceLock::new();

#[derive(Debug)]
struct Point {
    name: String,
    passes_left: AtomicU64,
}

/// Passes a point; ends the process if it is the armed one, and it is time.
#[inline]
pub fn pass(name: &'static str) {
    if !cfg!(debug_assertions) {
        return;
    }
    let Some(point) = ARMED.get().filter(|point| point.name == name) else { return };
    if point.passes_left.fetch_sub(1, Ordering::AcqRel) == 0 {
        std::process::abort();
    }
}

/// Arms a point by `NAME=panic` or `NAME=N*off->panic`, once in the life of a process.
///
/// # Errors
/// Says what is wrong if the text can't be read, or one is armed.
pub fn arm(text: &str) -> Result<(), String> {
    let Some(point) = parse(text) else {
        return Err(format!("`{text}` is neither NAME=panic nor NAME=N*off->panic"));
    };
    ARMED.set(point).map_err(|_| "a failure point is armed already".to_owned())
}

fn parse(text: &str) -> Option<Point> {
    let (name, action) = text.split_once('=')?;
    let n_passes = match action.split_once("*off->") {
        Some((n_passes, "panic")) => n_passes.parse().ok()?,
        None if action == "panic" => 0,
        _ => return None,
    };
    Some(Point { name: name.to_owned(), passes_left: AtomicU64::new(n_passes) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_a_name_and_how_often_it_is_passed() {
        let point = parse("flush_after_put=2*off->panic").expect("the crate fail's notation");
        assert_eq!((point.name.as_str(), point.passes_left.into_inner()), ("flush_after_put", 2));
        let point = parse("journal_after_sync=panic").expect("the crate fail's notation");
        assert_eq!(point.passes_left.into_inner(), 0);
        for text in ["", "name", "name=", "name=return", "name=x*off->panic", "name=1*off->exit"] {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
