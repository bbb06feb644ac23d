//! Behaviour of the crate, held against prost-reflect and arrow-cast, which share no code with it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod agreement;
mod allocations;
mod hostile;
mod oracle;
#[cfg(feature = "rayon")]
mod parallel;
mod refused;
mod roundtrip;
mod rows;
mod types;
