//! An endpoint on threads of its own, tokens for it, and what is sent to it.

pub(crate) mod data;
pub(crate) mod sending;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use zb_auth::{ClientCredentials, Scope, TokenCache, workspace_id_from_endpoint};
use zb_ingest::{TokenError, TokenSource};
use zb_local::{Landing, Server};
use zb_types::{ExposeSecret, Secret, TableName};

pub(crate) struct Ground {
    pub(crate) server: Server,
    pub(crate) tokens: Arc<Tokens>,
    /// Where clients run.
    pub(crate) client: Runtime,
    /// Where the endpoint runs.
    serving: Runtime,
    _dir: TempDir,
}

impl Ground {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (serving, client) = (runtime(), runtime());
        // As soon as there is something: what is measured is the client and not the wait for others.
        let server = Server::builder(dir.path())
            .landing(Landing::Memory)
            .commit_every(Duration::ZERO);
        let server = serving.block_on(server.start()).unwrap();
        let workspace = workspace_id_from_endpoint(server.endpoint()).unwrap();
        let secret = server.client_secret().clone();
        let url = server.unity_catalog_url();
        let credentials = ClientCredentials::builder(url, server.client_id(), secret, workspace);
        let tokens = Arc::new(Tokens(TokenCache::new(credentials.build().unwrap())));
        Self {
            server,
            tokens,
            client,
            serving,
            _dir: dir,
        }
    }

    pub(crate) fn create(&self, table: &TableName, schema: &arrow_schema::Schema) {
        let creating = self.server.create_table(table, schema);
        self.serving.block_on(creating).unwrap();
    }

    /// For the SDK, which asks for tokens by itself.
    pub(crate) fn credentials(&self) -> (String, String) {
        let secret = self.server.client_secret().expose_secret().to_owned();
        (self.server.client_id().to_owned(), secret)
    }
}

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
}

pub(crate) struct Tokens(TokenCache);

#[async_trait]
impl TokenSource for Tokens {
    async fn token(&self, table: &TableName) -> Result<Secret, TokenError> {
        let lease = self.0.token(&Scope::Table(table.clone())).await;
        let lease = lease.map_err(TokenError::permanent)?;
        Ok(lease.secret().clone())
    }

    async fn refused(&self, _: &TableName, _: &Secret) {}
}
