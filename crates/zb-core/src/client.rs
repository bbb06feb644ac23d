//! The client: a configuration, tokens, and senders on demand.

use std::{sync::Arc, time::Duration};

use arrow_array::RecordBatch;
use arrow_schema::Schema;
use zb_auth::{Retrying, Scope, TokenCache};
use zb_debug::{Mirrors, QuarantineDir};
use zb_ingest::{Closed, Receipt, SenderOptions, Ticket, TokenSource};
use zb_retry::Policy;
use zb_telemetry::Recorder;
use zb_types::TableName;

use crate::{
    ClientBuilder, Error, Fit, SenderBuilder, Settings, TableDescription,
    catalog::{Catalog, TableSchemas},
    mirrors::Beside,
    senders::Senders,
    tokens::CachedTokens,
};

/// How the token endpoint is asked again within one attempt to connect: soon and not for long,
/// since the attempt itself is repeated at the pace of the sender.
const TOKEN_RETRIES: Policy = Policy::new()
    .with_base(Duration::from_millis(200))
    .with_cap(Duration::from_secs(2))
    .with_max_attempts(3);

/// How long [`Client::close`] waits for rows in flight.
pub(crate) const CLOSE_DEADLINE: Duration = Duration::from_secs(30);

/// Sends Arrow record batches to Delta tables.
///
/// It is `Send + Sync`: share it by reference or in an `Arc`. End it with [`close`](Self::close), which
/// waits for what is in flight and hands back what was not delivered; dropping it waits for no row.
#[must_use = "what is in flight is waited for by `close`"]
pub struct Client {
    options: SenderOptions,
    pub(crate) tokens: Arc<dyn TokenSource>,
    catalog: Arc<Catalog>,
    /// The senders of [`send`](Self::send) and [`submit`](Self::submit).
    senders: Senders,
    beside: Beside,
    settings: Settings,
    /// None once it is closed.
    #[cfg(feature = "local")]
    server: tokio::sync::RwLock<Option<zb_local::Server>>,
    #[cfg(feature = "local")]
    pub(crate) address: Option<crate::LocalAddress>,
}

impl Client {
    /// A client with its settings from the builder and from the places the builder is told to look
    /// in.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// A client with its settings from the environment: `ZEROBUS_SERVER_ENDPOINT` (or
    /// `ZEROBUS_ENDPOINT`), `DATABRICKS_HOST`, `DATABRICKS_CLIENT_ID`,
    /// `DATABRICKS_CLIENT_SECRET`, `DATABRICKS_CONFIG_PROFILE` for a profile of `~/.databrickscfg`, and
    /// `ZEROBUS_STREAMS` and the like for every [other setting](crate::declared).
    ///
    /// # Errors
    ///
    /// As [`ClientBuilder::build`].
    pub fn from_env() -> Result<Self, Error> {
        Self::builder().environment().build()
    }

    /// A client of an endpoint inside this process, which keeps its Delta tables in
    /// `DIR/catalog/schema/table`. Tables that are missing are made from the schema of the first
    /// sender.
    ///
    /// # Errors
    ///
    /// [`Error::Local`] when the directory cannot be used, or another process uses it.
    #[cfg(feature = "local")]
    pub async fn local(dir: impl Into<std::path::PathBuf>) -> Result<Self, Error> {
        Self::builder().local(dir).await
    }

    pub(crate) fn new(
        mut options: SenderOptions,
        source: impl zb_auth::TokenSource + 'static,
        host: &str,
        fit: Fit,
        recorder: Option<Arc<dyn Recorder>>,
    ) -> Result<Self, Error> {
        options.validate()?;
        let source = Retrying::new(source, || TOKEN_RETRIES.backoff());
        let cache = Arc::new(TokenCache::new(source));
        let catalog = Arc::new(Catalog::new(host, Arc::clone(&cache)));
        if fit != Fit::Off {
            let schemas = TableSchemas::new(Arc::clone(&catalog), fit);
            options = options.table_schemas(Arc::new(schemas));
        }
        Ok(Self {
            options,
            tokens: Arc::new(CachedTokens::new(cache, recorder)),
            catalog,
            senders: Senders::default(),
            beside: Beside::default(),
            settings: Settings::default(),
            #[cfg(feature = "local")]
            server: tokio::sync::RwLock::default(),
            #[cfg(feature = "local")]
            address: None,
        })
    }

    /// With files that are kept beside what is sent, and what to say of its settings.
    pub(crate) fn with(mut self, beside: Beside, settings: Settings) -> Self {
        self.beside = beside;
        self.settings = settings;
        self
    }

    /// The client of an endpoint inside this process.
    #[cfg(feature = "local")]
    pub(crate) fn serving(mut self, server: zb_local::Server) -> Self {
        self.address = Some(crate::LocalAddress::of(&server));
        self.server = Some(server).into();
        self
    }

