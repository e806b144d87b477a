//! Locking what the journal's threads share.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex whose guarded value stays whole even if a holder panicked.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
