//! What the tests end to end are made of.
//!
//! They run the program as a user does, in processes of their own with an environment of their
//! own, and let readers that share no code with zb judge the tables: `tests/python/oracle.py`.
//!
//! - [`Zb`] is a command line of `zb`; it becomes [`Running`], then [`Finished`].
//! - [`Serve`] is a `zb serve` that is listening.
//! - [`Collector`] is an OpenTelemetry collector that is listening, [`Received`] what it got.
//! - [`Browser`] is a headless Chromium with one page.
//! - [`data`] are files to send, [`oracle`] is who judges, [`python`] is what it runs on.
//!
//! Nothing here is set up by hand: the first test that needs it builds `zb` and the Python
//! environment, and finds both fresh afterwards.
#![allow(
    clippy::expect_used,
    clippy::missing_errors_doc,
    clippy::panic,
    clippy::return_self_not_must_use,
    clippy::unwrap_used,
    reason = "a failed expectation is how a test fails, and this crate is nothing but tests"
)]

#[cfg(doctest)]
mod book;
mod browser;
mod cargo;
mod collector;
pub mod data;
pub mod oracle;
mod process;
pub mod program;
pub mod python;
mod report;
mod serve;

pub use browser::{Browser, Look};
pub use collector::{Collector, Point, Received, Span};
pub use process::{Finished, Running, Zb};
pub use report::{Rejection, Report};
pub use serve::{Address, Serve};

use std::path::{Path, PathBuf};

/// The root of the repository.
pub fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest
        .parent()
        .expect("this crate lies in the repository")
        .to_path_buf()
}

/// The directory of a table below a lake: `LAKE/catalog/schema/table`.
pub fn table_dir(lake: &Path, table: &str) -> PathBuf {
    table
        .split('.')
        .fold(lake.to_path_buf(), |path, part| path.join(part))
}
