//! An offline Zerobus endpoint.
//!
//! [`Server`] speaks to unmodified Zerobus clients: gRPC `EphemeralStream` with records in
//! Protobuf, JSON or Avro, `PersistentStream`, Arrow Flight `DoPut`, the insertion over REST,
//! `OAuth2` tokens and the Unity Catalog look-up of a table, all on one port of the loopback. It checks what the service checks
//! (token, table, descriptor or schema against the table, offsets, sizes, every record), refuses as
//! the service does, and lands the rows in real Delta tables below a directory:
//! `<dir>/<catalog>/<schema>/<table>`, readable by any Delta reader. A row is acknowledged after
//! the Delta commit that holds it, never before.
//!
//! # In a test
//!
//! [`LocalZerobus`] is an endpoint that lives as long as a test, with its tables in a temporary
//! directory:
//!
//! ```
//! use arrow_schema::{DataType, Field, Schema};
//! use zb_local::{ExposeSecret as _, LocalZerobus};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let flights = Schema::new(vec![Field::new("carrier", DataType::Utf8, true)]);
//! let zerobus = LocalZerobus::builder()
//!     .table("main.nyc.flights", &flights)
//!     .start()
//!     .await?;
//!
//! // Point what is tested at these four: any Zerobus client, in any language.
//! let address = [
//!     ("ZEROBUS_SERVER_ENDPOINT", zerobus.endpoint()),
//!     ("DATABRICKS_HOST", zerobus.unity_catalog_url()),
//!     ("DATABRICKS_CLIENT_ID", zerobus.client_id()),
//!     ("DATABRICKS_CLIENT_SECRET", zerobus.client_secret().expose_secret()),
//! ];
//! let mut tested = std::process::Command::new("what-is-tested");
//! tested.envs(address);
//!
//! // Then look at what has landed.
//! assert_eq!(zerobus.rows("main.nyc.flights").await?.num_rows(), 0);
//! zerobus.shutdown().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # As a server
//!
//! [`Server`] is the endpoint for a program of its own, as `zb serve` is one: at an address, with a
//! directory that stays, until it is told to stop. [`LocalZerobus`] is a layer over it.
//!
//! # What it does not do
//!
//! There is no rescue column and no VARIANT, and persistent streams cannot be retired. One client
//! id is known, and it may write to every table. Nothing is encrypted without [`ServerBuilder::tls`].
//! Tables do not evolve through it; what another writer changes in one is seen by the next stream.
//!
//! # What goes wrong
//!
//! Nothing, unless it is told to: see [`faults`].
//!
//! # What it looks like
//!
//! [`ServerBuilder::ui`] has it serve a page for people: what comes in, what was refused and why, and
//! switches for faults.
//!
//! # When to use this alone
//!
//! To develop or test any Zerobus client, in any language, without a workspace. To send Arrow data to
//! it there is `zb-core`, whose `ClientBuilder::against` takes a [`LocalZerobus`]; as a program it is
//! `zb serve`. `docs/guides/testing.md` is a guide.

mod authority;
mod builder;
mod credentials;
mod ddl;
mod endpoint;
mod error;
pub mod faults;
mod flight;
mod grpc;
mod http;
mod lake;
mod later;
mod limits;
mod local_zerobus;
mod lock;
mod private_file;
mod proto;
mod server;
mod stats;
mod stream;
mod tokens;
mod ui;
mod watch;
mod wire;

pub use builder::ServerBuilder;
pub use ddl::{CreateTable, DdlError};
pub use error::{Error, ErrorKind};
pub use lake::Landing;
pub use local_zerobus::{LocalZerobus, LocalZerobusBuilder};
pub use server::Server;
pub use stats::Stats;
#[doc(no_inline)]
pub use zb_types::{ExposeSecret, Secret, TableName};
