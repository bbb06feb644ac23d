//! Everything that settings set, before a client is made of it.

use std::path::PathBuf;

use zb_debug::{Kind, Mirrors, MirrorsBuilder, Redaction, WhenFull};
use zb_ingest::SenderOptions;
use zb_retry::Policy;
use zb_types::Secret;

use crate::Fit;

/// A client as the settings have it.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) connection: Connection,
    pub(crate) options: SenderOptions,
    pub(crate) fit: Fit,
    pub(crate) quarantine: Option<PathBuf>,
    pub(crate) mirrors: MirrorPlan,
}

/// Where to, and as whom.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connection {
    pub(crate) endpoint: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<Secret>,
    pub(crate) oidc_token_file: Option<PathBuf>,
    pub(crate) allow_plaintext: bool,
}

/// Mirrors of what is handed in and sent.
#[derive(Debug, Clone)]
pub(crate) struct MirrorPlan {
    pub(crate) directory: Option<PathBuf>,
    /// Both kinds, unless one is named.
    pub(crate) only: Option<Kind>,
    pub(crate) file_bytes: u64,
    pub(crate) keep_files: Option<u64>,
    pub(crate) hash: Vec<String>,
    pub(crate) null: Vec<String>,
    pub(crate) when_full: WhenFull,
}

impl Default for Plan {
    /// What is so if nobody says otherwise. The endpoint of the options is still to come.
    fn default() -> Self {
        Self::of(SenderOptions::new(""))
    }
}

impl Plan {
    /// The plan of a sender with these options.
    pub(crate) fn of(options: SenderOptions) -> Self {
        Self {
            connection: Connection::default(),
            options,
            fit: Fit::default(),
            quarantine: None,
            mirrors: MirrorPlan {
                directory: None,
                only: None,
                file_bytes: MirrorsBuilder::FILE_BYTES,
                keep_files: None,
                hash: Vec::new(),
                null: Vec::new(),
                when_full: WhenFull::default(),
            },
        }
    }

    /// Changes the options of every sender.
    pub(crate) fn sender(&mut self, with: impl FnOnce(SenderOptions) -> SenderOptions) {
        self.options = with(self.options.clone());
    }

    /// Changes how lost connections are opened again.
    pub(super) fn retry(&mut self, with: impl FnOnce(Policy) -> Policy) {
        self.sender(|options| {
            let policy = with(options.values().retry);
            options.retry(policy)
        });
    }

    /// Changes how batches become rows.
    pub(crate) fn encoding(
        &mut self,
        with: impl FnOnce(zb_convert::Options) -> zb_convert::Options,
    ) {
        self.sender(|options| {
            let encoding = with(options.values().encoding.clone());
            options.encoding(encoding)
        });
    }
}

impl MirrorPlan {
    /// The mirrors, if there is a directory for them.
    pub(crate) fn builder(&self) -> Option<MirrorsBuilder> {
        let mut mirrors = Mirrors::builder(self.directory.as_ref()?)
            .rotate_bytes(self.file_bytes)
            .when_full(self.when_full);
        if self.only != Some(Kind::Proto) {
            mirrors = mirrors.arrow();
        }
        if self.only != Some(Kind::Arrow) {
            mirrors = mirrors.proto();
        }
        if let Some(files) = self.keep_files {
            mirrors = mirrors.keep_files(files);
        }
        for column in &self.hash {
            mirrors = mirrors.redact(column, Redaction::Hash);
        }
        for column in &self.null {
            mirrors = mirrors.redact(column, Redaction::Null);
        }
        Some(mirrors)
    }
}
