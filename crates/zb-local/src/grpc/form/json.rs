//! Records in JSON: an object for each row, with the names of the columns.

use bytes::Bytes;
use prost::Message as _;
use prost_reflect::{DeserializeOptions, DynamicMessage, MessageDescriptor};
use serde_json::Deserializer;

/// JSON as Protobuf writes it: days and microseconds are integers, DECIMAL is text, bytes are
/// base64, and what the table does not have is refused.
#[derive(Debug)]
pub(in crate::grpc) struct Json {
    message: MessageDescriptor,
}

impl Json {
    pub(super) fn new(message: MessageDescriptor) -> Self {
        Self { message }
    }

    pub(super) fn to_proto(&self, row: &[u8]) -> Result<Bytes, String> {
        let mut text = Deserializer::from_slice(row);
        let options = DeserializeOptions::new().deny_unknown_fields(true);
        let message = self.message.clone();
        DynamicMessage::deserialize_with_options(message, &mut text, &options)
            .and_then(|row| text.end().map(|()| row))
            .map(|row| row.encode_to_vec().into())
            .map_err(|error| error.to_string())
    }
}
