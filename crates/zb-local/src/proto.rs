//! The generated half of the wire protocol: `proto/zerobus.proto`.

#![allow(
    clippy::pedantic,
    clippy::exhaustive_enums,
    missing_docs,
    unreachable_pub
)]

tonic::include_proto!("databricks.zerobus");
