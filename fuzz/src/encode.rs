//! Bytes as Arrow IPC: of every batch that the reader of arrow takes for valid, each row is among
//! those encoded or among the errors, and prost-reflect reads it.

use std::{cell::Cell, panic};

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::{
    convert::fb_to_schema,
    reader::{FileDecoder, StreamDecoder, read_footer_length},
    root_as_footer,
};
use arrow_schema::ArrowError;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use prost_types::FileDescriptorProto;
use zb_convert::{ChunkLimit, Encoded, Encoder, Options, SubMicroseconds};

/// Batches above this are passed over: a few bytes can say that there are any number of rows.
const MOST_ROWS: usize = 2048;

/// Few enough bytes that a batch of rows that all share one long value fits into memory.
const LARGEST_RECORD: usize = 1 << 14;

/// What prost-reflect is asked to read.
const MOST_BYTES: usize = 1 << 16;

thread_local! {
    static READING: Cell<bool> = const { Cell::new(false) };
}

/// Keeps the fuzzer from taking a panic in arrow's reader for ours.
#[allow(
    dead_code,
    reason = "for the fuzzer alone, which ends the process at any panic"
)]
pub(crate) fn let_the_reader_panic() {
    let deadly = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !READING.get() {
            deadly(info);
        }
    }));
}

/// The first byte chooses the options; the rest is a stream or a file.
pub(crate) fn run(data: &[u8]) {
    rows_encoded(data);
}

/// As [`run`]; the number of rows that were looked at.
pub(crate) fn rows_encoded(data: &[u8]) -> usize {
    let Some((choice, rest)) = data.split_first() else {
        return 0;
    };
    READING.set(true);
    let batches = panic::catch_unwind(|| batches(rest));
    READING.set(false);
    let batches = batches.unwrap_or_default().into_iter();
    let few = batches.filter(|batch| batch.num_rows() <= MOST_ROWS);
    few.map(|batch| encode(&batch, *choice)).sum()
}

fn batches(bytes: &[u8]) -> Vec<RecordBatch> {
    let mut batches = Vec::new();
    let bytes = Buffer::from(bytes);
    // What came before the first fault counts.
    let _ = if bytes.starts_with(b"ARROW1") {
        read_file(&bytes, &mut batches)
    } else {
        read_stream(bytes, &mut batches)
    };
    batches
}

fn read_stream(mut bytes: Buffer, batches: &mut Vec<RecordBatch>) -> Result<(), ArrowError> {
    let mut decoder = StreamDecoder::new();
    while let Some(batch) = decoder.decode(&mut bytes)? {
        batches.push(batch);
    }
    Ok(())
}

/// Block by block out of memory, so that no length that a block states is ever allocated.
fn read_file(bytes: &Buffer, batches: &mut Vec<RecordBatch>) -> Result<(), ArrowError> {
    let (before, trailer) = bytes
        .split_last_chunk::<10>()
        .ok_or(ArrowError::DivideByZero)?;
    let footer = before.len().checked_sub(read_footer_length(*trailer)?);
    let footer = footer.ok_or(ArrowError::DivideByZero)?;
    let footer = root_as_footer(&before[footer..])
        .map_err(|error| ArrowError::ParseError(error.to_string()))?;
    let schema = footer.schema().ok_or(ArrowError::DivideByZero)?;
    let mut decoder = FileDecoder::new(fb_to_schema(schema).into(), footer.version());
    let part = |block: &arrow_ipc::Block| {
        let len = i64::from(block.metaDataLength()).checked_add(block.bodyLength())?;
        let (start, len) = (
            usize::try_from(block.offset()).ok()?,
            usize::try_from(len).ok()?,
        );
        (start.checked_add(len)? <= bytes.len()).then(|| bytes.slice_with_length(start, len))
    };
    for block in footer.dictionaries().iter().flatten() {
        decoder.read_dictionary(block, &part(block).ok_or(ArrowError::DivideByZero)?)?;
    }
    for block in footer.recordBatches().iter().flatten() {
        let bytes = part(block).ok_or(ArrowError::DivideByZero)?;
        batches.extend(decoder.read_record_batch(block, &bytes)?);
    }
    Ok(())
}

fn encode(batch: &RecordBatch, choice: u8) -> usize {
    let options = Options::default()
        .sub_microseconds(match choice & 1 {
            0 => SubMicroseconds::Reject,
            _ => SubMicroseconds::Truncate,
        })
        .max_record_bytes(if choice & 2 == 0 { LARGEST_RECORD } else { 40 });
    let Ok(encoder) = Encoder::new(batch.schema_ref(), options) else {
        return 0;
    };
    let whole = encoder
        .encode(batch)
        .expect("a batch of the encoder's own schema");
    assert_eq!(whole.len() + whole.errors().len(), batch.num_rows());
    assert!(whole.errors().is_sorted_by(|a, b| a.row < b.row));
    let accepted: usize = whole.row_ranges().iter().map(ExactSizeIterator::len).sum();
    assert_eq!(accepted, whole.len());

    if whole.bytes().len() <= MOST_BYTES {
        let message = message(&encoder);
        for row in whole.rows() {
            let read = DynamicMessage::decode(message.clone(), row).expect("a valid message");
            assert_eq!(read.unknown_fields().count(), 0);
        }
    }
    if choice & 4 != 0 {
        let limit = ChunkLimit {
            rows: 1 + usize::from(choice >> 3),
            framed_bytes: 1 << 10,
        };
        same_in_chunks(&encoder, batch, limit, &whole);
    }
    batch.num_rows()
}

fn same_in_chunks(encoder: &Encoder, batch: &RecordBatch, limit: ChunkLimit, whole: &Encoded) {
    let (mut chunk, mut bytes, mut errors, mut next) = (Encoded::default(), Vec::new(), 0, 0);
    while next < batch.num_rows() {
        let before = next;
        next = encoder
            .encode_chunk(batch, next, limit, &mut chunk)
            .expect("as the whole batch");
        assert!(next > before, "a chunk holds at least one row");
        bytes.extend_from_slice(chunk.bytes());
        errors += chunk.errors().len();
    }
    assert_eq!(bytes, whole.bytes());
    assert_eq!(errors, whole.errors().len());
}

fn message(encoder: &Encoder) -> MessageDescriptor {
    let descriptor = encoder.descriptor();
    let file = FileDescriptorProto {
        name: Some("record.proto".to_owned()),
        message_type: vec![descriptor.clone()],
        ..FileDescriptorProto::default()
    };
    let mut pool = DescriptorPool::new();
    pool.add_file_descriptor_proto(file)
        .expect("a valid descriptor");
    pool.get_message_by_name(descriptor.name())
        .expect("its message")
}
