//! What all streams have in common, whatever protocol they speak: who may open one, what is done
//! with its rows, when they are acknowledged, and how it ends.

mod acks;
mod client;
mod ending;
mod offsets;
mod opening;
mod protocol;
mod reading;
mod session;

pub(crate) use client::Client;
pub(crate) use ending::{Ending, Last};
pub(crate) use offsets::Offsets;
pub(crate) use opening::{authorize, find_table};
pub(crate) use protocol::{Protocol, TABLE_HEADER};
pub(crate) use reading::{Reading, queue, wait};
pub(crate) use session::run;
