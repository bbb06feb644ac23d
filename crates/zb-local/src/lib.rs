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
//! ```
//! use arrow_schema::{DataType, Field, Schema};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = tempfile::tempdir()?;
//! let server = zb_local::Server::builder(dir.path()).start().await?;
//! let created = zb_local::CreateTable::parse(
//!     "CREATE TABLE main.nyc.flights (flight BIGINT NOT NULL, carrier STRING) USING DELTA",
//! )?;
//! let table = "main.nyc.flights".parse()?;
//! server.create_table(&table, created.schema()).await?;
//!
//! // Now point any Zerobus client at these four.
//! println!("{} {}", server.endpoint(), server.unity_catalog_url());
//! let (client_id, client_secret) = (server.client_id(), server.client_secret());
//! # let _ = (client_id, client_secret);
//!
//! assert!(server.table_path(&table).join("_delta_log").is_dir());
//! server.shutdown().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What it does not do
//!
//! There is no rescue column and no VARIANT, and persistent streams cannot be retired. One client
//! id is known, and it may write to every table. Nothing is encrypted without [`Builder::tls`].
//! Tables do not evolve through it; what another writer changes in one is seen by the next stream.
//!
//! # What goes wrong
//!
//! Nothing, unless it is told to: see [`faults`].
//!
//! # What it looks like
//!
//! [`Builder::ui`] has it serve a page for people: what comes in, what was refused and why, and
//! switches for faults.
//!
//! # When to use this alone
//!
//! To develop or test any Zerobus client, in any language, without a workspace: start a server in
//! the test, give its URLs and credentials to the client, read the Delta table afterwards. To send
//! Arrow data to it there is `zb-core`; as a program it is `zb serve`.

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
mod private_file;
mod proto;
mod server;
mod stats;
mod stream;
mod tokens;
mod ui;
mod watch;
mod wire;

pub use builder::Builder;
pub use ddl::{CreateTable, DdlError};
pub use error::{Error, ErrorKind};
pub use lake::Landing;
pub use server::Server;
pub use stats::Stats;
