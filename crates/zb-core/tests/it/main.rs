//! The client against its embedded endpoint.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod client;
mod drifting;
mod fitting;
mod ground;
mod hostile;
mod kinds;
mod spans;
mod watching;
