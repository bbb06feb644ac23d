//! Apache Arrow in, Databricks Delta out, through Zerobus Ingest: one client over the zb crates.
//!
//! ```
//! use std::sync::Arc;
//! use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
//! use zb_core::Client;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // An endpoint inside this process, with real Delta tables below `lake`, which may be any directory;
//! // against a workspace this line is `Client::from_env()?` and nothing else changes.
//! let lake = tempfile::tempdir()?;
//! let client = Client::local(lake.path()).await?;
//!
//! let batch = RecordBatch::try_from_iter([
//!     ("sensor", Arc::new(StringArray::from(vec!["north", "south"])) as ArrayRef),
//!     ("celsius", Arc::new(Float64Array::from(vec![21.5, 19.0]))),
//! ])?;
//! let receipt = client.send(&"main.weather.readings".parse()?, batch).await?;
//! assert!(receipt.is_all_durable());
//! client.close().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Rows that fit
//!
//! Rows are made to fit the table, whose columns are read from Unity Catalog: see [`Fit`], which also
//! says what becomes of each type. They are read again when a stream is opened, so that a table may grow
//! under a client that runs.
//!
//! # Settings
//!
//! Each is [declared](declared()) once and can be set by a method of [`ClientBuilder`], in a TOML file, in an
//! environment variable, in a profile of `~/.databrickscfg`, and by its [name](ClientBuilder::set), with
//! the same checks; [`Client::settings`] says what each is and where it was found. `docs/reference` of the
//! repository has a table of them, which [`reference()`] makes.
//!
//! ```
//! use zb_core::{Client, Origin};
//!
//! # fn main() -> Result<(), zb_core::Error> {
//! let refused = Client::builder().set("streems", "4", Origin::Program).unwrap_err();
//! assert!(refused.to_string().ends_with("did you mean streams?"));
//!
//! let client = Client::builder().streams(4).dry_run()?;
//! assert_eq!(client.settings().value("streams"), Some("4"));
//! # Ok(())
//! # }
//! ```
//!
//! # Which crate does what
//!
//! | crate | does | here as |
//! |---|---|---|
//! | `zb-convert` | Arrow record batches to Protobuf rows and back | [`convert`] |
//! | `zb-ingest` | delivery, with a receipt for every row | [`ingest`] |
//! | `zb-auth` | OAuth2 tokens | [`auth`] |
//! | `zb-debug` | mirrors on disk, quarantine files, their readers | [`debug`] |
//! | `zb-retry` | retries with backoff and full jitter | [`retry`] |
//! | `zb-telemetry` | metrics and spans | [`telemetry`] |
//! | `zb-local` | the offline endpoint | [`local`], feature `local` |
//!
//! # Features
//!
//! `flight` (default): [`Transport::Flight`], record batches over Arrow Flight instead of Protobuf rows.
//!
//! `local` (default): [`Client::local`], and [`local::LocalZerobus`] for tests. Without it, the Delta
//! library is not built.
//!
//! `otel`, `otlp`: those of `zb-telemetry`, metrics through a meter provider of your own, and set-up
//! of exporters to a collector. `telemetry-arrow`: the same into Arrow files.
//!
//! # When to use this alone
//!
//! Always, unless you want a single part: this crate only wires the others together.

mod builder;
mod catalog;
mod client;
mod config;
#[cfg(feature = "local")]
mod embedded;
mod error;
mod fit;
mod mirrors;
pub mod probe;
mod recorded;
mod sender_builder;
mod senders;
mod tokens;
mod totals;

pub use builder::ClientBuilder;
pub use catalog::{CatalogError, TableColumn, TableDescription};
pub use client::Client;
pub use config::{
    Config, ConfigError, Credentials, Declared, Given, Group, Missing, Origin, Setting, Settings,
    Shape, Unknown, declared, reference,
};
#[cfg(feature = "local")]
pub use embedded::LocalAddress;
pub use error::{Error, ErrorKind};
pub use fit::Fit;
pub use sender_builder::SenderBuilder;
pub use totals::Totals;
pub use zb_auth as auth;
pub use zb_convert as convert;
pub use zb_convert::{SchemaError, create_table_sql, proto_text};
pub use zb_debug as debug;
pub use zb_ingest as ingest;
pub use zb_ingest::{
    Closed, Event, Fate, Fates, Observer, Receipt, RejectedBy, Rejection, RowRanges, Sender,
    Ticket, Transport, Undelivered,
};
#[cfg(feature = "local")]
pub use zb_local as local;
pub use zb_retry as retry;
pub use zb_telemetry as telemetry;
pub use zb_types::{
    ExposeSecret, Secret, TableName, TableNameError, TableNameErrorKind, with_causes,
};
