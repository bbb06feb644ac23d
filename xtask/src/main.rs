//! `cargo xtask COMMAND`: everything that this repository does to itself.
//!
//! One file per command. `ci` is the whole of continuous integration; what it needs and does not
//! find, it installs below `target/`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for people at a terminal"
)]

mod alone;
mod apt;
mod audit;
mod bench;
mod book;
mod ci;
mod clients;
mod crates;
mod demo;
mod deny;
mod extras;
mod fuzz;
mod kills;
mod layers;
mod licences;
mod members;
mod memcheck;
mod minimal;
mod miri;
mod msrv;
mod package;
mod py;
mod readmes;
mod release;
mod run;
mod sanitizer;
mod semver;
mod soak;
mod test;
#[cfg(test)]
mod threats;
mod tools;
mod watched;
mod wheel;
mod zig;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask COMMAND

  ci [STEP]        every check, in order, with the seconds that each took; or from a step on
  test [ARGS]      cargo test --workspace, or cargo test ARGS (for instance -p zb-convert)
  bench [CRATE]    the benchmarks of all crates that have some, or of one; `python`: of the wheel
  book             the book of docs/ in target/book: its links hold, its examples run
  layers           which crate may depend on which
  deny             licences, banned crates, sources, advisories (cargo-deny)
  alone [test] [CRATE]
                   each crate by itself with as few features as it has: checked, or tested
  crates [briefly] the crates as a registry would get them, and that they build as they are there
  readmes          the README of each crate, from the front page of its documentation
  msrv             which Rust this needs, and that it is the one it is built with
  minimal          built with the lowest versions that the manifests allow
  semver           what changed in public since the last tag (cargo-semver-checks)
  audit            advisories against every lockfile (cargo-audit)
  licences         what the wheel and `zb` are made of, with all licences, in target/licences
  fuzz [SECONDS] [TARGET]
                   the targets of fuzz/, each for so many seconds (20), or one of them
  extras           the crates of extras/, which have lockfiles of their own
  memcheck         the unit tests of zb-convert under AddressSanitizer and valgrind
  miri             the same under miri, where a toolchain with miri is installed
  soak [MINUTES]   a long load with random faults (5), and that no row is lost
  kills [N]        a server that is killed under load, N times (1000)
  watched          what mirrors and telemetry cost a sender, in instructions (callgrind)
  client [NAME]    the official clients that the tests run, or one of them, in target/clients
  py               the Python of the tests, in target/venv; prints its path
  package          the Python package as it is now, in target/python; prints that
  wheel [briefly]  the wheel for release, the source distribution, and that both can be installed;
                   or that alone, with nothing optimized
  release --dry-run
                   crates, wheel, source distribution, static `zb`, sums and changelog, in target/release-VERSION
  demo             the sample of flights into a Delta table in ./lake
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some((command, rest)) = args.split_first() else {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    };
    let done = match (command.as_str(), rest) {
        ("ci", []) => ci::run(None),
        ("ci", [from]) => ci::run(Some(from)),
        ("test", args) => test::run(args),
        ("bench", args) => bench::run(args),
        ("book", []) => book::run(),
        ("layers", []) => layers::run(),
        ("watched", []) => watched::run(),
        ("deny", []) => deny::run(),
        ("audit", []) => audit::run(),
        ("alone", args) => alone::run(args),
        ("crates", []) => crates::run(),
        ("crates", [briefly]) if briefly == "briefly" => crates::briefly(),
        ("readmes", []) => readmes::run(),
        ("msrv", []) => msrv::run(),
        ("minimal", []) => minimal::run(),
        ("semver", []) => semver::run(),
        ("release", args) => release::run(args),
        ("licences", []) => licences::run(),
        ("fuzz", args) => fuzz::run(args),
        ("extras", []) => extras::run(),
        ("memcheck", []) => memcheck::run(),
        ("miri", []) => miri::run(),
        ("soak", args) => soak::run(args),
        ("kills", args) => kills::run(args),
        ("py", []) => py::run(),
        ("package", []) => package::run(),
        ("wheel", []) => wheel::run(),
        ("wheel", [brief]) if brief == "briefly" => wheel::briefly(),
        ("client", []) => clients::run(None),
        ("client", [name]) => clients::run(Some(name)),
        ("demo", []) => demo::run(),
        ("help" | "--help" | "-h", _) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("no such command: {}\n\n{USAGE}", args.join(" "));
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
