//! Panics of the libraries that read files, as errors.
//!
//! The readers of Arrow and Parquet check most of what a damaged file can say, and assert the rest:
//! a buffer that lies past the end of its batch ends in a panic. To the user that is a damaged file
//! like any other.

use std::{
    any::Any,
    cell::Cell,
    panic::{self, AssertUnwindSafe},
};

thread_local! {
    static READING: Cell<bool> = const { Cell::new(false) };
}

/// The reader panicked.
#[derive(Debug, thiserror::Error)]
#[error("its parts contradict each other")]
pub(super) struct Panicked;

/// Reads, and makes a panic an error. What was read from is not to be used again after one.
pub(super) fn guard<T>(read: impl FnOnce() -> T) -> Result<T, Panicked> {
    let outer = READING.replace(true);
    let done = panic::catch_unwind(AssertUnwindSafe(read));
    READING.set(outer);
    done.map_err(|payload| {
        let text = text(payload.as_ref()).unwrap_or("no text");
        tracing::debug!(text, "the reader of a file panicked");
        Panicked
    })
}

/// Whether this thread is reading: a panic becomes an error then, and is nothing to print.
pub(crate) fn is_reading() -> bool {
    READING.get()
}

/// What a panic says.
pub(crate) fn text(payload: &dyn Any) -> Option<&str> {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}
