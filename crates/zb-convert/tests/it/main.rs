//! Behaviour of the crate, held against prost-reflect and arrow-cast, which share no code with it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod agreement;
mod allocating;
mod allocations;
mod corpus;
mod delta_types;
mod expected;
#[cfg(feature = "flight")]
mod fitting;
mod hostile;
mod limits;
mod oracle;
#[cfg(feature = "rayon")]
mod parallel;
mod properties;
mod random;
mod refused;
mod roundtrip;
mod rows;
mod target;
mod types;
mod unfolding;
mod variant;
