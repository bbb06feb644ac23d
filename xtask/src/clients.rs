//! `cargo xtask client NAME`: an official client in an environment of its own, in `target/clients`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use crate::{apt, py, run};

/// What makes a client, from what is installed for it, and gives the path by which it is run.
type Maker = fn(&str, &str) -> Result<PathBuf>;

/// The clients, and what is installed for each, pinned.
const CLIENTS: [(&str, Maker, &str); 3] = [
    (
        "python-1.10.0",
        python,
        "tests/python/conformance/python-1.10.0.txt",
    ),
    (
        "python-1.1.0",
        python,
        "tests/python/conformance/python-1.1.0.txt",
    ),
    (
        "node-1.3.0",
        node,
        "@databricks/zerobus-ingest-sdk-linux-x64-gnu@1.3.0",
    ),
];

/// Makes all of them, or one, and prints where each is.
pub(crate) fn run(wanted: Option<&str>) -> Result<()> {
    let chosen = |name: &str| wanted.is_none_or(|wanted| wanted == name);
    let chosen: Vec<_> = CLIENTS.iter().filter(|(name, ..)| chosen(name)).collect();
    if chosen.is_empty() {
        let names = CLIENTS.map(|(name, ..)| name).join(", ");
        bail!("there is no such client: {names}");
    }
    for (name, make, wanted) in chosen {
        println!("{}", make(name, wanted)?.display());
    }
    Ok(())
}

/// The interpreter of a client, after its environment was made where that is needed.
fn python(name: &str, requirements: &str) -> Result<PathBuf> {
    let venv = Path::new("target/clients").join(name);
    let python = run::root().join(&venv).join("bin/python");
    let stamp = run::root().join(&venv).join("installed.txt");
    let wanted = fs::read_to_string(run::root().join(requirements))
        .with_context(|| format!("cannot read {requirements}"))?;
    if !(python.exists() && fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted)) {
        py::make(&venv, &[requirements])
            .with_context(|| format!("no {name}: is the package index there?"))?;
        // Written last: an interrupted installation is done again.
        fs::write(&stamp, wanted).context("cannot write into target/clients")?;
    }
    Ok(python)
}

/// The module of a package of npm, which is all that is in it.
fn node(name: &str, package: &str) -> Result<PathBuf> {
    let (module, _) = package.rsplit_once('@').context("no version")?;
    let directory = Path::new("target/clients").join(name);
    let installed = run::root()
        .join(&directory)
        .join("node_modules")
        .join(module);
    if !installed.join("package.json").exists() {
        if !run::succeeds(&mut run::program("npm", &["--version"])) {
            apt::install("there is no npm", &["nodejs", "npm"])?;
        }
        let prefix = directory.to_string_lossy();
        let patience = ["--fetch-timeout", "15000", "--fetch-retries", "2"];
        let quiet = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts"];
        let install = [
            &["install", "--prefix", &prefix],
            &quiet[..],
            &patience,
            &[package],
        ];
        let mut npm = run::program("npm", &install.concat());
        eprintln!("$ {}", run::show(&npm));
        eprint!(
            "{}",
            run::output(&mut npm)
                .with_context(|| format!("no {name}: is the npm registry there?"))?
        );
    }
    Ok(installed)
}
