//! The generated clients.

#![allow(clippy::all, clippy::pedantic, clippy::exhaustive_enums)]
#![allow(missing_docs, unreachable_pub)]

include!(concat!(env!("OUT_DIR"), "/client/databricks.zerobus.rs"));

pub(crate) mod flight {
    include!(concat!(env!("OUT_DIR"), "/client/arrow.flight.protocol.rs"));
}
