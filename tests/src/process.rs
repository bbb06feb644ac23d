//! One run of `zb`: its command line, while it runs, and what became of it.

use std::{
    ffi::OsStr,
    io::{Read, Write as _},
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use wait4::Wait4 as _;

use crate::{Report, program};

/// How long a run may take before it is killed and the test fails: no bug may hang the suite.
const DEADLINE: Duration = Duration::from_mins(5);

/// How often a running process is looked at.
const GLANCE: Duration = Duration::from_millis(5);

/// A command line of `zb`, in an environment that has nothing of the developer's own.
#[derive(Debug)]
pub struct Zb {
    command: Command,
    input: Vec<u8>,
}

impl Zb {
    /// `zb ARGS…`
    pub fn new<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Self {
        Self::of(program::path()).args(args)
    }

    /// An example of the workspace: `cargo run --example NAME -- ARGS…`
    pub fn example<A: AsRef<OsStr>>(name: &str, args: impl IntoIterator<Item = A>) -> Self {
        Self::of(&program::example(name)).args(args)
    }

    /// Another program, in the same environment.
    fn of(program: &Path) -> Self {
        let mut command = Command::new(program);
        command
            .env_clear()
            // Where a profile could be found that no test has written.
            .env("HOME", "/nonexistent")
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            // A stack trace is then on stderr, if the program ever has one to show.
            .env("RUST_BACKTRACE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self {
            command,
            input: Vec::new(),
        }
    }

    /// `zb send FILE --table TABLE --local LAKE --output json`
    pub fn send_local(file: &Path, table: &str, lake: &Path) -> Self {
        Self::new(["send"])
            .arg(file)
            .args(["--table", table, "--output", "json", "--local"])
            .arg(lake)
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// More arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    /// One more environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// The working directory.
    #[must_use]
    pub fn in_dir(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// What the program finds on its standard input. Nothing, if this is not called.
    #[must_use]
    pub fn input(mut self, bytes: Vec<u8>) -> Self {
        self.input = bytes;
        self
    }

    /// Starts the program.
    pub fn start(self) -> Running {
        let (mut running, stdout) = self.start_with_stdout();
        running.stdout = Some(collect(stdout));
        running
    }

    /// Starts the program, and leaves its standard input to the caller, who says when it ends.
    pub fn start_with_stdin(self) -> (Running, ChildStdin) {
        let (mut running, stdin, stdout) = self.spawn();
        running.stdout = Some(collect(stdout));
        (running, stdin)
    }

    /// Starts the program, and leaves its standard output to the caller.
    pub(crate) fn start_with_stdout(mut self) -> (Running, ChildStdout) {
        let input = std::mem::take(&mut self.input);
        let (running, mut stdin, stdout) = self.spawn();
        // The program may end without reading its input: that is its verdict, not a failure here.
        thread::spawn(move || stdin.write_all(&input).ok());
        (running, stdout)
    }

    fn spawn(mut self) -> (Running, ChildStdin, ChildStdout) {
        let mut child = self.command.spawn().expect("zb can be started");
        let stdin = child.stdin.take().expect("stdin is piped");
        let stdout = child.stdout.take().expect("stdout is piped");
        let stderr = collect(child.stderr.take().expect("stderr is piped"));
        let running = Running {
            child,
            stdout: None,
            stderr: Some(stderr),
            reaped: false,
        };
        (running, stdin, stdout)
    }

    /// Runs the program to its end.
    pub fn run(self) -> Finished {
        self.start().finish()
    }
}

/// A `zb` that runs. Killed when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    stdout: Option<JoinHandle<String>>,
    stderr: Option<JoinHandle<String>>,
    reaped: bool,
}

impl Running {
    /// Sends SIGINT, as Ctrl-C does.
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Ends it at once, as a power cut would.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Holds it where it is, as a machine does that is out of reach.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        // A process that has just ended and is not yet waited for takes a signal without error.
        kill_process(Pid::from_child(&self.child), signal).expect("a child can be signalled");
    }

    /// Waits for the end.
    pub fn finish(mut self) -> Finished {
        let start = Instant::now();
        let used = loop {
            if let Some(used) = self.child.try_wait4().expect("a child can be waited for") {
                break used;
            }
            assert!(
                start.elapsed() < DEADLINE,
                "zb still runs after {DEADLINE:?}"
            );
            thread::sleep(GLANCE);
        };
        self.reaped = true;
        let text = |output: Option<JoinHandle<String>>| {
            output.map_or_else(String::new, |thread| thread.join().expect("output is read"))
        };
        Finished {
            status: used.status,
            stdout: text(self.stdout.take()),
            stderr: text(self.stderr.take()),
            peak_memory: used.rusage.maxrss,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.reaped {
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}

/// Reads to the end in the background, so that no full pipe holds the program up.
fn collect(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).ok();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// What became of a run.
#[derive(Debug)]
#[non_exhaustive]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// All of its standard output.
    pub stdout: String,
    /// All of its standard error.
    pub stderr: String,
    /// The peak of its resident set in bytes, as the kernel counted it.
    ///
    /// The kernel starts the count with what the starting process has at that moment: a test that
    /// measures small programs must be small itself.
    pub peak_memory: u64,
}

impl Finished {
    /// The exit code; a signal counts as in a shell, 128 and its number.
    pub fn code(&self) -> i32 {
        let signalled = || 128 + self.status.signal().unwrap_or_default();
        self.status.code().unwrap_or_else(signalled)
    }

    /// Asserts the exit code, with all output in the message if it is another.
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code(),
            code,
            "stdout: {}\nstderr: {}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// The report of `zb send --output json`, which must be all there is on standard output.
    pub fn report(&self) -> Report {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!(
                "no report, {error}\nstdout: {}\nstderr: {}",
                self.stdout, self.stderr
            )
        })
    }

    /// Asserts that the complaint is one that a person can act on: short, without a stack trace,
    /// and with all of these words in it, in upper or lower case.
    pub fn complains(self, words: &[&str]) -> Self {
        let stderr = &self.stderr;
        let lower = stderr.to_lowercase();
        for word in words {
            assert!(
                lower.contains(&word.to_lowercase()),
                "no {word:?} in: {stderr}"
            );
        }
        for trace in ["panicked", "stack backtrace", "   0: ", "RUST_BACKTRACE"] {
            assert!(!stderr.contains(trace), "{trace:?} in: {stderr}");
        }
        let lines = stderr
            .lines()
            .filter(|line| !line.trim().is_empty())
            .count();
        assert!(
            (1..=8).contains(&lines),
            "{lines} lines are not one clear message: {stderr}"
        );
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Zb {
        Zb::of("/bin/sh".as_ref()).args(["-c", script])
    }

    #[test]
    fn output_input_and_code_are_what_they_were() {
        let finished = shell("cat; echo oops >&2; exit 3")
            .input(b"hello".to_vec())
            .run();
        let finished = finished.exits(3).complains(&["OOPS"]);
        assert_eq!((&*finished.stdout, &*finished.stderr), ("hello", "oops\n"));
    }

    #[test]
    fn the_environment_has_nothing_of_the_developers_own() {
        let names = shell("env | cut -d= -f1 | sort").run().stdout;
        let ours = ["HOME", "PATH", "RUST_BACKTRACE"];
        let shells = ["OLDPWD", "PWD", "SHLVL", "_"];
        let foreign: Vec<_> = names
            .lines()
            .filter(|name| !ours.contains(name) && !shells.contains(name))
            .collect();
        assert_eq!(foreign, [""; 0]);
    }

    #[test]
    fn an_interrupted_program_ends_as_in_a_shell() {
        let running = Zb::of("/bin/sleep".as_ref()).arg("60").start();
        running.interrupt();
        assert_eq!(running.finish().code(), 130);
    }

    #[test]
    fn memory_is_counted_by_process() {
        let little = shell("true").run().peak_memory;
        let much = shell("dd if=/dev/zero of=/dev/null bs=200M count=1")
            .run()
            .peak_memory;
        assert!(
            little > 0 && much > little + 150_000_000,
            "{little}, {much}"
        );
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_program_that_is_dropped_is_killed() {
        let running = Zb::of("/bin/sleep".as_ref()).arg("60").start();
        let proc = std::path::PathBuf::from(format!("/proc/{}", running.child.id()));
        assert!(proc.exists());
        drop(running);
        assert!(!proc.exists());
    }
}