    /// Its settings, and where each comes from: for telling a person.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A sender for record batches of one schema to one table: the way to keep the line full, to
    /// watch it, and to close it with a deadline of its own.
    pub fn sender<'a>(&'a self, table: &TableName, schema: &'a Schema) -> SenderBuilder<'a> {
        SenderBuilder {
            client: self,
            table: table.clone(),
            schema,
            options: self.options.clone(),
        }
    }

    /// Sends one batch and waits until the fate of every row is known.
    ///
    /// The sender behind it is kept for the next batch of the same columns to the same table.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit). Rows that could not be delivered are no error here but in the
    /// receipt.
    pub async fn send(&self, table: &TableName, batch: RecordBatch) -> Result<Receipt, Error> {
        Ok(self.submit(table, batch).await?.wait().await)
    }

    /// Hands in one batch and returns when all of it is on its way, within the budget of bytes in
    /// flight. The ticket tells later what became of its rows; without it, [`close`](Self::close)
    /// does.
    ///
    /// Batches of the same columns to the same table stay in their order. The senders of up to four
    /// sets of columns are kept for each table.
    ///
    /// # Errors
    ///
    /// When nothing of the batch was taken in: the sender cannot be opened, or has failed in this
    /// very moment, or the client is closed.
    pub async fn submit(&self, table: &TableName, batch: RecordBatch) -> Result<Ticket, Error> {
        let schema = batch.schema();
        let slot = self.senders.slot(table, schema.fields())?;
        let sender = slot
            .get_or_try_init(|| self.sender(table, &schema).open())
            .await?;
        let submitted = sender.submit(batch).await;
        if submitted.is_err() {
            // The next batch gets another one.
            self.senders.forget(&slot);
        }
        Ok(submitted?)
    }

    /// Waits until everything that was [submitted](Self::submit) before is durable or refused.
    ///
    /// # Errors
    ///
    /// Why a sender has failed, when one has. The tickets tell which rows that means.
    pub async fn flush(&self) -> Result<(), Error> {
        Ok(self.senders.flush().await?)
    }

    /// The mirrors of what is handed in and sent, if there are any: to ask them what they have
    /// counted, or to flush them.
    pub fn mirrors(&self) -> Option<&Arc<Mirrors>> {
        self.beside.mirrors.as_ref()
    }

    /// The quarantine of rejected rows, if there is one: to ask it for its files.
    pub fn quarantine(&self) -> Option<&Arc<QuarantineDir>> {
        self.beside.quarantine.as_ref()
    }

    /// What Unity Catalog says of a table: its columns, their types, which may be null.
    ///
    /// # Errors
    ///
    /// [`Error::Auth`] when there is no token for the workspace, [`Error::Catalog`] when there is
    /// no such table, no right to see it, or no answer.
    pub async fn describe_table(&self, table: &TableName) -> Result<TableDescription, Error> {
        self.catalog.describe(table).await
    }

    /// Asks for a token, or finds one that is good still, and does nothing with it.
    ///
    /// # Errors
    ///
    /// [`Error::Auth`] when there is none.
    pub async fn check_token(&self, scope: &Scope) -> Result<(), Error> {
        self.catalog.tokens().token(scope).await?;
        Ok(())
    }

    /// Waits for what is in flight, at most 30 seconds, and ends every sender of
    /// [`send`](Self::send) and [`submit`](Self::submit), the files beside what was sent, and the
    /// embedded endpoint. What was not delivered comes back.
    ///
    /// Whatever is sent afterwards is refused as [closed](crate::ErrorKind::Closed). Senders of
    /// [`sender`](Self::sender) are closed by whoever opened them, and before this.
    ///
    /// # Errors
    ///
    /// [`Error::Local`] when the embedded endpoint could not commit what it had received.
    pub async fn close(&self) -> Result<Vec<Closed>, Error> {
        self.close_within(CLOSE_DEADLINE).await
    }

    /// [`close`](Self::close) with another deadline for what is in flight.
    ///
    /// # Errors
    ///
    /// As [`close`](Self::close).
    pub async fn close_within(&self, deadline: Duration) -> Result<Vec<Closed>, Error> {
        let left = self.senders.close(deadline).await;
        self.beside.close().await;
        #[cfg(feature = "local")]
        if let Some(server) = self.server.write().await.take() {
            server.shutdown().await?;
        }
        Ok(left)
    }

    #[cfg(feature = "local")]
    pub(crate) async fn prepare_table(
        &self,
        table: &TableName,
        schema: &Schema,
    ) -> Result<(), Error> {
        if let Some(server) = &*self.server.read().await
            && !server.table_path(table).join("_delta_log").is_dir()
        {
            server.create_table(table, schema).await?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
