//! The generated client.

#![allow(
    clippy::pedantic,
    clippy::exhaustive_enums,
    missing_docs,
    unreachable_pub
)]

include!(concat!(env!("OUT_DIR"), "/client/databricks.zerobus.rs"));
