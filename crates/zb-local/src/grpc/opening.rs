//! Whether a stream may be opened: the token, the table, the descriptor.

use std::sync::Arc;

use prost::Message as _;
use prost_types::DescriptorProto;
use tonic::{Status, metadata::MetadataMap};
use zb_convert::Decoder;
use zb_types::TableName;

use super::client::TABLE_HEADER;
use crate::{
    endpoint::Endpoint,
    error::Error,
    lake::{OpenError, Table},
    proto::{
        CreateIngestStreamRequest, EphemeralStreamRequest, RecordType,
        ephemeral_stream_request::Payload,
    },
    tokens::Grant,
};

/// Where the rows of an accepted stream go, and how they are read.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) table: Arc<Table>,
    pub(super) decoder: Decoder,
}

/// Checks everything that can be wrong with a new stream, in the order in which it arrives.
pub(super) async fn open(
    endpoint: &Endpoint,
    metadata: &MetadataMap,
    first: Option<EphemeralStreamRequest>,
) -> Result<Opened, Status> {
    let table = authorize(endpoint, metadata)?;
    let request = create_request(first)?;
    if request.table_name.as_deref() != Some(table.as_str()) {
        return Err(Status::invalid_argument(format!(
            "create_stream is for the table {:?}, but the header {TABLE_HEADER} says {:?}",
            request.table_name.as_deref().unwrap_or_default(),
            table.as_str(),
        )));
    }
    let descriptor = descriptor(&request)?;
    let table = find_table(endpoint, &table, &descriptor).await?;
    let decoder = Decoder::new(&descriptor, table.schema()).map_err(|error| {
        Status::invalid_argument(format!(
            "The descriptor does not fit table {:?}: {error}",
            table.name().as_str()
        ))
    })?;
    Ok(Opened { table, decoder })
}

/// Who calls, and which table the call is for.
fn authorize(endpoint: &Endpoint, metadata: &MetadataMap) -> Result<TableName, Status> {
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

fn create_request(
    first: Option<EphemeralStreamRequest>,
) -> Result<CreateIngestStreamRequest, Status> {
    match first.and_then(|message| message.payload) {
        Some(Payload::CreateStream(request)) => Ok(request),
        _ => Err(Status::invalid_argument(
            "The first message of a stream must be create_stream.",
        )),
    }
}

fn descriptor(request: &CreateIngestStreamRequest) -> Result<DescriptorProto, Status> {
    // Absent means PROTO: clients older than the field do not send it.
    match request.record_type.map(RecordType::try_from) {
        None | Some(Ok(RecordType::Proto)) => {}
        Some(Ok(other @ (RecordType::Json | RecordType::Avro))) => {
            return Err(Status::unimplemented(format!(
                "Records of type {} are not served here: use PROTO.",
                other.as_str_name()
            )));
        }
        Some(Ok(RecordType::Unspecified) | Err(_)) => {
            return Err(Status::invalid_argument(
                "The record type is not specified.",
            ));
        }
    }
    let bytes = request.descriptor_proto.as_deref().unwrap_or_default();
    if bytes.is_empty() {
        return Err(Status::invalid_argument(
            "A stream of PROTO records needs descriptor_proto.",
        ));
    }
    DescriptorProto::decode(bytes).map_err(|error| {
        Status::invalid_argument(format!(
            "descriptor_proto is not a DescriptorProto: {error}"
        ))
    })
}

async fn find_table(
    endpoint: &Endpoint,
    name: &TableName,
    descriptor: &DescriptorProto,
) -> Result<Arc<Table>, Status> {
    match endpoint.lake.table(name).await {
        Ok(table) => Ok(table),
        Err(OpenError::NotFound(_)) if endpoint.auto_create => {
            create_table(endpoint, name, descriptor).await
        }
        Err(error @ OpenError::NotFound(_)) => Err(Status::not_found(error.to_string())),
        Err(error @ OpenError::Unreadable { .. }) => Err(Status::internal(error.to_string())),
    }
}

async fn create_table(
    endpoint: &Endpoint,
    name: &TableName,
    descriptor: &DescriptorProto,
) -> Result<Arc<Table>, Status> {
    let schema = zb_convert::arrow_schema(descriptor)
        .map_err(|error| Status::invalid_argument(error.to_string()))?;
    match endpoint.lake.create(name, &schema).await {
        Ok(table) => Ok(table),
        Err(error @ Error::Schema { .. }) => Err(Status::invalid_argument(error.to_string())),
        // Another stream was faster, with another descriptor: it is checked against that table.
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
