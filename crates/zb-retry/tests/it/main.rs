//! What `zb-retry` promises, checked without waiting for a real clock.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod backoff;
mod budget;
mod herd;
mod jitter;
mod retry;
