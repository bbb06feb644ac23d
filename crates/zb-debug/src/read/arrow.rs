//! Arrow IPC streams, message by message, so that the last whole one is found.

use std::{
    collections::HashMap,
    panic::{self, AssertUnwindSafe},
    path::Path,
    sync::Arc,
};

use arrow_array::{ArrayRef, RecordBatch};
use arrow_buffer::Buffer;
use arrow_ipc::{
    Message, MessageHeader,
    convert::fb_to_schema,
    reader::{read_dictionary, read_record_batch},
    root_as_message,
};
use arrow_schema::{ArrowError, SchemaRef};

use super::{Source, Tail};
use crate::error::{Damage, Error};

/// The batches of an `.arrows` file, in their order.
///
/// It ends with the last whole batch; then [`tail`](Self::tail) says whether there was more. A length
/// in the file never makes it ask for more memory than the file is large.
#[derive(Debug)]
pub struct ArrowFile {
    source: Source,
    schema: SchemaRef,
    dictionaries: HashMap<i64, ArrayRef>,
    tail: Option<Tail>,
    is_over: bool,
}

/// What lies between two messages.
enum Found {
    Message {
        header: Vec<u8>,
        body: Buffer,
    },
    /// The mark of the end.
    End,
    /// The end of the file.
    Nothing,
    /// Less than a message.
    Piece,
}

impl ArrowFile {
    /// Opens a file, and reads its schema.
    ///
    /// # Errors
    ///
    /// [`Error::Read`], or [`Error::Damaged`] where it has no whole schema. A file has none, and no byte,
    /// whose process was killed before it wrote out the first batch.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let mut source = Source::open(path.as_ref())?;
        let found = next(&mut source)?;
        let Found::Message { header, .. } = found else {
            return Err(source.damaged(0, Damage::NoSchema));
        };
        let schema = guarded(|| {
            let message = message(&header)?;
            match message.header_as_schema() {
                Some(schema) => Ok(fb_to_schema(schema)),
                None => Err(unexpected(&message)),
            }
        });
        match schema {
            Ok(schema) => Ok(Self {
                source,
                schema: Arc::new(schema),
                dictionaries: HashMap::new(),
                tail: None,
                is_over: false,
            }),
            Err(damage) => Err(source.damaged(0, damage)),
        }
    }

    /// The schema of every batch in it.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// How the file ends; none before it was read to its end, or where it is damaged.
    pub fn tail(&self) -> Option<Tail> {
        self.tail
    }

    fn read(&mut self) -> Result<Option<RecordBatch>, Error> {
        loop {
            let offset = self.source.at;
            let tail = match next(&mut self.source)? {
                Found::Message { header, body } => {
                    let read = guarded(|| self.decode(&header, &body));
                    match read {
                        Ok(Some(batch)) => return Ok(Some(batch)),
                        Ok(None) => continue,
                        Err(damage) => return Err(self.source.damaged(offset, damage)),
                    }
                }
                Found::End if self.source.left() > 0 => {
                    let offset = self.source.at;
                    return Err(self.source.damaged(offset, Damage::AfterEnd));
                }
                Found::End => Tail::Complete,
                Found::Nothing => Tail::Open,
                Found::Piece => Tail::Cut {
                    bytes: self.source.size - offset,
                },
            };
            self.tail = Some(tail);
            return Ok(None);
        }
    }

    /// The batch in a message; none if it is a dictionary.
    fn decode(&mut self, header: &[u8], body: &Buffer) -> Result<Option<RecordBatch>, Damage> {
        let message = message(header)?;
        let version = message.version();
        match message.header_type() {
            MessageHeader::RecordBatch => {
                let batch = message.header_as_record_batch();
                let batch = batch.ok_or_else(|| unexpected(&message))?;
                if batch.compression().is_some() {
                    return Err(Damage::Compressed);
                }
                let schema = Arc::clone(&self.schema);
                let batch =
                    read_record_batch(body, batch, schema, &self.dictionaries, None, &version);
                batch.map(Some).map_err(Damage::Arrow)
            }
            MessageHeader::DictionaryBatch => {
                let batch = message.header_as_dictionary_batch();
                let batch = batch.ok_or_else(|| unexpected(&message))?;
                if batch
                    .data()
                    .is_some_and(|data| data.compression().is_some())
                {
                    return Err(Damage::Compressed);
                }
                let read =
                    read_dictionary(body, batch, &self.schema, &mut self.dictionaries, &version);
                read.map(|()| None).map_err(Damage::Arrow)
            }
            _ => Err(unexpected(&message)),
        }
    }
}

impl Iterator for ArrowFile {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let read = self.read();
        self.is_over = !matches!(read, Ok(Some(_)));
        read.transpose()
    }
}

/// The next message: a marker, the length of its header, the header, and the body it tells of.
fn next(source: &mut Source) -> Result<Found, Error> {
    let offset = source.at;
    if source.left() == 0 {
        return Ok(Found::Nothing);
    }
    let Some(marker) = source.take_four()? else {
        return Ok(Found::Piece);
    };
    if marker != [0xff; 4] {
        let damage = Damage::NotAMessage { found: marker };
        return Err(source.damaged(offset, damage));
    }
    let Some(length) = source.take_four()? else {
        return Ok(Found::Piece);
    };
    let length = i32::from_le_bytes(length);
    if length == 0 {
        return Ok(Found::End);
    }
    let wrong = |found: i64| Damage::Length { found };
    let Ok(header_len) = u64::try_from(length) else {
        return Err(source.damaged(offset, wrong(length.into())));
    };
    let Some(header) = source.take(header_len)? else {
        return Ok(Found::Piece);
    };
    let body_len = guarded(|| Ok(message(&header)?.bodyLength()));
    let body_len = body_len.map_err(|damage| source.damaged(offset, damage))?;
    let Ok(len) = u64::try_from(body_len) else {
        return Err(source.damaged(offset, wrong(body_len)));
    };
    let Some(body) = source.take(len)? else {
        return Ok(Found::Piece);
    };
    let body = Buffer::from_vec(body);
    Ok(Found::Message { header, body })
}

fn message(header: &[u8]) -> Result<Message<'_>, Damage> {
    root_as_message(header).map_err(|error| {
        let text = format!("no message: {error}");
        Damage::Arrow(ArrowError::ParseError(text))
    })
}

fn unexpected(message: &Message<'_>) -> Damage {
    let kind = message.header_type().variant_name();
    let found = kind.map_or_else(
        || "an unknown message".to_owned(),
        |kind| format!("a {kind}"),
    );
    Damage::Unexpected { found }
}

/// The reader checks most of what a damaged file can say and asserts the rest: a panic is damage
/// like any other.
fn guarded<T>(read: impl FnOnce() -> Result<T, Damage>) -> Result<T, Damage> {
    let read = panic::catch_unwind(AssertUnwindSafe(read));
    read.unwrap_or(Err(Damage::Contradiction))
}
