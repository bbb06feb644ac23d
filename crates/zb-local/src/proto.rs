//! The generated halves of the wire protocols: `proto/*.proto`.

#![allow(clippy::all, clippy::pedantic, clippy::exhaustive_enums)]
#![allow(missing_docs, unreachable_pub)]

tonic::include_proto!("databricks.zerobus");

/// `proto/flight.proto`.
pub(crate) mod flight {
    tonic::include_proto!("arrow.flight.protocol");
}
