//! The endpoint from outside: raw gRPC, plain HTTP and the official SDK against a real server.
//!
//! Nothing here sleeps: what takes time is awaited as a message, a status or a commit.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod acks;
mod catalog;
mod client;
mod closing;
mod descriptors;
mod faults;
mod lake;
mod limits;
mod opening;
mod other_writers;
mod proto;
mod restart;
mod sdk;
mod start;
mod tables;
mod token_endpoint;
