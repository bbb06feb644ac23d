//! `cargo xtask msrv`: which Rust this needs, and that it is the one that all of it is built with.

use std::fs;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::run;

/// Fails if the workspace is not built with the very version that it says it needs, or a dependency needs
/// a later one.
pub(crate) fn run() -> Result<()> {
    let metadata = run::metadata()?;
    let packages = metadata["packages"]
        .as_array()
        .context("cargo metadata names no packages")?;
    let ours = |package: &&Value| package["source"].is_null();
    let stated = packages.iter().filter(ours).filter_map(rust_version).max();
    let stated = stated.context("no package of the workspace says rust-version")?;
    let channel = channel()?;
    if version(&channel) != Some(stated.0) {
        bail!(
            "rust-version is {}, and rust-toolchain.toml builds with {channel}",
            stated.1
        );
    }
    let mut others: Vec<_> = packages
        .iter()
        .filter(|package| !ours(package))
        .filter_map(|package| Some((rust_version(package)?, package["name"].as_str()?)))
        .collect();
    others.sort();
    let Some(((highest, text), _)) = others.last() else {
        bail!("no dependency says rust-version");
    };
    let of_highest = others.iter().filter(|((version, _), _)| version == highest);
    let names: Vec<_> = of_highest.map(|(_, name)| *name).collect();
    println!(
        "rust-version {}, which is what everything is built and tested with;\n\
         {} of {} dependencies say theirs, the highest is {text}: {}",
        stated.1,
        others.len(),
        packages.iter().filter(|package| !ours(package)).count(),
        names.join(", ")
    );
    if *highest > stated.0 {
        bail!("{} need Rust {text}", names.join(", "));
    }
    Ok(())
}

/// The toolchain of this repository.
pub(crate) fn channel() -> Result<String> {
    let file = fs::read_to_string(run::root().join("rust-toolchain.toml"))?;
    let channel = file
        .lines()
        .find_map(|line| line.strip_prefix("channel = "));
    let channel = channel.context("rust-toolchain.toml names no channel")?;
    Ok(channel.trim_matches('"').to_owned())
}

/// What a package says it needs, to compare and as it is written.
fn rust_version(package: &Value) -> Option<([u32; 3], String)> {
    let text = package["rust_version"].as_str()?;
    Some((version(text)?, text.to_owned()))
}

/// `1.85` is `1.85.0`.
fn version(text: &str) -> Option<[u32; 3]> {
    let mut parts = text.split('.').map(|part| part.parse().ok());
    let (major, minor) = (parts.next()??, parts.next()??);
    Some([major, minor, parts.next().unwrap_or(Some(0))?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(version("1.85"), Some([1, 85, 0]));
        assert!(version("1.100") > version("1.95.0"));
        assert_eq!(version("stable"), None);
    }

    #[test]
    fn it_is_so_here() {
        run().unwrap();
    }
}
