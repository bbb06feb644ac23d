//! What `zb-auth` promises, against a scripted token endpoint on the loopback and a scripted source.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cache;
mod endpoint;
mod environment;
mod exchange;
mod failures;
mod freshness;
mod hostile;
mod local;
mod local_faults;
mod patience;
mod places;
mod request;
mod retrying;
mod script;
mod secrets;
