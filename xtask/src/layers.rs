//! `cargo xtask layers`: which crate may depend on which, read from `cargo metadata`.

mod check;
mod graph;
mod rules;

use anyhow::{Result, bail};

use crate::run;

/// Fails with one line for every dependency that breaks a rule.
pub(crate) fn run() -> Result<()> {
    let graph = graph::Graph::from_metadata(&run::metadata()?)?;
    let violations = check::violations(&graph);
    for violation in &violations {
        eprintln!("{violation}");
    }
    match violations.len() {
        0 => println!("layers: {} crates, no rule broken", graph.members.len()),
        1 => bail!("a rule of xtask/src/layers/rules.rs is broken"),
        many => bail!("rules of xtask/src/layers/rules.rs are broken {many} times"),
    }
    Ok(())
}
