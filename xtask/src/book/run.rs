//! Runs the blocks of a page, as a reader would who types them from the top.
//!
//! A page has a directory of its own with `flights.parquet` in it, which is the sample of
//! `tests/data`. Each block is a process of its own; what one leaves in the directory the next one
//! finds. What was begun in the background ends with the page.

use std::{
    ffi::OsString,
    fs,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use super::{
    blocks::{Block, Language},
    page::Page,
    transcript::{self, Step},
};
use crate::run::root;

/// How long a block may take.
const PATIENCE: Duration = Duration::from_mins(3);

/// A file that any page may send.
const SAMPLE: &str = "tests/data/flights-sample.parquet";

/// Runs the blocks of a page, and says how many there were. The first that fails is the error, with
/// its place and what it printed.
pub(crate) fn page(page: &Page, blocks: &[Block], python: &Path) -> Result<usize> {
    if blocks.is_empty() {
        return Ok(0);
    }
    let mut bench = Bench::new(python)?;
    for block in blocks {
        let place = format!("docs/{}:{}", page.name, block.line);
        println!("{place}");
        let failure = match block.language {
            Language::Shell => bench.shell(&block.code),
            Language::Console => bench.transcript(&block.code),
            Language::Python => bench.python(page, block),
        }
        .with_context(|| place.clone())?;
        if let Some(failure) = failure {
            bail!("{place}: {failure}\n\n{}", block.code);
        }
    }
    Ok(blocks.len())
}

/// Where the blocks of a page run.
struct Bench {
    directory: TempDir,
    python: PathBuf,
    /// Groups of processes; some may have left one in the background.
    groups: Vec<u32>,
}

/// How a process ended, and what it wrote.
struct Ended {
    status: ExitStatus,
    printed: String,
}

impl Bench {
    fn new(python: &Path) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        fs::create_dir(directory.path().join("home"))?;
        fs::copy(
            root().join(SAMPLE),
            directory.path().join("flights.parquet"),
        )
        .with_context(|| format!("cannot copy {SAMPLE}"))?;
        Ok(Self {
            directory,
            python: python.to_path_buf(),
            groups: Vec::new(),
        })
    }

    /// What went wrong, if something did.
    fn shell(&mut self, code: &str) -> Result<Option<String>> {
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", code]);
        let ended = self.run(bash)?;
        Ok(ended.failure())
    }

    fn python(&mut self, page: &Page, block: &Block) -> Result<Option<String>> {
        // Tracebacks then have the lines of the page.
        let script = self.directory.path().join("home/block.py");
        let code = format!("{}{}", "\n".repeat(block.line - 1), block.code);
        fs::write(&script, code).with_context(|| format!("cannot write for {}", page.name))?;
        let mut python = Command::new(&self.python);
        python.args(runner(&block.code)).arg(script);
        let ended = self.run(python)?;
        Ok(ended.failure())
    }

    fn transcript(&mut self, code: &str) -> Result<Option<String>> {
        let steps = transcript::read(code);
        // A mark with the status after each command, which the next one still finds in `$?`.
        let lines: Vec<_> = steps
            .iter()
            .map(|Step { command, .. }| {
                format!("{command}\nzb_was=$?; printf '\\036%d\\036' $zb_was; (exit $zb_was)\n")
            })
            .collect();
        let script = lines.concat();
        let mut bash = Command::new("bash");
        bash.args(["-c", &script]);
        let ended = self.run(bash)?;
        let parts: Vec<_> = ended.printed.split('\u{1e}').collect();
        for (at, step) in steps.iter().enumerate() {
            let (Some(printed), Some(status)) = (parts.get(2 * at), parts.get(2 * at + 1)) else {
                return Ok(Some(format!(
                    "`{}` was not reached:\n{}",
                    step.command, ended.printed
                )));
            };
            let is_asked = steps
                .get(at + 1)
                .is_some_and(|next| next.command.contains("$?"));
            if *status != "0" && !is_asked {
                return Ok(Some(format!(
                    "`{}` ended with {status}:\n{printed}",
                    step.command
                )));
            }
            let lines: Vec<_> = printed.lines().collect();
            if !step.printed.is_empty() && !transcript::agrees(&step.printed, &lines) {
                return Ok(Some(format!(
                    "`{}` printed something else:\n{printed}",
                    step.command
                )));
            }
        }
        Ok(None)
    }

    /// Runs a program in the directory, with nothing of the environment of this one but the path.
    fn run(&mut self, mut command: Command) -> Result<Ended> {
        let directory = self.directory.path();
        let log = directory.join("home/printed");
        let file = fs::File::create(&log).context("cannot write down what a block prints")?;
        command
            .current_dir(directory)
            .env_clear()
            .env("PATH", path(&self.python))
            .env("HOME", directory.join("home"))
            .env("LANG", "C.UTF-8")
            .env("PYTHONPATH", root().join("target/python"))
            .stdin(std::process::Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .process_group(0);
        let mut child = command.spawn().context("cannot start the block")?;
        self.groups.push(child.id());
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if start.elapsed() > PATIENCE {
                end(child.id());
                child.wait()?;
                bail!("it does not end within {PATIENCE:?}");
            }
            thread::sleep(Duration::from_millis(20));
        };
        let printed = String::from_utf8_lossy(&fs::read(log)?).into_owned();
        Ok(Ended { status, printed })
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        for group in &self.groups {
            end(*group);
        }
    }
}

