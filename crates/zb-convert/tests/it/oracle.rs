//! Rows read back by prost-reflect.

use arrow_array::RecordBatch;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use prost_types::{DescriptorProto, FileDescriptorProto};
use zb_convert::{Encoded, Encoder, Options};

/// A strict descriptor pool with this one message in it.
pub(crate) fn message(descriptor: &DescriptorProto) -> MessageDescriptor {
    let file = FileDescriptorProto {
        name: Some("record.proto".to_owned()),
        message_type: vec![descriptor.clone()],
        ..FileDescriptorProto::default()
    };
    let mut pool = DescriptorPool::new();
    pool.add_file_descriptor_proto(file)
        .expect("the descriptor is valid");
    pool.get_message_by_name(descriptor.name())
        .expect("the message is there")
}

pub(crate) fn read(descriptor: &DescriptorProto, encoded: &Encoded) -> Vec<DynamicMessage> {
    let message = message(descriptor);
    encoded
        .rows()
        .map(|row| DynamicMessage::decode(message.clone(), row).expect("the row is valid"))
        .collect()
}

/// Encodes a batch of which no row may fail.
pub(crate) fn encode(batch: &RecordBatch) -> (Encoder, Encoded) {
    let encoder = Encoder::new(&batch.schema(), Options::default()).unwrap();
    let encoded = encoder.encode(batch).unwrap();
    assert_eq!(encoded.errors(), []);
    (encoder, encoded)
}
