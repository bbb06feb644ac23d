//! Locks that nobody poisons.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// No code panics while it holds one of these, or it says there what becomes of that.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn wait<'a, T>(changed: &Condvar, state: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    let waited = changed.wait(state);
    waited.unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn wait_for<'a, T>(
    changed: &Condvar,
    state: MutexGuard<'a, T>,
    time: Duration,
) -> MutexGuard<'a, T> {
    let waited = changed.wait_timeout(state, time);
    waited.unwrap_or_else(PoisonError::into_inner).0
}
