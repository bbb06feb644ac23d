//! Protobuf records, each with its length before it.

use std::sync::Arc;

use prost::Message as _;
use prost_types::{DescriptorProto, FileDescriptorProto, FileDescriptorSet};

use crate::{
    error::Error,
    format::{Format, Load, Room},
    kind::Kind,
    varint,
};

/// No record is longer. The service takes a sixth of it.
pub(crate) const MAX_RECORD: usize = 64 << 20;

/// Records with their lengths before them, in one buffer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Records {
    framed: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
}

impl Records {
    pub(crate) fn with_capacity(bytes: usize, rows: usize) -> Self {
        Self {
            framed: Vec::with_capacity(bytes),
            ends: Vec::with_capacity(rows),
        }
    }

    /// How much a record takes with its length.
    pub(crate) fn framed_len(record: &[u8]) -> usize {
        varint::len(record.len() as u64) + record.len()
    }

    pub(crate) fn push(&mut self, record: &[u8]) {
        varint::push(&mut self.framed, record.len() as u64);
        self.framed.extend_from_slice(record);
        self.ends.push(self.framed.len());
    }

    /// The records, with their lengths before them.
    fn framed(&self, from: usize) -> impl Iterator<Item = &[u8]> {
        let start = from.checked_sub(1).and_then(|row| self.ends.get(row));
        let mut start = start.copied().unwrap_or_default();
        let ends = self.ends.get(from..).unwrap_or_default();
        ends.iter().map(move |&end| {
            let record = self.framed.get(start..end).unwrap_or_default();
            start = end;
            record
        })
    }

    /// The records.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.framed(0).map(|mut record| {
            // A length stands there because `push` put it there.
            let _ = varint::take(&mut record);
            record
        })
    }
}

impl Load for Records {
    fn rows(&self) -> usize {
        self.ends.len()
    }
}

/// One file of records.
pub(crate) struct Proto {
    descriptor: Arc<DescriptorProto>,
    waiting: Vec<u8>,
}

impl Format for Proto {
    const KIND: Kind = Kind::Proto;
    type Shape = Arc<DescriptorProto>;
    type Load = Records;

    fn is_same(one: &Self::Shape, other: &Self::Shape) -> bool {
        Arc::ptr_eq(one, other) || one == other
    }

    fn begin(descriptor: &Self::Shape) -> Result<Self, Error> {
        Ok(Self {
            descriptor: Arc::clone(descriptor),
            waiting: Vec::new(),
        })
    }

    fn descriptor(&self) -> Option<Vec<u8>> {
        let message = DescriptorProto::clone(&self.descriptor);
        // No package: the names of nested types count from the root.
        let file = FileDescriptorProto {
            name: Some(format!("{}.proto", message.name())),
            message_type: vec![message],
            syntax: Some("proto2".to_owned()),
            ..FileDescriptorProto::default()
        };
        Some(FileDescriptorSet { file: vec![file] }.encode_to_vec())
    }

    fn waiting(&mut self) -> &mut Vec<u8> {
        &mut self.waiting
    }

    fn add(&mut self, records: &Records, from: usize, room: Room) -> Result<Option<usize>, Error> {
        let before = self.waiting.len();
        let mut rows = 0;
        for record in records.framed(from) {
            let bytes = (self.waiting.len() - before + record.len()) as u64;
            let fits = bytes <= room.bytes || (room.is_empty && rows == 0);
            if !fits || rows as u64 == room.rows {
                break;
            }
            self.waiting.extend_from_slice(record);
            rows += 1;
        }
        let is_all = from + rows == records.rows();
        Ok((rows > 0 || is_all).then_some(rows))
    }

    fn end(&mut self) {}
}
