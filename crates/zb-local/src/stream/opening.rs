//! Whether a stream may be opened: the token, and the table.

use std::sync::Arc;

use arrow_schema::Schema;
use tonic::{Status, metadata::MetadataMap};
use zb_types::TableName;

use super::TABLE_HEADER;
use crate::{
    endpoint::Endpoint,
    error::Error,
    lake::{OpenError, Table},
    tokens::Grant,
};

/// Who calls, and which table the call is for.
pub(crate) fn authorize(endpoint: &Endpoint, metadata: &MetadataMap) -> Result<TableName, Status> {
    let header = metadata
        .get("authorization")
        .ok_or_else(|| Status::unauthenticated("The authorization header is missing."))?;
    let token = header
        .to_str()
        .ok()
        .and_then(|header| header.strip_prefix("Bearer "))
        .ok_or_else(|| {
            Status::unauthenticated("The authorization header is not a bearer token.")
        })?;
    let grant = endpoint
        .tokens
        .check(token)
        .map_err(|error| Status::unauthenticated(error.to_string()))?;

    let named = metadata
        .get(TABLE_HEADER)
        .and_then(|name| name.to_str().ok())
        .ok_or_else(|| {
            Status::invalid_argument(format!("The header {TABLE_HEADER} is missing."))
        })?;
    let table: TableName = named
        .parse()
        .map_err(|error| Status::invalid_argument(format!("{TABLE_HEADER}: {error}")))?;
    match grant {
        Grant::Write(granted) if granted == table => Ok(table),
        Grant::Write(granted) => Err(Status::permission_denied(format!(
            "The token is for table {:?}, not for {:?}.",
            granted.as_str(),
            table.as_str()
        ))),
        Grant::Rest => Err(Status::permission_denied(format!(
            "The token carries no privilege on table {:?}: \
             ask for it with authorization_details.",
            table.as_str()
        ))),
    }
}

/// The table, which is made with the columns that the client knows of where that is allowed.
pub(crate) async fn find_table(
    endpoint: &Endpoint,
    name: &TableName,
    columns: impl FnOnce() -> Result<Schema, Status> + Send,
) -> Result<Arc<Table>, Status> {
    match endpoint.lake.table(name).await {
        Ok(table) => Ok(table),
        Err(OpenError::NotFound(_)) if endpoint.auto_create => {
            create_table(endpoint, name, &columns()?).await
        }
        Err(error @ OpenError::NotFound(_)) => Err(Status::not_found(error.to_string())),
        Err(error @ OpenError::Unreadable { .. }) => Err(Status::internal(error.to_string())),
    }
}

async fn create_table(
    endpoint: &Endpoint,
    name: &TableName,
    schema: &Schema,
) -> Result<Arc<Table>, Status> {
    match endpoint.lake.create(name, schema).await {
        Ok(table) => Ok(table),
        Err(error @ Error::Schema { .. }) => Err(Status::invalid_argument(error.to_string())),
        // Another stream was faster, with other columns: this one is checked against that table.
        Err(Error::SchemaDiffers { .. }) => endpoint
            .lake
            .table(name)
            .await
            .map_err(|error| Status::internal(error.to_string())),
        Err(error) => {
            tracing::error!(table = %name, %error, "a table could not be created");
            Err(Status::internal(error.to_string()))
        }
    }
}
