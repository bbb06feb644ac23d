//! Whether a stream of records may be opened: the token, the table, the descriptor.

use std::sync::Arc;

use prost::Message as _;
use prost_types::DescriptorProto;
use tonic::{Status, metadata::MetadataMap};
use zb_convert::Decoder;
use zb_types::TableName;

use super::form::Form;
use crate::{
    endpoint::Endpoint,
    lake::Table,
    proto::{
        CreateIngestStreamRequest, EphemeralStreamRequest, RecordType,
        ephemeral_stream_request::Payload,
    },
    stream::{TABLE_HEADER, authorize, find_table},
};

/// Checks everything that can be wrong with a new stream, in the order in which it arrives. Gives
/// the table, and how its records are written and read.
pub(super) async fn open(
    endpoint: &Endpoint,
    metadata: &MetadataMap,
    first: Option<EphemeralStreamRequest>,
) -> Result<(Form, Decoder, Arc<Table>), Status> {
    let table = authorize(endpoint, metadata)?;
    let request = create_request(first)?;
    open_as(endpoint, &table, request).await
}

/// The same for a caller who may write to the table.
pub(super) async fn open_as(
    endpoint: &Endpoint,
    table: &TableName,
    request: CreateIngestStreamRequest,
) -> Result<(Form, Decoder, Arc<Table>), Status> {
    if request.table_name.as_deref() != Some(table.as_str()) {
        return Err(Status::invalid_argument(format!(
            "create_stream is for the table {:?}, but the header {TABLE_HEADER} says {:?}",
            request.table_name.as_deref().unwrap_or_default(),
            table.as_str(),
        )));
    }
    let (form, descriptor, table) = form(endpoint, table, &request).await?;
    let decoder = Decoder::new(&descriptor, table.schema()).map_err(|error| {
        Status::invalid_argument(format!(
            "The descriptor does not fit table {:?}: {error}",
            table.name().as_str()
        ))
    })?;
    Ok((form, decoder, table))
}

/// How the records are written, the descriptor that they have or are brought to, and their table.
async fn form(
    endpoint: &Endpoint,
    name: &TableName,
    request: &CreateIngestStreamRequest,
) -> Result<(Form, DescriptorProto, Arc<Table>), Status> {
    match record_type(request)? {
        RecordType::Json => {
            let table = known_table(endpoint, name).await?;
            let (form, descriptor) = Form::json(table.schema())?;
            Ok((form, descriptor, table))
        }
        RecordType::Avro => {
            let table = known_table(endpoint, name).await?;
            let written = request.avro_schema_json.as_deref().unwrap_or_default();
            let (form, descriptor) = Form::avro(table.schema(), written)?;
            Ok((form, descriptor, table))
        }
        _ => {
            let descriptor = descriptor(request)?;
            let columns = || {
                zb_convert::arrow_schema(&descriptor)
                    .map_err(|error| Status::invalid_argument(error.to_string()))
            };
            let table = find_table(endpoint, name, columns).await?;
            Ok((Form::Proto, descriptor, table))
        }
    }
}

/// A table that has to be there, as the client does not know its columns.
pub(super) async fn known_table(
    endpoint: &Endpoint,
    name: &TableName,
) -> Result<Arc<Table>, Status> {
    let unknown = || {
        let name = name.as_str();
        Err(Status::not_found(format!(
            "Table {name:?} cannot be found."
        )))
    };
    find_table(endpoint, name, unknown).await
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

fn record_type(request: &CreateIngestStreamRequest) -> Result<RecordType, Status> {
    // Absent means PROTO: clients older than the field do not send it.
    match request.record_type.map(RecordType::try_from) {
        None => Ok(RecordType::Proto),
        Some(Ok(RecordType::Unspecified) | Err(_)) => Err(Status::invalid_argument(
            "The record type is not specified.",
        )),
        Some(Ok(known)) => Ok(known),
    }
}

fn descriptor(request: &CreateIngestStreamRequest) -> Result<DescriptorProto, Status> {
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