impl Ended {
    fn failure(&self) -> Option<String> {
        (!self.status.success()).then(|| format!("{}:\n{}", self.status, self.printed))
    }
}

/// What Python is told before the name of a block: one with tests is a file for pytest.
fn runner(code: &str) -> &'static [&'static str] {
    const PYTEST: &[&str] = &[
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "zerobus_arrow.testing",
    ];
    let has_tests = code.lines().any(|line| line.starts_with("def test_"));
    if has_tests { PYTEST } else { &[] }
}

/// Ends whatever is left of a group of processes.
fn end(group: u32) {
    // That there is nothing left is the rule.
    crate::run::succeeds(Command::new("kill").args(["-KILL", "--", &format!("-{group}")]));
}

/// `zb` and the Python of the tests before whatever else there is.
fn path(python: &Path) -> OsString {
    let mut places = vec![root().join("target/debug")];
    places.extend(python.parent().map(Path::to_path_buf));
    if let Some(path) = std::env::var_os("PATH") {
        places.extend(std::env::split_paths(&path));
    }
    std::env::join_paths(places).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::blocks;

    fn run(text: &str) -> Result<usize> {
        let page = Page {
            name: "page.md".to_owned(),
            text: text.to_owned(),
        };
        let found = blocks::of(&page);
        assert_eq!(found.faults, Vec::<String>::new());
        super::page(&page, &found.runnable, Path::new("python3"))
    }

    fn failure(text: &str) -> String {
        format!("{:#}", run(text).unwrap_err())
    }

    #[test]
    fn blocks_of_a_page_find_what_those_before_have_left() {
        let ran = run(
            "```sh\necho 1 > one\n```\n\n```python\nprint(open('one').read())\n```\n\n\
             ```console\n$ cat one\n1\n$ ls flights.parquet home/nothing\n…\n$ echo $?\n2\n```\n",
        );
        assert_eq!(ran.unwrap(), 3);
    }

    #[test]
    fn a_block_that_fails_is_an_error_with_its_place_and_what_it_printed() {
        let shell = failure("# A\n\n```sh\necho said\nfalse\n```\n");
        assert!(
            shell.starts_with("docs/page.md:4: exit status: 1:\nsaid"),
            "{shell}"
        );
        let python = failure("```python\nx = 1\nraise ValueError(x)\n```\n");
        assert!(
            python.starts_with("docs/page.md:2: exit status: 1"),
            "{python}"
        );
        // The line is that of the page.
        assert!(python.contains("line 3"), "{python}");
        let step = failure("```console\n$ true\n$ (exit 4)\n$ true\n```\n");
        assert!(step.contains("`(exit 4)` ended with 4"), "{step}");
        let other = failure("```console\n$ echo a; echo b\na\n```\n");
        assert!(other.contains("printed something else:\na\nb"), "{other}");
        let end = failure("```console\n$ exit 0\n$ echo a\n```\n");
        assert!(end.contains("`exit 0` was not reached"), "{end}");
    }

    #[test]
    fn tests_are_run_by_pytest() {
        let told = runner("import x\n\ndef test_it(zerobus):\n    pass\n");
        assert!(told.starts_with(&["-m", "pytest"]), "{told:?}");
        assert!(runner("def load():\n    pass\n\nload()\n").is_empty());
    }

    #[test]
    fn nothing_of_the_environment_is_seen_and_what_is_in_the_background_ends_with_the_page() {
        let kept = tempfile::NamedTempFile::new().unwrap();
        let pid = kept.path().display();
        let ran = run(&format!(
            "```sh\ntest -z \"${{CARGO_MANIFEST_DIR-}}\"\nsleep 600 &\necho $! > {pid}\n```\n\n\
             ```sh\nkill -0 \"$(cat {pid})\"\n```\n"
        ));
        assert_eq!(ran.unwrap(), 2);
        let pid = fs::read_to_string(kept.path()).unwrap();
        let lives = || {
            // A process that has ended and was not waited for is still in the list.
            fs::read_to_string(format!("/proc/{}/stat", pid.trim()))
                .is_ok_and(|stat| !stat.contains(") Z "))
        };
        let start = Instant::now();
        while lives() && start.elapsed() < Duration::from_secs(30) {
            thread::sleep(Duration::from_millis(10));
        }
        assert!(!lives());
    }
}
