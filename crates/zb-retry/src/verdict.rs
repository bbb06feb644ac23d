//! What may be retried: said by the error's type, not read from its text.

use std::time::Duration;

/// What to do after an attempt failed.
///
/// `true` converts into [`Retry`](Self::Retry), `false` into [`Stop`](Self::Stop).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Try again after the policy's next wait.
    Retry,
    /// Try again, but not before this much time: the server asked for it.
    RetryAfter(Duration),
    /// Give up: another attempt would fail the same way.
    Stop,
}

impl From<bool> for Verdict {
    fn from(retry: bool) -> Self {
        if retry { Self::Retry } else { Self::Stop }
    }
}

/// An error that knows whether another attempt is worth it.
///
/// ```
/// use std::time::Duration;
/// use zb_retry::{Retryable, Verdict};
///
/// enum Fault {
///     Busy { retry_after: Option<Duration> },
///     Forbidden,
/// }
///
/// impl Retryable for Fault {
///     fn verdict(&self) -> Verdict {
///         match self {
///             Self::Busy { retry_after: Some(wait) } => Verdict::RetryAfter(*wait),
///             Self::Busy { retry_after: None } => Verdict::Retry,
///             Self::Forbidden => Verdict::Stop,
///         }
///     }
/// }
/// ```
pub trait Retryable {
    /// What to do about this error.
    fn verdict(&self) -> Verdict;
}

impl<T: Retryable + ?Sized> Retryable for &T {
    fn verdict(&self) -> Verdict {
        (**self).verdict()
    }
}

impl<T: Retryable + ?Sized> Retryable for Box<T> {
    fn verdict(&self) -> Verdict {
        (**self).verdict()
    }
}
