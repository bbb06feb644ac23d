//! What the figures were measured on.

use std::{fs, thread};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::run;

/// The processor, its cores, the compiler and the commit. `uncommitted` tells that the tree is not
/// quite that commit. Outside of a git checkout the commit is null.
pub(crate) fn describe() -> Result<Value> {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cores = thread::available_parallelism().context("the number of cores")?;
    let rustc = run::output(&mut run::program("rustc", &["--version"]))?;
    let commit = run::output(&mut run::program("git", &["rev-parse", "HEAD"])).ok();
    let changes = run::output(&mut run::program("git", &["status", "--porcelain"])).ok();
    Ok(json!({
        "cpu": model(&cpu).unwrap_or("unknown"),
        "cores": cores,
        "rustc": rustc.trim(),
        "commit": commit.as_deref().map(str::trim),
        "uncommitted": changes.map(|changes| !changes.trim().is_empty()),
    }))
}

/// The model in the words of `/proc/cpuinfo`.
fn model(cpuinfo: &str) -> Option<&str> {
    cpuinfo.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == "model name").then(|| value.trim())
    })
}

/// One line for people.
pub(crate) fn line(machine: &Value) -> String {
    let text = |key: &str| machine[key].as_str().unwrap_or("unknown");
    let changed = match machine["uncommitted"].as_bool() {
        Some(true) => " with uncommitted changes",
        _ => "",
    };
    format!(
        "{}, {} cores, {}, commit {}{changed}",
        text("cpu"),
        machine["cores"],
        text("rustc"),
        text("commit"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_found_among_other_lines() {
        let cpuinfo =
            "processor\t: 0\nmodel\t\t: 207\nmodel name\t: Some CPU @ 2 GHz\nflags\t: a b\n";
        assert_eq!(model(cpuinfo), Some("Some CPU @ 2 GHz"));
        assert_eq!(model("processor : 0\n"), None);
    }

    #[test]
    fn the_line_says_when_the_tree_was_not_the_commit() {
        let mut machine = json!({
            "cpu": "C", "cores": 2, "rustc": "rustc 1", "commit": "abc", "uncommitted": false,
        });
        assert_eq!(line(&machine), "C, 2 cores, rustc 1, commit abc");
        machine["uncommitted"] = true.into();
        assert!(line(&machine).ends_with("commit abc with uncommitted changes"));
        machine["commit"] = Value::Null;
        machine["uncommitted"] = Value::Null;
        assert!(line(&machine).ends_with("commit unknown"));
    }
}
