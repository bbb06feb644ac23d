//! Retries that do not make an outage worse: exponential backoff with jitter, bounded in attempts,
//! in time and by a budget that operations share, that listens when the server says how long to
//! wait.
//!
//! ```
//! use std::time::Duration;
//! use zb_retry::{Policy, retry};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let policy = Policy::new()
//!     .with_base(Duration::from_millis(10))
//!     .with_cap(Duration::from_secs(10))
//!     .with_max_attempts(5);
//!
//! let mut calls = 0;
//! let answer = retry(policy, || {
//!     calls += 1;
//!     let call = calls;
//!     async move { if call < 3 { Err("busy") } else { Ok(42) } }
//! })
//! .when(|error| *error == "busy")
//! .notify(|failure| println!("attempt {} failed: {}", failure.attempt, failure.error))
//! .await;
//!
//! assert_eq!(answer.unwrap(), 42);
//! # }
//! ```
//!
//! # What it promises
//!
//! - The wait before retry `n` (from 0) is drawn from `uniform(0, min(cap, base * 2^n))`: *full
//!   jitter* as [AWS defines it]. It is uniform from zero, so clients that failed together come back
//!   spread over the whole interval, and no wait is longer than the cap. *Equal* and *decorrelated*
//!   jitter are there too: see [`Jitter`].
//! - No attempt starts after the deadline, and no wait is begun that would end after it: [`retry`]
//!   gives up at once instead of sleeping for nothing. An attempt that is already running is never
//!   cut: what dropping it would do is the caller's knowledge, so a time limit per attempt belongs
//!   into the operation.
//! - What a server asks for is waited for, up to the policy's
//!   [hint cap](Policy::with_hint_cap), plus the jitter.
//! - A [`Budget`] bounds the retries of all operations that share it, whatever each one's policy
//!   allows. Success refills it.
//! - An error type says what may be retried by implementing [`Retryable`], or a closure does at the
//!   call ([`Retry::when`]). Nothing is decided by the text of a message.
//! - Observers ([`Retry::notify`]) hear of each failure before the wait: which attempt it was, why
//!   it failed, how long the wait is.
//! - Every [`Error`] carries the last cause, how many attempts were made and how long they took.
//! - With a seed ([`Retry::seed`], [`Backoff::seeded`]) and tokio's paused clock, a run is the same
//!   every time.
//!
//! [AWS defines it]: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
//!
//! # When to use this alone
//!
//! For any async operation that may fail for a while: a request, a lock, a lease, a file that is
//! not there yet. Nothing in here knows of Arrow or Zerobus, and the only runtime it needs is
//! tokio's timer. `examples/downloads.rs` fetches many things from one flaky place, within one
//! budget. Where a loop has to stay a loop, [`Backoff`] is a plain iterator over waits:
//!
//! ```
//! use zb_retry::Policy;
//!
//! # fn main() {
//! for wait in Policy::new().with_max_attempts(4).backoff() {
//!     // try, and on failure:
//!     println!("again in {wait:?}");
//! }
//! # }
//! ```

mod backoff;
mod budget;
mod error;
mod jitter;
mod policy;
mod retry;
mod verdict;

pub use backoff::Backoff;
pub use budget::{Budget, Reservation};
pub use error::{Error, ErrorKind};
pub use jitter::Jitter;
pub use policy::Policy;
pub use retry::{Failure, Retry, retry};
pub use verdict::{Retryable, Verdict};
