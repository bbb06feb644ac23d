//! End to end: the program as a user runs it, the tables as others read them.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests, with functions that are parts of tests"
)]

mod bad_input;
mod interrupt;
mod memory;
mod schema;
mod send_local;
mod two_processes;

use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The table that most tests send to.
const TABLE: &str = "main.nyc.flights";

/// A directory for one test, gone afterwards.
struct Scratch {
    directory: TempDir,
}

impl Scratch {
    fn new() -> Self {
        Self {
            directory: TempDir::with_prefix("zb-tests-").expect("a temporary directory"),
        }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Where the tables are.
    fn lake(&self) -> PathBuf {
        self.path().join("lake")
    }

    /// Where [`TABLE`] is.
    fn table(&self) -> PathBuf {
        zb_tests::table_dir(&self.lake(), TABLE)
    }
}
