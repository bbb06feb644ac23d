//! The server as its owner sees it: started, given tables, asked for numbers, stopped.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use arrow_schema::Schema;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use zb_types::{Secret, TableName};

use crate::{
    authority::Authority,
    builder::ServerBuilder,
    credentials::Credentials,
    endpoint::Endpoint,
    error::Error,
    faults::FaultCount,
    http::{self, Listener},
    lake::{DirectoryLock, Lake},
    limits::SHUTDOWN_PATIENCE,
    stats::Stats,
    ui,
};

/// A running endpoint.
///
/// It serves until [`shutdown`](Self::shutdown), which commits and acknowledges what was received.
/// Dropping it stops it where it is, as a crash would: clients see their connections break, and
/// rows that were not acknowledged may or may not be in the table.
#[must_use = "it is stopped when it is dropped"]
pub struct Server {
    endpoint: Arc<Endpoint>,
    grpc_url: String,
    http_url: String,
    authority: Option<Authority>,
    /// Everything ends where it is, commits included.
    killed: CancellationToken,
    _lock: DirectoryLock,
}

impl Server {
    /// A server for the tables below `dir`, which is made if it is missing.
    pub fn builder(dir: impl Into<PathBuf>) -> ServerBuilder {
        ServerBuilder::new(dir.into())
    }

    pub(crate) async fn start(builder: ServerBuilder) -> Result<Self, Error> {
        let lock = DirectoryLock::take(&builder.dir)?;
        let dir = std::fs::canonicalize(&builder.dir)
            .map_err(|source| Error::directory(&builder.dir, source))?;
        let credentials = Credentials::of_directory(&dir)?;
        let authority = builder.tls.then(|| Authority::of_directory(&dir));
        let authority = authority.transpose()?;
        let Listeners { grpc, http, tls } = Listeners::bind(&builder, authority.as_ref()).await?;

        let killed = CancellationToken::new();
        let endpoint = Endpoint::new(builder, dir, credentials, killed.clone());
        let endpoint = Arc::new(endpoint);

        let scheme = if tls.is_some() { "https" } else { "http" };
        let grpc_url = grpc.url(scheme);
        let http_url = http
            .as_ref()
            .map_or_else(|| grpc_url.clone(), |http| http.url(scheme));
        let ui = ui::routes(&endpoint, &grpc_url, &http_url);
        let router = http::router(&endpoint).merge(ui);
        for listener in [Some(grpc), http].into_iter().flatten() {
            listener.serve(&endpoint, router.clone(), tls.clone());
        }
        tracing::info!(
            endpoint = grpc_url,
            unity_catalog = http_url,
            dir = %endpoint.lake.dir().display(),
            "serving"
        );
        Ok(Self {
            endpoint,
            grpc_url,
            http_url,
            authority,
            killed,
            _lock: lock,
        })
    }

    /// The URL of the Zerobus endpoint, `http://HOST:PORT`, or `https` with TLS.
    pub fn endpoint(&self) -> &str {
        &self.grpc_url
    }

    /// The URL of the token endpoint and of the Unity Catalog REST API, `http://HOST:PORT`, or
    /// `https` with TLS.
    pub fn unity_catalog_url(&self) -> &str {
        &self.http_url
    }

    /// The URL of the page for people; none without [`ServerBuilder::ui`].
    pub fn ui_url(&self) -> Option<String> {
        self.endpoint.watch.notes()?;
        Some(format!("{}{}", self.http_url, ui::PATH))
    }

    /// The id of the one client this server knows.
    pub fn client_id(&self) -> &str {
        &self.endpoint.credentials.client_id
    }

    /// The secret of that client.
    pub fn client_secret(&self) -> &Secret {
        &self.endpoint.credentials.client_secret
    }

    /// The certificate, as PEM, of the authority that a client has to trust; none without TLS.
    pub fn ca_pem(&self) -> Option<&str> {
        self.authority.as_ref().map(Authority::pem)
    }

    /// The file that holds [`ca_pem`](Self::ca_pem); none without TLS.
    pub fn ca_path(&self) -> Option<&Path> {
        self.authority.as_ref().map(Authority::path)
    }

    /// Makes a table with the columns of `schema`, turned into Delta's types by
    /// [`zb_convert::delta_schema`]. A table that exists is kept if its columns are the same.
    ///
    /// # Errors
    ///
    /// [`Error::Schema`] if Delta cannot hold the columns, [`Error::SchemaDiffers`] if the table
    /// exists with others, [`Error::Directory`] or [`Error::Table`] if it cannot be written or
    /// read.
    pub async fn create_table(&self, table: &TableName, schema: &Schema) -> Result<(), Error> {
        self.endpoint.lake.create(table, schema).await?;
        Ok(())
    }

