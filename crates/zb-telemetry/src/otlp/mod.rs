//! Setting up export to a collector (feature `otlp`).

#[cfg(feature = "arrow")]
mod arrow;
mod background;
mod builder;
mod context;
mod environment;
mod error;
mod exporters;
mod guard;
mod http;
mod layer;

pub use builder::{Protocol, TelemetryBuilder};
pub use context::TraceContext;
pub use error::{Error, ErrorKind, Signal};
pub use guard::Telemetry;
