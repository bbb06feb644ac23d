//! How the records of a stream are written. Whatever it is, they become Protobuf at the door, with
//! a field for each column of the table: so there is one judge of what may be in a row.

mod avro;
mod json;

use arrow_schema::Schema;
use bytes::Bytes;
use prost_reflect::{DescriptorPool, MessageDescriptor};
use prost_types::{DescriptorProto, FileDescriptorProto, FileDescriptorSet};
use tonic::Status;
use zb_convert::{Encoder, Options};

use crate::proto::{RecordType, ingest_record_batch_request::Batch, ingest_record_request::Record};

use avro::Avro;
use json::Json;

/// The encoding of a stream's records.
#[derive(Debug)]
pub(super) enum Form {
    Proto,
    Json(Json),
    Avro(Box<Avro>),
}

impl Form {
    /// JSON records of this table, and the descriptor that they are brought to.
    pub(super) fn json(table: &Schema) -> Result<(Self, DescriptorProto), Status> {
        let (descriptor, message) = of_table(table)?;
        Ok((Self::Json(Json::new(message)), descriptor))
    }

    /// Avro records of this table, with the schema they are written with.
    pub(super) fn avro(table: &Schema, written: &str) -> Result<(Self, DescriptorProto), Status> {
        let (descriptor, message) = of_table(table)?;
        let avro = Avro::new(written, message).map_err(Status::invalid_argument)?;
        Ok((Self::Avro(Box::new(avro)), descriptor))
    }

    /// What it is called.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Proto => "Protobuf",
            Self::Json(_) => "JSON",
            Self::Avro(_) => "Avro",
        }
    }

    fn record_type(&self) -> RecordType {
        match self {
            Self::Proto => RecordType::Proto,
            Self::Json(_) => RecordType::Json,
            Self::Avro(_) => RecordType::Avro,
        }
    }

    /// The record of a request, as it was sent.
    pub(super) fn record(&self, record: Option<Record>) -> Result<Bytes, Status> {
        match (record, self) {
            (Some(Record::ProtoEncodedRecord(row)), Self::Proto)
            | (Some(Record::AvroEncodedRecord(row)), Self::Avro(_)) => Ok(row),
            (Some(Record::JsonRecord(row)), Self::Json(_)) => Ok(row.into()),
            (Some(_), _) => Err(self.wrong()),
            (None, _) => Err(Status::invalid_argument("The request has no record.")),
        }
    }

    /// The records of a batch, as they were sent.
    pub(super) fn batch(&self, batch: Option<Batch>) -> Result<Vec<Bytes>, Status> {
        match (batch, self) {
            (Some(Batch::ProtoEncodedBatch(batch)), Self::Proto) => Ok(batch.records),
            (Some(Batch::AvroBatch(batch)), Self::Avro(_)) => Ok(batch.records),
            (Some(Batch::JsonBatch(batch)), Self::Json(_)) => {
                Ok(batch.records.into_iter().map(Bytes::from).collect())
            }
            (Some(_), _) => Err(self.wrong()),
            (None, _) => Err(Status::invalid_argument("The request has no batch.")),
        }
    }

    /// The same records in Protobuf. `offset` is for the words of a refusal.
    pub(super) fn to_proto(&self, rows: Vec<Bytes>, offset: i64) -> Result<Vec<Bytes>, Status> {
        let converted = |row: &Bytes| match self {
            Self::Proto => Ok(row.clone()),
            Self::Json(json) => json.to_proto(row),
            Self::Avro(avro) => avro.to_proto(row),
        };
        if matches!(self, Self::Proto) {
            return Ok(rows);
        }
        let rows = rows.iter().enumerate().map(|(number, row)| {
            converted(row).map_err(|reason| {
                Status::invalid_argument(format!(
                    "Record {number} of offset {offset} cannot be ingested: {reason}"
                ))
            })
        });
        rows.collect()
    }

    fn wrong(&self) -> Status {
        Status::invalid_argument(format!(
            "Record type does not match the stream: it is {}.",
            self.record_type().as_str_name()
        ))
    }
}

/// The descriptor of a table's rows.
fn of_table(table: &Schema) -> Result<(DescriptorProto, MessageDescriptor), Status> {
    let internal = |error: &dyn std::error::Error| Status::internal(error.to_string());
    let encoder = Encoder::new(table, Options::default()).map_err(|error| internal(&error))?;
    let descriptor = encoder.descriptor().clone();
    let mut named = descriptor.clone();
    keep_names(&mut named);
    let name = named.name().to_owned();
    let file = FileDescriptorProto {
        name: Some("table.proto".to_owned()),
        message_type: vec![named],
        ..FileDescriptorProto::default()
    };
    let files = FileDescriptorSet { file: vec![file] };
    let pool = DescriptorPool::from_file_descriptor_set(files).map_err(|error| internal(&error))?;
    let message = pool.get_message_by_name(&name);
    let message = message.ok_or_else(|| Status::internal("the descriptor has no message"))?;
    Ok((descriptor, message))
}

/// Columns are called in JSON what they are called in the table.
fn keep_names(message: &mut DescriptorProto) {
    for field in &mut message.field {
        field.json_name.clone_from(&field.name);
    }
    message.nested_type.iter_mut().for_each(keep_names);
}
