//! What an endpoint for a test is to have.

use std::{path::PathBuf, time::Duration};

use arrow_schema::Schema;
use zb_types::TableName;

use super::LocalZerobus;
use crate::{
    CreateTable, Error, Server, ServerBuilder,
    faults::{Fault, FaultScript},
};

/// A test waits for every commit, and has few rows.
const COMMIT_EVERY: Duration = Duration::from_millis(10);

/// Sets up a [`LocalZerobus`]; made by [`LocalZerobus::builder`].
#[derive(Debug, Clone)]
#[must_use]
pub struct LocalZerobusBuilder {
    /// Without its directory and its faults.
    server: ServerBuilder,
    dir: Option<PathBuf>,
    tables: Vec<Columns>,
    faults: Vec<Fault>,
    /// The places of those that are off at first.
    off: Vec<usize>,
}

/// A table, as it was asked for: what is wrong with that is said when it starts.
#[derive(Debug, Clone)]
enum Columns {
    Of(String, Schema),
    Sql(String),
}

impl Columns {
    fn parse(self) -> Result<(TableName, Schema), Error> {
        let (name, schema) = match self {
            Self::Of(name, schema) => (name, schema),
            Self::Sql(statement) => {
                let table = CreateTable::parse(&statement)?;
                (table.name().to_owned(), table.into_schema())
            }
        };
        Ok((name.parse()?, schema))
    }
}

impl LocalZerobusBuilder {
    pub(super) fn new() -> Self {
        Self {
            server: Server::builder(PathBuf::new()).commit_every(COMMIT_EVERY),
            dir: None,
            tables: Vec::new(),
            faults: Vec::new(),
            off: Vec::new(),
        }
    }

    /// Keeps the tables below this directory, which is made if it is missing and stays. Default: a
    /// temporary directory, which goes with the endpoint.
    pub fn dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.dir = Some(path.into());
        self
    }

    /// Makes the table `catalog.schema.table` with the columns of a schema. One that is in the
    /// directory already is kept, if its columns are the same.
    pub fn table(mut self, name: impl Into<String>, schema: &Schema) -> Self {
        self.tables.push(Columns::Of(name.into(), schema.clone()));
        self
    }

    /// Makes a table from a `CREATE TABLE` statement of Databricks SQL: see [`CreateTable`].
    pub fn table_from_sql(mut self, statement: impl Into<String>) -> Self {
        self.tables.push(Columns::Sql(statement.into()));
        self
    }

    /// Makes a table that is missing from what the first stream to it says; see
    /// [`ServerBuilder::auto_create`]. The service never does: a missing table is an error there, as it is
    /// here by default.
    pub fn auto_create(mut self) -> Self {
        self.server = self.server.auto_create();
        self
    }

    /// Has this go wrong on purpose.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Has this go wrong from when it is [switched on](LocalZerobus::switch_on), by the name that was
    /// given to it.
    pub fn fault_off(mut self, fault: Fault) -> Self {
        self.off.push(self.faults.len());
        self.fault(fault)
    }

    /// Has all of a script go wrong, such as one
    /// [of a file](FaultScript::from_file), beside what else was said.
    pub fn faults(mut self, script: impl Into<FaultScript>) -> Self {
        self.faults.extend(script.into().into_faults());
        self
    }

    /// Changes the server in other ways: TLS, the address, the lifetime of tokens and streams, how
    /// often rows are committed.
    pub fn server(mut self, with: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Self {
        self.server = with(self.server);
        self
    }

    /// Starts it, with the tables that were asked for.
    ///
    /// # Errors
    ///
    /// [`Error::TableName`] or [`Error::Statement`] if a table was not asked for as it has to be; then
    /// nothing was begun. As [`ServerBuilder::start`] and [`Server::create_table`] otherwise.
    pub async fn start(self) -> Result<LocalZerobus, Error> {
        let tables = self.tables.into_iter().map(Columns::parse);
        let tables = tables.collect::<Result<Vec<_>, _>>()?;
        let (dir, temporary) = match self.dir {
            Some(dir) => (dir, None),
            None => {
                let made = tempfile::Builder::new().prefix("zerobus-").tempdir();
                let made =
                    made.map_err(|source| Error::directory(&std::env::temp_dir(), source))?;
                (made.path().to_owned(), Some(made))
            }
        };
        // Those that were given to the server itself, if any, come first.
        let mut faults = self.server.faults.into_faults();
        let faults_off = self.off.iter().map(|place| place + faults.len()).collect();
        faults.extend(self.faults);
        let server = ServerBuilder {
            dir,
            faults: faults.into(),
            faults_off,
            ..self.server
        };
        let server = server.start().await?;
        for (table, schema) in tables {
            server.create_table(&table, &schema).await?;
        }
        Ok(LocalZerobus { server, temporary })
    }
}
