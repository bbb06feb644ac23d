//! Locks that outlive a panic of somebody else.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks. Nothing in this crate panics while it holds a lock; if an observer or a token source of the
/// program did, what is locked is still whole: each change to it is one step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
