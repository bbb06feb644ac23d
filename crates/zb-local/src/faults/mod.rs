//! Faults on purpose: what goes wrong in a server, where, and how often.
//!
//! A [`FaultScript`] is given to [`ServerBuilder::faults`](crate::ServerBuilder::faults). It is written in
//! Rust, a line for each [`Fault`], or in TOML:
//!
//! ```
//! use std::time::Duration;
//! use zb_local::{Server, faults::{Code, Fault, FaultScript}};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = tempfile::tempdir()?;
//! let script = FaultScript::new([
//!     Fault::on_token().nth(1).answer(503),
//!     Fault::on_request().offset(5).once().status(Code::Unavailable, "restarting"),
//!     Fault::on_ack().nth(3).cut().named("ack lost"),
//! ]);
//! let server = Server::builder(dir.path()).faults(script).start().await?;
//! // … clients at work …
//! assert_eq!(server.faults()[2].name, "ack lost");
//! assert_eq!(server.faults()[2].fired, 0);
//! # server.shutdown().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Where things can go wrong
//!
//! | begun with | at the moment when |
//! |---|---|
//! | [`Fault::on_connect`] | a TCP connection is accepted |
//! | [`Fault::on_token`] | a token is asked for |
//! | [`Fault::on_catalog`] | a table is looked up in Unity Catalog |
//! | [`Fault::on_open`] | `create_stream` has arrived |
//! | [`Fault::on_request`] | a record or a batch has arrived |
//! | [`Fault::on_record`] | a record is decoded |
//! | [`Fault::on_commit`] | rows are about to be committed |
//! | [`Fault::on_ack`] | rows are committed and about to be acknowledged |
//! | [`Fault::on_close`] | the client has said that it sends nothing more |
//!
//! What can happen there are the methods of [`On`]. The keys of the TOML form have their own page,
//! `docs/reference/faults.md`, and `examples/faults.toml` shows them at work.
//!
//! A server without a script asks nobody anything.

mod action;
mod code;
mod engine;
mod fault;
mod on;
mod records;
mod script;
mod switches;
mod toml;
mod words;

pub use action::Answer;
pub use code::Code;
pub use engine::FaultCount;
pub use fault::Fault;
pub use on::{
    Ack, Catalog, Close, Commit, Connect, OfConnection, OfHttp, OfLiveStream, OfOffsets, OfReading,
    OfStream, OfTable, On, Open, Record, Request, Token,
};
pub use script::{FaultScript, ScriptError};

pub(crate) use action::{AckAs, Action, CloseSignal, CommitFailure};
pub(crate) use engine::{Event, Faults, Verdict};
pub(crate) use switches::Switch;
