//! Programs of the registry that checks are made with, in `target/tools`.

use std::path::PathBuf;

use anyhow::Result;

use crate::run;

/// A program, in one version.
pub(crate) struct Tool {
    /// What it is called, in the registry as well.
    pub(crate) name: &'static str,
    /// Pinned: another one may judge otherwise.
    pub(crate) version: &'static str,
    /// What `cargo install` is told besides.
    pub(crate) flags: &'static [&'static str],
}

/// Where the program is, after it was built and installed if this version of it is not there.
pub(crate) fn installed(tool: &Tool) -> Result<PathBuf> {
    let program = run::root().join("target/tools/bin").join(tool.name);
    let there = program.exists()
        && run::output(&mut run::program(&program, &["--version"]))
            .is_ok_and(|version| is(&version, tool.version));
    if !there {
        let mut install = run::cargo(&["install", "--locked", "--force", "--quiet"]);
        install.args(["--root", "target/tools", "--version", tool.version]);
        install.args(tool.flags).arg(tool.name);
        run::stream(&mut install)?;
    }
    Ok(program)
}

/// Whether a program that says this of itself, such as `mdbook v0.5.4`, is of the version.
fn is(said: &str, version: &str) -> bool {
    let last = said.split_whitespace().last().unwrap_or_default();
    last.trim_start_matches('v') == version
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_the_last_word_with_or_without_a_v() {
        assert!(is("cargo-deny 0.20.2\n", "0.20.2"));
        assert!(is("mdbook v0.5.4\n", "0.5.4"));
        assert!(!is("mdbook v0.5.41\n", "0.5.4"));
        assert!(!is("", "0.5.4"));
    }
}
