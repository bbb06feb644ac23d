//! `cargo xtask test`: the tests of the workspace and of the Python package, or those that the arguments name.

use anyhow::Result;

use crate::{package, py, run};

/// Runs `cargo test`. Tests end to end also need Python, the others need not wait for it.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let mut test = run::cargo(&["test", "--locked"]);
    if args.is_empty() {
        test.arg("--workspace");
    } else {
        test.args(args);
    }
    if args.is_empty()
        || args
            .iter()
            .any(|arg| arg == "zb-tests" || arg == "--workspace")
    {
        test.env(py::VARIABLE, py::interpreter()?);
    }
    run::stream(&mut test)?;
    if args.is_empty() {
        let build = ["build", "--workspace", "--lib", "--bin", "zb", "--locked"];
        run::stream(&mut run::cargo(&build))?;
        package::test()?;
    }
    Ok(())
}
