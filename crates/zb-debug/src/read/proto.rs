//! Protobuf records, each with its length before it.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use prost::Message as _;
use prost_types::{DescriptorProto, FileDescriptorSet};

use super::{Source, Tail};
use crate::{
    error::{Damage, Error},
    place,
    proto::MAX_RECORD,
};

/// How large a set of descriptors may be. That of 2000 columns takes a twentieth.
const MAX_DESCRIPTOR: u64 = 4 << 20;

/// The records of a `.pb` file, in their order, as the bytes that were sent.
///
/// It ends with the last whole record; then [`tail`](Self::tail) says whether there was more. A length
/// in the file never makes it ask for more than 64 MiB, nor for more than the file has.
#[derive(Debug)]
pub struct ProtoFile {
    source: Source,
    descriptors: FileDescriptorSet,
    descriptor: DescriptorProto,
    tail: Option<Tail>,
    is_over: bool,
}

impl ProtoFile {
    /// Opens a file, and reads the descriptors from the `.desc` file beside it.
    ///
    /// # Errors
    ///
    /// [`Error::Read`] if either cannot be read; [`Error::Damaged`] if the descriptors are not
    /// those of one message.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let source = Source::open(path.as_ref())?;
        let beside = path.as_ref().with_extension("desc");
        let descriptors = descriptors(&beside)?;
        let not_one = || Error::Damaged {
            path: beside.clone(),
            offset: 0,
            damage: Damage::Descriptor,
        };
        let mut messages = descriptors.file.iter().flat_map(|file| &file.message_type);
        let (Some(descriptor), None) = (messages.next().cloned(), messages.next()) else {
            return Err(not_one());
        };
        Ok(Self {
            source,
            descriptors,
            descriptor,
            tail: None,
            is_over: false,
        })
    }

    /// The message that every record is, with the types in it.
    pub fn descriptor(&self) -> &DescriptorProto {
        &self.descriptor
    }

    /// What is in the `.desc` file.
    pub fn descriptors(&self) -> &FileDescriptorSet {
        &self.descriptors
    }

    /// How the file ends; none before it was read to its end, or where it is damaged. There is no
    /// mark of the end: it is never [`Tail::Open`].
    pub fn tail(&self) -> Option<Tail> {
        self.tail
    }

    fn read(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let offset = self.source.at;
        if self.source.left() == 0 {
            self.tail = Some(Tail::Complete);
            return Ok(None);
        }
        if let Some(len) = self.length(offset)?
            && let Some(record) = self.source.take(len)?
        {
            return Ok(Some(record));
        }
        let bytes = self.source.size - offset;
        self.tail = Some(Tail::Cut { bytes });
        Ok(None)
    }

    /// The length at the front; none if the file ends in it.
    fn length(&mut self, offset: u64) -> Result<Option<u64>, Error> {
        let mut len = 0_u64;
        for shift in (0..35).step_by(7) {
            let Some([byte]) = self
                .source
                .take(1)?
                .as_deref()
                .and_then(|b| b.first_chunk().copied())
            else {
                return Ok(None);
            };
            len |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 && len <= MAX_RECORD as u64 {
                return Ok(Some(len));
            }
            if byte < 0x80 {
                break;
            }
        }
        let found = i64::try_from(len).unwrap_or(i64::MAX);
        Err(self.source.damaged(offset, Damage::Length { found }))
    }
}

impl Iterator for ProtoFile {
    type Item = Result<Vec<u8>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let read = self.read();
        self.is_over = !matches!(read, Ok(Some(_)));
        read.transpose()
    }
}

fn descriptors(path: &Path) -> Result<FileDescriptorSet, Error> {
    let cannot_read = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let damaged = || Error::Damaged {
        path: PathBuf::from(path),
        offset: 0,
        damage: Damage::Descriptor,
    };
    let (file, metadata): (File, _) = place::read(path).map_err(cannot_read)?;
    if !metadata.is_file() || metadata.len() > MAX_DESCRIPTOR {
        return Err(damaged());
    }
    let mut bytes = Vec::new();
    let read = file.take(MAX_DESCRIPTOR).read_to_end(&mut bytes);
    read.map_err(cannot_read)?;
    FileDescriptorSet::decode(bytes.as_slice()).map_err(|_| damaged())
}
