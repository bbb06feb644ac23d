//! The generated half of the wire protocol: `proto/zerobus.proto`.

#![allow(clippy::all, clippy::pedantic, clippy::exhaustive_enums)]
#![allow(missing_docs, unreachable_pub)]

tonic::include_proto!("databricks.zerobus");
