//! The workspace that is asked for tokens: where it is, and how it may be talked to.

use url::Url;

use crate::{
    Error,
    endpoint::token_url,
    http::{Http, Limits},
};

/// Where a workspace is, and how it may be talked to.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    unity_catalog_url: String,
    pub(crate) limits: Limits,
    /// Whether secrets may go to any host in clear text, and not to this machine alone.
    pub(crate) allow_plaintext: bool,
}

impl Workspace {
    pub(crate) fn new(unity_catalog_url: impl Into<String>) -> Self {
        Self {
            unity_catalog_url: unity_catalog_url.into(),
            limits: Limits::default(),
            allow_plaintext: false,
        }
    }

    /// The address of its token endpoint, if a secret may be sent there, and a client for that.
    /// Nothing is sent yet.
    pub(crate) fn connect(&self) -> Result<(Url, Http), Error> {
        let token_url = token_url(&self.unity_catalog_url, self.allow_plaintext)?;
        let http = Http::new(&token_url, self.limits)?;
        Ok((token_url, http))
    }
}
