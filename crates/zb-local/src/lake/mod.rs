//! The tables: where they are, what they hold, and how rows get into them.

mod compaction;
mod delta;
mod difference;
mod group;
mod landing;
mod lane;
mod listing;
mod lock;
mod table;
mod tables;

pub use landing::Landing;
pub(crate) use lane::{Lane, Progress};
pub(crate) use lock::DirectoryLock;
pub(crate) use table::{Rows, Table};
pub(crate) use tables::{Lake, OpenError};
