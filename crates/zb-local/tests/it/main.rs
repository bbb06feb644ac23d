//! The endpoint from outside: raw gRPC, plain HTTP and the official SDK against a real server.
//!
//! What takes time is awaited as a message, a status or a commit. Only what has none of these is looked
//! at again and again, with a deadline.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod acks;
mod altered;
mod catalog;
mod client;
mod closing;
mod compaction;
mod ddl;
mod descriptors;
mod faults;
mod flight;
mod hostile;
mod http_faults;
mod insert;
mod lake;
mod limits;
mod local_zerobus;
mod opening;
mod other_writers;
mod proto;
mod restart;
mod sdk;
mod sdk_faults;
mod sdk_flight;
mod sdk_forms;
mod sdk_persistent;
mod sdk_scenarios;
mod start;
mod tables;
mod tls;
mod token_endpoint;
mod ui;