    /// Gives a table other columns, as somebody's ALTER TABLE does: new ones that may be null, some
    /// less, in another order, NOT NULL or no longer. Its rows stay as they are, and whether a column
    /// that becomes NOT NULL has nulls is not looked at. No feature of Delta is turned on that the
    /// table does not have.
    ///
    /// A stream that is open learns of it by its next commit, which fails; the next one is checked
    /// against the new columns.
    ///
    /// # Errors
    ///
    /// [`Error::Schema`] if Delta cannot hold the columns, one has another type than before, or a new
    /// one is NOT NULL; [`Error::Table`] if the table cannot be read or written.
    pub async fn alter_table(&self, table: &TableName, schema: &Schema) -> Result<(), Error> {
        self.endpoint.lake.alter(table, schema, false).await
    }

    /// Gives a table other columns and takes away its rows, as CREATE OR REPLACE TABLE does; see
    /// [`alter_table`](Self::alter_table).
    ///
    /// # Errors
    ///
    /// [`Error::Schema`] if Delta cannot hold the columns, [`Error::Table`] if the table cannot be
    /// read or written.
    pub async fn replace_table(&self, table: &TableName, schema: &Schema) -> Result<(), Error> {
        self.endpoint.lake.alter(table, schema, true).await
    }

    /// Where the Delta table is, or would be.
    pub fn table_path(&self, table: &TableName) -> PathBuf {
        self.endpoint.lake.path(table)
    }

    /// What the server has done since it started.
    pub fn stats(&self) -> Stats {
        self.endpoint.counters.snapshot()
    }

    /// How often each fault of the script could have happened and did, in the order of the script.
    pub fn faults(&self) -> Vec<FaultCount> {
        self.endpoint.faults.counts()
    }

    /// Switches the faults of this name on or off.
    pub(crate) fn switch(&self, fault: &str, on: bool) -> Result<(), Error> {
        let faults = &self.endpoint.faults;
        if faults.switch_named(fault, on) {
            return Ok(());
        }
        Err(Error::FaultNotFound {
            name: fault.to_owned(),
            faults: faults
                .counts()
                .into_iter()
                .map(|fault| fault.name)
                .collect(),
        })
    }

    pub(crate) fn lake(&self) -> &Lake {
        &self.endpoint.lake
    }

    /// Tells all open streams to close, as the service does with those that grow old: they get a
    /// close signal, are served for `grace`, and are then ended with `UNAVAILABLE`.
    pub fn rotate_streams(&self, grace: Duration) {
        self.endpoint.rotation.send_replace(grace);
    }

    /// Stops: nothing new is accepted, what was received is committed and acknowledged, and all
    /// streams are ended with `UNAVAILABLE`. Clients that do not let go are cut after ten seconds.
    ///
    /// # Errors
    ///
    /// [`Error::Unfinished`] if rows still waited for their commit when the time was over.
    pub async fn shutdown(self) -> Result<(), Error> {
        let endpoint = &self.endpoint;
        endpoint.draining.cancel();
        endpoint.tasks.close();
        if timeout(SHUTDOWN_PATIENCE, endpoint.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("connections that did not end are cut");
            endpoint.cut.cancel();
            endpoint.tasks.wait().await;
        }
        timeout(SHUTDOWN_PATIENCE, endpoint.lake.close())
            .await
            .map_err(|_| Error::Unfinished)?;
        tracing::info!(stats = ?self.stats(), "stopped");
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.killed.cancel();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("endpoint", &self.grpc_url)
            .field("unity_catalog_url", &self.http_url)
            .finish_non_exhaustive()
    }
}

/// The addresses that are bound, and whether they speak TLS.
struct Listeners {
    grpc: Listener,
    http: Option<Listener>,
    tls: Option<TlsAcceptor>,
}

impl Listeners {
    async fn bind(builder: &ServerBuilder, authority: Option<&Authority>) -> Result<Self, Error> {
        let grpc = Listener::bind(&builder.listen).await?;
        let http = match &builder.http {
            Some(address) => Some(Listener::bind(address).await?),
            None => None,
        };
        let tls = match authority {
            Some(authority) => {
                let hosts = [Some(&grpc), http.as_ref()].into_iter().flatten();
                let hosts: Vec<String> = hosts.flat_map(Listener::hosts).collect();
                Some(authority.acceptor(&hosts)?)
            }
            None => None,
        };
        Ok(Self { grpc, http, tls })
    }
}
