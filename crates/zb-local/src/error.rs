//! What can go wrong when the endpoint starts, makes a table or stops.

use std::{
    error::Error as StdError,
    io,
    path::{Path, PathBuf},
};

use zb_types::{TableName, TableNameError};

use crate::DdlError;

/// Why the endpoint could not do what its owner asked of it.
///
/// Clients never see this type: they get gRPC statuses and `OAuth2` errors.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another process listens on the address.
    #[error(
        "cannot listen on {address}: the address is in use; stop the server that holds it, \
         or choose another port (port 0 takes a free one)"
    )]
    AddressInUse {
        /// The address as it was given.
        address: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The address cannot be listened on for another reason.
    #[error("cannot listen on {address}; give an address of this machine as HOST:PORT")]
    Address {
        /// The address as it was given.
        address: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The directory cannot be made, read or written.
    #[error(
        "cannot use {} as the directory of the tables; choose one that this user can write", path.display()
    )]
    Directory {
        /// The directory or the file in it.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Another server has the directory open.
    #[error(
        "{} is served by another server; stop that one, or choose another directory", path.display()
    )]
    DirectoryInUse {
        /// The directory.
        path: PathBuf,
    },
    /// The file that keeps the client id and the secret is damaged.
    #[error(
        "{} cannot be read as the credentials of this server; delete it to have new ones made", path.display()
    )]
    Credentials {
        /// The file.
        path: PathBuf,
        /// Where it is damaged.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The certificate authority of the directory cannot be used.
    #[error(
        "{} cannot be used for TLS; delete it to have a new authority made, which clients must then be told to trust", path.display()
    )]
    Authority {
        /// The file of its key or of its certificate.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A Delta table cannot hold the schema.
    #[error("{table} cannot have these columns: {reason}")]
    Schema {
        /// The table.
        table: TableName,
        /// The columns at fault, all of them.
        reason: String,
    },
    /// The table exists and its schema is another one.
    #[error("{table} exists with another schema: {}", differences.join("; "))]
    SchemaDiffers {
        /// The table.
        table: TableName,
        /// One sentence for each difference.
        differences: Vec<String>,
    },
    /// There is no such table.
    #[error("there is no table {table}; there are: {}", listed(tables))]
    TableNotFound {
        /// The table.
        table: TableName,
        /// Those that there are.
        tables: Vec<TableName>,
    },
    /// A name is not one of a table.
    #[error(transparent)]
    TableName(#[from] TableNameError),
    /// A statement for a table is wrong, or more than is understood.
    #[error("a table cannot be made from the statement")]
    Statement(#[from] DdlError),
    /// There is no fault of this name.
    #[error("there is no fault {name:?}; there are: {}", listed(faults))]
    FaultNotFound {
        /// The name.
        name: String,
        /// Those that there are.
        faults: Vec<String>,
    },
    /// The Delta table cannot be read or written.
    #[error("{table} cannot be used as a Delta table")]
    Table {
        /// The table.
        table: TableName,
        /// What the Delta library said.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// Rows were still waiting for a commit when the time for the shutdown was over.
    #[error("the server was stopped before everything it had received was committed")]
    Unfinished,
}

/// The kinds of [`Error`], for code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// See [`Error::AddressInUse`].
    AddressInUse,
    /// See [`Error::Address`].
    Address,
    /// See [`Error::Directory`].
    Directory,
    /// See [`Error::DirectoryInUse`].
    DirectoryInUse,
    /// See [`Error::Credentials`].
    Credentials,
    /// See [`Error::Authority`].
    Authority,
    /// See [`Error::Schema`] and [`Error::SchemaDiffers`].
    Schema,
    /// See [`Error::TableNotFound`].
    TableNotFound,
    /// See [`Error::TableName`].
    TableName,
    /// See [`Error::Statement`].
    Statement,
    /// See [`Error::FaultNotFound`].
    FaultNotFound,
    /// See [`Error::Table`].
    Table,
    /// See [`Error::Unfinished`].
    Unfinished,
}

impl ErrorKind {
    /// A word for it, one of a small set: for logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::AddressInUse => "address_in_use",
            Self::Address => "address",
            Self::Directory => "directory",
            Self::DirectoryInUse => "directory_in_use",
            Self::Credentials => "credentials",
            Self::Authority => "authority",
            Self::Schema => "schema",
            Self::TableNotFound => "table_not_found",
            Self::TableName => "table_name",
            Self::Statement => "statement",
            Self::FaultNotFound => "fault_not_found",
            Self::Table => "table",
            Self::Unfinished => "unfinished",
        }
    }
}

impl Error {
    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::AddressInUse { .. } => ErrorKind::AddressInUse,
            Self::Address { .. } => ErrorKind::Address,
            Self::Directory { .. } => ErrorKind::Directory,
            Self::DirectoryInUse { .. } => ErrorKind::DirectoryInUse,
            Self::Credentials { .. } => ErrorKind::Credentials,
            Self::Authority { .. } => ErrorKind::Authority,
            Self::Schema { .. } | Self::SchemaDiffers { .. } => ErrorKind::Schema,
            Self::TableNotFound { .. } => ErrorKind::TableNotFound,
            Self::TableName(_) => ErrorKind::TableName,
            Self::Statement(_) => ErrorKind::Statement,
            Self::FaultNotFound { .. } => ErrorKind::FaultNotFound,
            Self::Table { .. } => ErrorKind::Table,
            Self::Unfinished => ErrorKind::Unfinished,
        }
    }

    pub(crate) fn listen(address: &str, source: io::Error) -> Self {
        let address = address.to_owned();
        if source.kind() == io::ErrorKind::AddrInUse {
            Self::AddressInUse { address, source }
        } else {
            Self::Address { address, source }
        }
    }

    pub(crate) fn directory(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        Self::Directory { path, source }
    }

    pub(crate) fn table(
        table: &TableName,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        let (table, source) = (table.clone(), source.into());
        Self::Table { table, source }
    }
}

/// Names in a row, for a person who looks for one of them.
fn listed(names: &[impl ToString]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
    names.join(", ")
}
