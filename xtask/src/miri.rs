//! `cargo xtask miri`: the unit tests of zb-convert's unsafe code in an interpreter that knows the
//! rules of Rust, where a toolchain with miri is installed.

use anyhow::Result;

use crate::run;

/// The toolchain that miri comes with.
const TOOLCHAIN: &str = "+nightly";

/// One batch is enough for an interpreter.
const CASES: &str = "2";

/// What the tests of `raw.rs` do not reach is reached by blocks of random rows.
const TESTS: [&str; 3] = [
    "raw::",
    "varint::",
    "block::tests::blocks_are_what_rows_are",
];

/// Runs the tests, or says that there is no miri here. It cannot be had for the pinned toolchain.
pub(crate) fn run() -> Result<()> {
    // The cargo that runs this is of one toolchain; the one on the path chooses among all.
    let cargo = |args: &[&str]| {
        let mut cargo = run::program("cargo", &[TOOLCHAIN]);
        cargo.args(args).env_remove("RUSTUP_TOOLCHAIN");
        cargo
    };
    if !run::succeeds(&mut cargo(&["miri", "--version"])) {
        println!("skipped: no miri in the installed toolchains");
        return Ok(());
    }
    let mut test = cargo(&["miri", "test", "--locked", "-p", "zb-convert", "--lib"]);
    test.args(["--target-dir", "target/miri", "--"]).args(TESTS);
    // The clock and the environment are the machine's: proptest asks for both.
    test.env("MIRIFLAGS", "-Zmiri-disable-isolation")
        .env("PROPTEST_CASES", CASES);
    run::stream(&mut test)
}
