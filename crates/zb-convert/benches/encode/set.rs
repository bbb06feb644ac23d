//! One data set, encoded once, so that every contender can be held against it.

use std::ops::Range;

use arrow_array::RecordBatch;
use prost_reflect::{DescriptorPool, MessageDescriptor};
use zb_convert::{ChunkLimit, Encoded, Encoder, Options};

use crate::measure::{Clock, Contender, Form};

/// The one rule for all contenders: a chunk ends as a request of a sender does, at a number of
/// rows or of bytes, whichever comes first.
pub(crate) const CHUNK: ChunkLimit = ChunkLimit {
    rows: 4096,
    framed_bytes: 1 << 20,
};

pub(crate) struct Set {
    pub(crate) batch: RecordBatch,
    pub(crate) encoder: Encoder,
    pub(crate) message: MessageDescriptor,
    /// The whole batch, as all contenders must have it.
    pub(crate) whole: Encoded,
    /// Where our chunks end. The others are told, and need not look for it.
    pub(crate) chunks: Vec<Range<usize>>,
}

impl Set {
    pub(crate) fn new(batch: RecordBatch) -> Self {
        let encoder = Encoder::new(&batch.schema(), Options::default()).unwrap();
        let whole = encoder.encode(&batch).unwrap();
        assert_eq!(whole.errors(), []);
        let mut chunks = Vec::new();
        let (all, mut chunk) = (0..batch.num_rows(), Encoded::default());
        each_chunk(&encoder, &batch, all, &mut chunk, |chunk| {
            chunks.extend_from_slice(chunk.row_ranges());
        });
        Self {
            message: message(&encoder),
            batch,
            encoder,
            whole,
            chunks,
        }
    }

    /// A contender that does the whole batch, one chunk after another.
    pub(crate) fn contender<'a>(
        &self,
        name: &'static str,
        form: Form,
        work: impl FnMut() + 'a,
    ) -> Contender<'a> {
        Contender {
            name: name.into(),
            form,
            clock: Clock::Thread,
            rows: self.batch.num_rows(),
            bytes: self.whole.bytes().len(),
            work: Box::new(work),
        }
    }

    pub(crate) fn each_chunk(
        &self,
        rows: Range<usize>,
        chunk: &mut Encoded,
        done: impl FnMut(&Encoded),
    ) {
        each_chunk(&self.encoder, &self.batch, rows, chunk, done);
    }

    /// The first row that is not as ours, if there is one, of what should be the first `count`.
    pub(crate) fn first_other<R: AsRef<[u8]>>(
        &self,
        count: usize,
        mut rows: impl Iterator<Item = R>,
    ) -> Option<usize> {
        let mut ours = self.whole.rows().take(count);
        let mut same = || {
            let row = rows.next();
            row.as_ref().map(AsRef::as_ref) == ours.next()
        };
        // One more than there are, for both must end there.
        (0..=count).find(|_| !same())
    }
}

/// Encodes `rows` of `batch` chunk by chunk, into memory that is used again.
pub(crate) fn each_chunk(
    encoder: &Encoder,
    batch: &RecordBatch,
    rows: Range<usize>,
    chunk: &mut Encoded,
    mut done: impl FnMut(&Encoded),
) {
    let mut next = rows.start;
    while next < rows.end {
        let limit = ChunkLimit {
            rows: CHUNK.rows.min(rows.end - next),
            ..CHUNK
        };
        next = encoder.encode_chunk(batch, next, limit, chunk).unwrap();
        done(chunk);
    }
}

fn message(encoder: &Encoder) -> MessageDescriptor {
    let descriptor = encoder.descriptor();
    let file = prost_types::FileDescriptorProto {
        name: Some("record.proto".to_owned()),
        message_type: vec![descriptor.clone()],
        ..prost_types::FileDescriptorProto::default()
    };
    let mut pool = DescriptorPool::new();
    pool.add_file_descriptor_proto(file).unwrap();
    pool.get_message_by_name(descriptor.name()).unwrap()
}
