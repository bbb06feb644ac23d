//! Locks that nobody poisons.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// No code panics while it holds one of these, and what each guards is whole between two statements.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
