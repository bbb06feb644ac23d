//! End to end: the program as a user runs it, the tables as others read them.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests, with functions that are parts of tests"
)]

mod bad_input;
mod clock;
mod conformance;
mod doctor;
mod examples;
mod faults;
mod fit;
mod interrupt;
mod kills;
mod load;
mod matrix;
mod memory;
mod mirrors;
mod protoc;
#[path = "../../../crates/zb-convert/tests/it/random/mod.rs"]
mod random;
mod reference;
mod schema;
mod seeing;
mod semantics;
mod send_local;
mod survivors;
mod telemetry;
mod two_processes;
mod ui;

use std::{
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use tempfile::TempDir;

/// The table that most tests send to.
const TABLE: &str = "main.nyc.flights";

/// Tests run beside each other, but for those that measure.
static MACHINE: RwLock<()> = RwLock::new(());

/// A directory for one test, gone afterwards.
struct Scratch {
    directory: TempDir,
    _turn: Turn,
}

/// A part of the machine, or all of it; held, never looked at.
enum Turn {
    Shared(#[expect(dead_code)] RwLockReadGuard<'static, ()>),
    Alone(#[expect(dead_code)] RwLockWriteGuard<'static, ()>),
}

impl Scratch {
    fn new() -> Self {
        // A test that failed while it held the lock has broken nothing.
        let turn = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
        Self::with(Turn::Shared(turn))
    }

    /// For a test that measures: no other one runs meanwhile.
    fn alone() -> Self {
        let turn = MACHINE.write().unwrap_or_else(PoisonError::into_inner);
        Self::with(Turn::Alone(turn))
    }

    fn with(turn: Turn) -> Self {
        Self {
            directory: TempDir::with_prefix("zb-tests-").expect("a temporary directory"),
            _turn: turn,
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
