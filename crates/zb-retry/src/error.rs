//! Why a retried operation failed in the end.

use std::{fmt, time::Duration};

/// An operation that failed for good: the last cause, and what was tried before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} after {attempts} attempt(s) in {elapsed:?}")]
pub struct Error<E> {
    kind: ErrorKind,
    attempts: u32,
    elapsed: Duration,
    #[source]
    cause: E,
}

impl<E> Error<E> {
    pub(crate) fn new(kind: ErrorKind, attempts: u32, elapsed: Duration, cause: E) -> Self {
        Self {
            kind,
            attempts,
            elapsed,
            cause,
        }
    }

    /// Why no further attempt was made.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// How many attempts were made, at least one.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The time from the start of the first attempt to the end of the last.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// What the last attempt failed with.
    pub fn cause(&self) -> &E {
        &self.cause
    }

    /// What the last attempt failed with, for those who need nothing else.
    pub fn into_cause(self) -> E {
        self.cause
    }
}

/// Why no further attempt was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The error is one that another attempt does not cure.
    Permanent,
    /// All attempts that the policy allows were made.
    Attempts,
    /// The next attempt would have started after the deadline.
    Deadline,
    /// The [`Budget`](crate::Budget) that is shared with others has no retry left.
    Budget,
}

impl ErrorKind {
    /// A word for it, one of a small set: for logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Permanent => "permanent",
            Self::Attempts => "attempts",
            Self::Deadline => "deadline",
            Self::Budget => "budget",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Permanent => "failed",
            Self::Attempts => "gave up",
            Self::Deadline => "ran out of time",
            Self::Budget => "found the retry budget spent",
        })
    }
}
