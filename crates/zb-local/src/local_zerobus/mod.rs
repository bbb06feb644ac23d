//! An endpoint for a test: begun with a line, gone with the test.

mod builder;

use std::{fmt, path::Path, path::PathBuf};

use arrow_array::RecordBatch;
use tempfile::TempDir;
use zb_types::{Secret, TableName};

pub use builder::LocalZerobusBuilder;

use crate::{Error, Server, Stats, faults::FaultCount};

/// A Zerobus endpoint for a test, with its tables in a temporary directory.
///
/// ```
/// use arrow_schema::{DataType, Field, Schema};
/// use zb_local::{LocalZerobus, faults::Fault};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let readings = Schema::new(vec![Field::new("celsius", DataType::Float64, true)]);
/// let zerobus = LocalZerobus::builder()
///     .table("main.default.readings", &readings)
///     .table_from_sql("CREATE TABLE main.default.alarms (sensor STRING NOT NULL)")
///     .fault(Fault::on_ack().nth(3).cut().named("ack lost"))
///     .start()
///     .await?;
///
/// // What is tested is told these four, and sends.
/// let _ = (zerobus.endpoint(), zerobus.unity_catalog_url());
/// let _ = (zerobus.client_id(), zerobus.client_secret());
///
/// assert_eq!(zerobus.rows("main.default.readings").await?.num_rows(), 0);
/// assert_eq!(zerobus.stats().commits, 0);
/// assert_eq!(zerobus.faults()[0].fired, 0);
/// zerobus.shutdown().await?;
/// # Ok(())
/// # }
/// ```
///
/// Every one has a port, credentials and tables of its own, so tests run beside each other. It is
/// also ended by being dropped, as at the end of a test that panics: then it stops where it is, as
/// after a crash, and the directory is removed there and then. Neither waits for anything.
///
/// It is a [`Server`] with other defaults: rows are committed after 10 ms and not after 200, since a
/// test waits for them. [`LocalZerobusBuilder::server`] and [`server`](Self::server) have the rest of
/// what one can do.
#[must_use = "it is ended when it is dropped"]
pub struct LocalZerobus {
    // Dropped in this order.
    server: Server,
    temporary: Option<TempDir>,
}

impl LocalZerobus {
    /// Says what there is to be before it starts.
    pub fn builder() -> LocalZerobusBuilder {
        LocalZerobusBuilder::new()
    }

    /// The URL of the Zerobus endpoint: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> &str {
        self.server.endpoint()
    }

    /// The URL of the workspace: of its token endpoint and of Unity Catalog.
    pub fn unity_catalog_url(&self) -> &str {
        self.server.unity_catalog_url()
    }

    /// The id of the one client that there is.
    pub fn client_id(&self) -> &str {
        self.server.client_id()
    }

    /// Its secret.
    pub fn client_secret(&self) -> &Secret {
        self.server.client_secret()
    }

    /// The directory of the tables, which are `DIR/catalog/schema/table`.
    pub fn dir(&self) -> &Path {
        self.server.lake().dir()
    }

    /// The directory of the table `catalog.schema.table`, for any reader of Delta.
    ///
    /// # Errors
    ///
    /// [`Error::TableName`] if this is no name of a table.
    pub fn table_path(&self, table: &str) -> Result<PathBuf, Error> {
        Ok(self.server.table_path(&table.parse()?))
    }

    /// The tables that there are, in the order of their names.
    ///
    /// # Errors
    ///
    /// [`Error::Directory`] if the directory cannot be read.
    pub fn tables(&self) -> Result<Vec<TableName>, Error> {
        self.server.lake().names()
    }

    /// All rows of the table `catalog.schema.table`, read from its Delta log, in one batch. A row is
    /// there once it was acknowledged.
    ///
    /// The columns are those that the table has now. Rows of one stream are in their order as long
    /// as no two commits were made in the same millisecond; sort them where the order matters.
    ///
    /// # Errors
    ///
    /// [`Error::TableName`] if this is no name of a table, [`Error::TableNotFound`] with those that
    /// there are, [`Error::Table`] if it cannot be read, as when somebody else has given it
    /// partitions or deletion vectors.
    pub async fn rows(&self, table: &str) -> Result<RecordBatch, Error> {
        self.server.lake().rows(&table.parse()?).await
    }

    /// What happened so far: streams, requests, commits, acknowledgements.
    pub fn stats(&self) -> Stats {
        self.server.stats()
    }

    /// How often each fault could have happened and did, in the order in which they were given.
    pub fn faults(&self) -> Vec<FaultCount> {
        self.server.faults()
    }

    /// Switches the faults of this name on. They begin to count anew: the first event that fits is
    /// their first one.
    ///
    /// # Errors
    ///
    /// [`Error::FaultNotFound`] with those that there are.
    pub fn switch_on(&self, fault: &str) -> Result<(), Error> {
        self.server.switch(fault, true)
    }

    /// Switches the faults of this name off.
    ///
    /// # Errors
    ///
    /// [`Error::FaultNotFound`] with those that there are.
    pub fn switch_off(&self, fault: &str) -> Result<(), Error> {
        self.server.switch(fault, false)
    }

    /// The server that this is: to rotate its streams, to alter its tables, for its certificate.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Ends it: what was received is committed and acknowledged, streams are ended, and a temporary
    /// directory is removed.
    ///
    /// # Errors
    ///
    /// [`Error::Unfinished`] if rows still waited for their commit after the time of
    /// [`Server::shutdown`], [`Error::Directory`] if the directory could not be removed.
    pub async fn shutdown(self) -> Result<(), Error> {
        let ended = self.server.shutdown().await;
        if let Some(temporary) = self.temporary {
            let path = temporary.path().to_owned();
            let removed = temporary.close();
            removed.map_err(|source| Error::directory(&path, source))?;
        }
        ended
    }
}

impl fmt::Debug for LocalZerobus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalZerobus")
            .field("endpoint", &self.endpoint())
            .field("dir", &self.dir())
            .finish_non_exhaustive()
    }
}
