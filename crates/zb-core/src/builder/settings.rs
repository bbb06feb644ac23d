//! A method for every setting.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use zb_convert::SubMicroseconds;
use zb_debug::{Kind, WhenFull};
#[cfg(doc)]
use zb_ingest::SenderOptions;
use zb_ingest::Transport;
use zb_types::Secret;

use super::ClientBuilder;
use crate::{
    Fit, Origin,
    config::{Plan, Value, word_of},
};

/// Settings, each of which may be given in [other places](crate::declared) too. Whether they can be is
/// found out when the client is made.
impl ClientBuilder {
    /// The Zerobus endpoint, such as
    /// `https://1234567890.zerobus.us-west-2.cloud.databricks.com`.
    pub fn endpoint(self, url: impl Into<String>) -> Self {
        self.put("endpoint", Value::Text(url.into()))
    }

    /// The workspace, such as `https://dbc-a1b2c3d4-e5f6.cloud.databricks.com`.
    pub fn host(self, url: impl Into<String>) -> Self {
        self.put("host", Value::Text(url.into()))
    }

    /// The id of the service principal.
    pub fn client_id(self, id: impl Into<String>) -> Self {
        self.put("client_id", Value::Text(id.into()))
    }

    /// Its OAuth secret.
    pub fn client_secret(self, secret: Secret) -> Self {
        self.put("client_secret", Value::Secret(secret))
    }

    /// The file that holds the token of an identity provider which the workspace trusts (workload
    /// identity federation). A client secret, if there is one, is used instead.
    pub fn oidc_token_file(self, path: impl AsRef<Path>) -> Self {
        self.put("oidc_token_file", Value::Path(path.as_ref().to_owned()))
    }

    /// Lets secrets, tokens and rows travel in clear text to `http` addresses of other machines.
    pub fn allow_plaintext(self) -> Self {
        self.put("allow_plaintext", Value::Flag(true))
    }

    /// Whether rows are made to fit the table: [where its columns can be read](Fit::WhenReadable),
    /// unless said otherwise.
    pub fn fit(self, fit: Fit) -> Self {
        self.choose("fit", |plan| plan.fit = fit)
    }

    /// The name of the program, for the service's logs.
    pub fn application(self, name: impl Into<String>) -> Self {
        self.put("application", Value::Text(name.into()))
    }

    /// In which form rows travel: as [Protobuf](Transport::Protobuf), unless said otherwise.
    pub fn transport(self, transport: Transport) -> Self {
        self.choose("transport", move |plan| {
            plan.sender(|options| options.transport(transport));
        })
    }

    /// See [`SenderOptions::streams`].
    pub fn streams(self, streams: usize) -> Self {
        self.put("streams", Value::Count(streams as u64))
    }

    /// See [`SenderOptions::max_in_flight_bytes`].
    pub fn max_in_flight_bytes(self, bytes: usize) -> Self {
        self.put("max_in_flight_bytes", Value::Bytes(bytes as u64))
    }

    /// See [`SenderOptions::request_bytes`].
    pub fn request_bytes(self, bytes: usize) -> Self {
        self.put("request_bytes", Value::Bytes(bytes as u64))
    }

    /// See [`SenderOptions::request_rows`].
    pub fn request_rows(self, rows: usize) -> Self {
        self.put("request_rows", Value::Count(rows as u64))
    }

    /// See [`SenderOptions::connect_timeout`].
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        self.put("connect_timeout", Value::Duration(timeout))
    }

    /// See [`SenderOptions::ack_timeout`].
    pub fn ack_timeout(self, timeout: Duration) -> Self {
        self.put("ack_timeout", Value::Duration(timeout))
    }

    /// See [`Policy::with_max_attempts`](zb_retry::Policy::with_max_attempts).
    pub fn max_attempts(self, attempts: u32) -> Self {
        self.put("max_attempts", Value::Count(attempts.into()))
    }

    /// See [`Policy::with_deadline`](zb_retry::Policy::with_deadline).
    pub fn give_up_after(self, time: Duration) -> Self {
        self.put("give_up_after", Value::Duration(time))
    }

    /// See [`Policy::with_base`](zb_retry::Policy::with_base).
    pub fn retry_base(self, base: Duration) -> Self {
        self.put("retry_base", Value::Duration(base))
    }

    /// See [`Policy::with_cap`](zb_retry::Policy::with_cap).
    pub fn retry_cap(self, cap: Duration) -> Self {
        self.put("retry_cap", Value::Duration(cap))
    }

    /// See [`SenderOptions::max_probes`].
    pub fn max_probes(self, probes: usize) -> Self {
        self.put("max_probes", Value::Count(probes as u64))
    }

    /// See [`SenderOptions::stamp_rows`].
    pub fn stamp_rows(self) -> Self {
        self.put("stamp_rows", Value::Flag(true))
    }

    /// What becomes of times finer than a microsecond; they are refused unless said otherwise.
    pub fn sub_microseconds(self, choice: SubMicroseconds) -> Self {
        self.choose("sub_microseconds", |plan| {
            plan.encoding(|encoding| encoding.sub_microseconds(choice));
        })
    }

    /// Keeps rejected rows in files below a directory, with the reasons beside them, before the receipt is
    /// given out. [`quarantine`](Self::quarantine) takes more choices.
    pub fn quarantine_dir(self, directory: impl Into<PathBuf>) -> Self {
        self.put("quarantine", Value::Path(directory.into()))
    }

    /// Keeps what is handed in and what is sent in files below a directory, for people to look at.
    /// [`mirrors`](Self::mirrors) takes more choices.
    pub fn debug_dir(self, directory: impl Into<PathBuf>) -> Self {
        self.put("debug_dir", Value::Path(directory.into()))
    }

    /// Keeps one of the two alone.
    pub fn debug_only(self, kind: Kind) -> Self {
        self.choose("debug_only", |plan| plan.mirrors.only = Some(kind))
    }

    /// See [`MirrorsBuilder::rotate_bytes`](zb_debug::MirrorsBuilder::rotate_bytes).
    pub fn debug_file_bytes(self, bytes: u64) -> Self {
        self.put("debug_file_bytes", Value::Bytes(bytes))
    }

    /// See [`MirrorsBuilder::keep_files`](zb_debug::MirrorsBuilder::keep_files).
    pub fn debug_keep_files(self, files: u64) -> Self {
        self.put("debug_keep_files", Value::Count(files))
    }

    /// The columns whose values are not to be in these files: a keyed hash stands for each.
    pub fn debug_hash<C: Into<String>>(self, columns: impl IntoIterator<Item = C>) -> Self {
        let columns = columns.into_iter().map(Into::into);
        self.put("debug_hash", Value::Names(columns.collect()))
    }

    /// The columns whose values are not to be in these files: they are null there.
    pub fn debug_null<C: Into<String>>(self, columns: impl IntoIterator<Item = C>) -> Self {
        let columns = columns.into_iter().map(Into::into);
        self.put("debug_null", Value::Names(columns.collect()))
    }

    /// What happens when these files cannot be written as fast as is sent.
    pub fn debug_when_full(self, when_full: WhenFull) -> Self {
        self.choose("debug_when_full", |plan| plan.mirrors.when_full = when_full)
    }

    fn put(mut self, key: &'static str, value: Value) -> Self {
        self.places.program.put(key, value, Origin::Program);
        self
    }

    /// The word that stands for what is done to the plan.
    fn choose(self, key: &'static str, with: impl FnOnce(&mut Plan)) -> Self {
        match word_of(key, with) {
            Some(word) => self.put(key, word),
            None => self,
        }
    }
}
