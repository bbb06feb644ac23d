//! A `zb serve` in a process of its own.

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
    process::ChildStdout,
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use serde::Deserialize;

use crate::{Finished, Running, Zb};

/// How long a server may take to say where it is.
const READY: Duration = Duration::from_secs(30);

/// The first line that `zb serve` prints: all that a client needs.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Address {
    /// Where records go.
    pub endpoint: String,
    /// Where tokens and tables are asked for.
    pub unity_catalog_url: String,
    /// Who a client is.
    pub client_id: String,
    /// What it proves that with.
    pub client_secret: String,
    /// The certificate to trust, where the server encrypts.
    pub ca: Option<PathBuf>,
    /// The page for people, where it was asked for.
    pub ui: Option<String>,
}

/// A server that is listening. Killed when dropped.
#[derive(Debug)]
pub struct Serve {
    running: Running,
    /// How to reach it.
    pub address: Address,
}

impl Serve {
    /// `zb serve --dir LAKE ARGS…`, when it says that it is ready.
    pub fn start<A: AsRef<OsStr>>(lake: &Path, args: impl IntoIterator<Item = A>) -> Self {
        let serve = Zb::new(["serve", "--dir"]).arg(lake).args(args);
        let (running, stdout) = serve.start_with_stdout();
        let line = first_line(stdout).recv_timeout(READY).unwrap_or_default();
        match serde_json::from_str(&line) {
            Ok(address) => Self { running, address },
            Err(error) => {
                running.kill();
                let stderr = running.finish().stderr;
                panic!("no address, {error}: {line:?}\nstderr: {stderr}")
            }
        }
    }

    /// `zb send FILE --table TABLE --output json` toward this server.
    pub fn send(&self, file: &Path, table: &str) -> Zb {
        self.client(["send"])
            .arg(file)
            .args(["--table", table, "--output", "json"])
    }

    /// `zb ARGS…` with this server's address and credentials in the environment.
    pub fn client<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Zb {
        let mut zb = Zb::new(args);
        if let Some(ca) = &self.address.ca {
            zb = zb.env("SSL_CERT_FILE", ca);
        }
        zb.env("ZEROBUS_SERVER_ENDPOINT", &self.address.endpoint)
            .env("DATABRICKS_HOST", &self.address.unity_catalog_url)
            .env("DATABRICKS_CLIENT_ID", &self.address.client_id)
            .env("DATABRICKS_CLIENT_SECRET", &self.address.client_secret)
    }

    /// Holds the server where it is: connections stay, and nothing is answered.
    pub fn pause(&self) {
        self.running.pause();
    }

    /// Lets the server go on.
    pub fn resume(&self) {
        self.running.resume();
    }

    /// Ends the server as a power cut would, and waits until it is gone.
    pub fn kill(self) -> Finished {
        self.running.kill();
        self.running.finish()
    }

    /// Ends the server as Ctrl-C does, and waits for it.
    pub fn stop(self) -> Finished {
        self.running.interrupt();
        self.running.finish()
    }
}

/// Reads the first line in the background, and then the rest, which must not fill the pipe.
fn first_line(stdout: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        stdout.read_line(&mut line).ok();
        sender.send(line).ok();
        stdout.read_to_end(&mut Vec::new()).ok();
    });
    receiver
}
