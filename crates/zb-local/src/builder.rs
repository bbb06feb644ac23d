//! How a server is set up before it starts.

use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

use crate::{
    endpoint::Lifetime, error::Error, faults::FaultScript, lake::Landing, limits::GroupCommit,
    server::Server,
};

/// Sets up a [`Server`]; made by [`Server::builder`].
#[derive(Debug, Clone)]
#[must_use]
pub struct ServerBuilder {
    pub(crate) dir: PathBuf,
    pub(crate) listen: String,
    pub(crate) http: Option<String>,
    pub(crate) auto_create: bool,
    pub(crate) group_commit: GroupCommit,
    pub(crate) token_lifetime: Duration,
    pub(crate) lifetime: Option<Lifetime>,
    pub(crate) tls: bool,
    pub(crate) faults: FaultScript,
    /// The places in the script of those that are off at first.
    pub(crate) faults_off: Vec<usize>,
    pub(crate) ui: bool,
}

impl ServerBuilder {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self {
            dir,
            listen: "127.0.0.1:0".to_owned(),
            http: None,
            auto_create: false,
            group_commit: GroupCommit::default(),
            token_lifetime: Duration::from_hours(1),
            lifetime: None,
            tls: false,
            faults: FaultScript::default(),
            faults_off: Vec::new(),
            ui: false,
        }
    }

    /// Where to listen, as `HOST:PORT`. Default: a free port of 127.0.0.1.
    ///
    /// Without [`tls`](Self::tls) the secret travels unencrypted: think twice before you leave the
    /// loopback.
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.listen = address.into();
        self
    }

    /// A second address, `HOST:PORT`, for the token endpoint and Unity Catalog. Default: none,
    /// one port serves everything.
    pub fn http(mut self, address: impl Into<String>) -> Self {
        self.http = Some(address.into());
        self
    }

    /// Makes an unknown table from the descriptor of the first stream that is opened to it, or from
    /// its Arrow schema. Default: such a stream is refused, as by the service; streams of JSON and
    /// Avro always are.
    ///
    /// A descriptor says less than a table: what was a DATE arrives as INT, a TIMESTAMP as BIGINT,
    /// a DECIMAL as STRING. Where that matters, make the table first.
    pub fn auto_create(mut self) -> Self {
        self.auto_create = true;
        self
    }

    /// What a commit does with rows. Default: it puts them into the Delta table.
    pub fn landing(mut self, landing: Landing) -> Self {
        self.group_commit.landing = landing;
        self
    }

    /// How long a row waits for others before they are committed together. Default: 200 ms.
    pub fn commit_every(mut self, interval: Duration) -> Self {
        self.group_commit.every = interval;
        self
    }

    /// How many rows are committed without waiting for more. Default: 500,000.
    pub fn commit_rows(mut self, rows: usize) -> Self {
        self.group_commit.max_rows = rows;
        self
    }

    /// How many bytes of encoded rows are committed without waiting for more. Default: 64 MiB.
    pub fn commit_bytes(mut self, bytes: usize) -> Self {
        self.group_commit.max_bytes = bytes;
        self
    }

    /// Puts the small files of a table together whenever it has more than this, beside the commits
    /// and without a row being there twice or not at all for any reader: a commit takes the small
    /// files out and puts a larger one in, as Delta's OPTIMIZE does. Files below 32 MiB are small;
    /// those that were replaced stay on the disk until somebody has the table vacuumed. Tables with
    /// partitions are left as they are. Default: every file stays as it was committed.
    pub fn compact_over(mut self, small_files: NonZeroUsize) -> Self {
        self.group_commit.small_files = Some(small_files);
        self
    }

    /// How long a token is good for. Default: one hour.
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.token_lifetime = lifetime;
        self
    }

    /// Has every stream closed at this age, as the service does: it gets a close signal, is served
    /// for `grace`, and is then ended with `UNAVAILABLE`. Default: streams live as long as their
    /// clients want.
    pub fn stream_lifetime(mut self, until_signal: Duration, grace: Duration) -> Self {
        self.lifetime = Some(Lifetime {
            until_signal,
            grace,
        });
        self
    }

    /// Serves TLS on every address, with a certificate authority of its own: it is made once and
    /// kept in the directory, its certificate as `zb-local-ca.pem`, its key so that only this user
    /// can read it. Clients have to be told to trust the certificate,
    /// [`Server::ca_pem`]. Default: nothing is encrypted.
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// What goes wrong on purpose: a [`Fault`](crate::faults::Fault), some of them, or a
    /// [`FaultScript`]. Default: nothing.
    pub fn faults(mut self, script: impl Into<FaultScript>) -> Self {
        self.faults = script.into();
        self
    }

    /// Serves a page for people at [`Server::ui_url`]: streams, tables with their last rows, what
    /// was refused, and switches for faults. It is for the machine that the server is on, whatever
    /// the server listens on: others are refused, and so is every name but the loopback's.
    /// Default: there is none, and nothing is taken down for one.
    pub fn ui(mut self) -> Self {
        self.ui = true;
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    ///
    /// [`Error::AddressInUse`] or [`Error::Address`] if it cannot listen, [`Error::Directory`],
    /// [`Error::DirectoryInUse`], [`Error::Credentials`] or [`Error::Authority`] if it cannot use
    /// the directory.
    pub async fn start(self) -> Result<Server, Error> {
        Server::start(self).await
    }
}
