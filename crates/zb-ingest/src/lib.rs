//! Delivery of Arrow record batches to a Delta table through Zerobus Ingest, with a receipt that
//! says of every row what became of it.
//!
//! ```no_run
//! use std::{env, error::Error, sync::Arc, time::Duration};
//!
//! use arrow_array::{ArrayRef, Int64Array, RecordBatch};
//! use zb_ingest::{Secret, Sender, SenderOptions, TableName, TokenError, TokenSource, async_trait};
//!
//! /// Where tokens come from: here a variable; `zb-auth` fetches, keeps and renews them.
//! struct Variable;
//!
//! #[async_trait]
//! impl TokenSource for Variable {
//!     async fn token(&self, _: &TableName) -> Result<Secret, TokenError> {
//!         let token = env::var("ZEROBUS_TOKEN").map_err(TokenError::permanent)?;
//!         Ok(Secret::from(token))
//!     }
//!
//!     async fn refused(&self, _: &TableName, _: &Secret) {}
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn Error>> {
//! let flights: ArrayRef = Arc::new(Int64Array::from(vec![1545, 1714, 1141]));
//! let batch = RecordBatch::try_from_iter([("flight", flights)])?;
//!
//! let table: TableName = "main.nyc.flights".parse()?;
//! let options = SenderOptions::new("https://1234567890.zerobus.us-west-2.cloud.databricks.com");
//! let sender = Sender::open(table, &batch.schema(), Arc::new(Variable), options).await?;
//!
//! let ticket = sender.submit(batch).await?; // returns as soon as there is room
//! let receipt = ticket.wait().await; // every accepted row is durable, or the receipt says why not
//! println!("{} of {} rows are durable", receipt.durable().count(), receipt.rows());
//!
//! sender.close(Duration::from_secs(30)).await;
//! # Ok(())
//! # }
//! ```
//!
//! # The way of a batch
//!
//! [`Sender::submit`] has it encoded in chunks of one request each (`submit.rs`, `encoding.rs`), waits
//! until the request fits the budget of bytes in flight (`budget.rs`), and queues it with a lane
//! (`lane/`). The lane's task (`lane/flow.rs`) hands it to the SDK (`lane/handing.rs`; `sdk/` is the only
//! module that names a type of it), waits for acknowledgements, oldest first, and settles the rows with
//! their [`Ticket`] (`lane/settling.rs`), which makes a [`Receipt`] of them when none is open. A
//! connection that is lost with nothing in flight is opened again once by the SDK, and otherwise by the
//! lane (`lane/opening.rs`), which sends again what was not acknowledged, all at the pace that
//! `pacing.rs` sets; `lane/verdict.rs` decides what a loss means, and `lane/isolation.rs` finds rows that
//! the service refuses.
//!
//! Rows are made as the table wants them where a [`TableSchemaSource`] says which columns it has
//! (`plan.rs`). It is asked again before each stream that the lane opens, so that a table that was
//! altered is met with another plan, or with one error that names everything that no longer fits.
//!
//! # Two transports
//!
//! Rows travel as Protobuf, or, with the feature `flight` and [`Transport::Flight`], as record batches
//! over Arrow Flight. Receipts mean the same.
//!
//! # When to use this alone
//!
//! When a program has tokens, columns and telemetry of its own, and wants delivery and receipts without
//! configuration. It brings the [`TokenSource`] (two methods; `examples/receipt.rs` makes one of `zb-auth`)
//! and, if rows are to be fitted, a [`TableSchemaSource`]. Whoever has neither takes `zb-core`.

mod budget;
mod closed;
mod encoding;
mod error;
mod lane;
mod ledger;
mod lock;
mod observer;
mod options;
mod pacing;
mod plan;
mod quarantine;
mod ranges;
mod receipt;
mod records;
mod rejection;
mod request;
mod sdk;
mod sender;
mod shared;
mod slow_down;
mod spans;
mod stamp;
mod status;
mod submit;
mod table;
mod ticket;
mod token;
mod transport;

pub use closed::{Closed, Fate, Undelivered};
pub use error::{Error, ErrorKind};
pub use observer::{Event, Fates, Observer};
pub use options::{OptionValues, SenderOptions};
pub use quarantine::Quarantine;
pub use ranges::RowRanges;
pub use receipt::{Receipt, reason_columns};
pub use rejection::{RejectedBy, Rejection};
pub use sender::Sender;
pub use slow_down::SlowDown;
pub use stamp::{BATCH_COLUMN, ROW_COLUMN};
pub use status::{Code, Status};
pub use submit::TrySubmitError;
pub use table::{TableSchemaError, TableSchemaSource};
pub use ticket::Ticket;
pub use token::{TokenError, TokenSource};
pub use transport::Transport;

#[doc(no_inline)]
pub use async_trait::async_trait;
#[doc(no_inline)]
pub use zb_types::{Secret, TableName};
