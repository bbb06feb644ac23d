//! Events in, numbers and spans out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod arriving;
#[cfg(feature = "arrow")]
mod arrow_files;
mod collector;
mod counting;
mod dashboard;
mod ending;
mod environment;
mod metrics;
mod spans;
