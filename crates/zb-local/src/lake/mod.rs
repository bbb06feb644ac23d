//! The tables: where they are, what they hold, and how rows get into them.

mod delta;
mod difference;
mod group;
mod lane;
mod lock;
mod table;
mod tables;

pub(crate) use lane::{Lane, Progress};
pub(crate) use lock::DirectoryLock;
pub(crate) use table::{Rows, Table};
pub(crate) use tables::{Lake, OpenError};
