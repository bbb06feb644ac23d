//! A sender against a real endpoint: what a receipt says is compared with what is in the table.
//!
//! Every row has an `id`, and tables are read from their log and their Parquet files, so that a
//! lost, doubled or invented row has a name.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// Row ranges are compared with what they are: often one range.
#![allow(clippy::single_range_in_vec_init)]

mod authorizing;
mod budget;
mod closing;
mod delivering;
mod dropping;
mod fitting;
#[cfg(feature = "flight")]
mod flight;
mod flights;
mod giving_up;
mod ground;
mod hostile;
mod isolating;
mod journal;
mod landed;
mod machine;
mod observing;
mod opening;
mod partition;
mod patience;
mod planning;
mod recovering;
mod rejecting;
mod secrets;
mod sending;
mod spans;
mod splitting;
mod tokens;
mod witness;
