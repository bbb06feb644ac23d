//! The way through a chunk: block after block, plain rows in runs, odd rows one by one.

use std::ops::Range;

use crate::{
    ChunkLimit, Encoder, RowError, RowErrorKind,
    block::{Bounds, Messages, reuse},
    encoded::Outcome,
    field::RowBuffer,
    kernel::ones,
    raw::{BLOCK, Part},
    row_error::Fault,
    source::Source,
    wire::varint_len,
};

/// Room that is made for rows before there is one.
const RESERVED_ROWS: usize = 1 << 16;

/// Where rows go.
pub(crate) trait Sink {
    /// There will be about so many rows.
    fn reserve(&mut self, rows: usize);

    /// Some rows of a block, which consist of `parts`, with the lengths of all of them.
    fn put_rows(&mut self, parts: &[Part<'_>], rows: Range<usize>, lengths: &[usize]);

    /// One row as it is.
    fn put_row(&mut self, row: &[u8]);
}

/// Rows that are plain and fit into the chunk.
struct Run {
    rows: Range<usize>,
    framed: usize,
    /// Whether the row behind them is plain and does not fit.
    full: bool,
}

impl Encoder {
    /// Encodes rows from `start` on until the limit is reached; gives the row to go on with.
    pub(crate) fn fill(
        &self,
        sources: &[Source<'_>],
        rows: Range<usize>,
        limit: ChunkLimit,
        outcome: &mut Outcome,
        mut sink: impl Sink,
    ) -> usize {
        let rows = rows.start..rows.end.min(rows.start.saturating_add(limit.rows.max(1)));
        sink.reserve(rows.len().min(RESERVED_ROWS));
        let bounds = Bounds {
            rows: rows.len(),
            bytes: self.options.max_record_bytes,
        };
        let mut messages = Messages::new(&self.fields, sources, bounds);
        let mut odd_row = Vec::new();
        let mut memory = Vec::new();
        let mut next = rows.start;
        while next < rows.end {
            let count = worth_reading(limit, outcome).min(rows.end - next);
            let odd = messages.load(next, count, ones(count));
            let lengths = &messages.lengths()[..count];
            let mut parts: Vec<Part<'_>> = reuse(memory);
            messages.parts(&mut parts);
            let (mut row, mut plain) = (0, 0);
            let done = loop {
                let run = self.run(odd, lengths, row, limit, outcome);
                if !run.rows.is_empty() {
                    sink.put_rows(&parts, run.rows.clone(), lengths);
                    outcome.accept(next + run.rows.start..next + run.rows.end, run.framed);
                    plain |= ones(run.rows.len()) << run.rows.start;
                }
                row = run.rows.end;
                if run.full || row == count {
                    break row;
                }
                odd_row.clear();
                let mut null_lists = 0;
                match self.write_row(sources, next + row, &mut odd_row, &mut null_lists) {
                    Ok(()) => {
                        let framed = framed(odd_row.len());
                        if !fits(framed, limit, outcome) {
                            break row;
                        }
                        sink.put_row(&odd_row);
                        outcome.accept(next + row..next + row + 1, framed);
                        outcome.null_lists += null_lists;
                    }
                    Err(fault) => outcome.refuse(RowError::new(next + row, fault)),
                }
                row += 1;
            };
            memory = reuse(parts);
            outcome.null_lists += messages.null_lists(plain);
            next += done;
            if done < count {
                break;
            }
        }
        next.min(rows.end)
    }

    /// The plain rows of a block from `row` on that fit into the chunk.
    fn run(
        &self,
        odd: u64,
        lengths: &[usize],
        row: usize,
        limit: ChunkLimit,
        outcome: &Outcome,
    ) -> Run {
        let most = self.options.max_record_bytes;
        let (mut end, mut sum) = (row, 0);
        let mut full = false;
        for (row, &length) in lengths.iter().enumerate().skip(row) {
            if odd >> row & 1 != 0 || length > most {
                break;
            }
            let framed = framed(length);
            let first = outcome.len == 0 && sum == 0;
            if !first && outcome.framed_len + sum + framed > limit.framed_bytes {
                full = true;
                break;
            }
            sum += framed;
            end = row + 1;
        }
        Run {
            rows: row..end,
            framed: sum,
            full,
        }
    }

    /// One row, value by value: slower, and with an answer to everything.
    pub(crate) fn write_row(
        &self,
        sources: &[Source<'_>],
        row: usize,
        out: &mut Vec<u8>,
        null_lists: &mut u64,
    ) -> Result<(), Fault> {
        let limit = self.options.max_record_bytes;
        let start = out.len();
        let mut buffer = RowBuffer {
            limit: start.saturating_add(limit),
            bytes: out,
            null_lists,
        };
        for (field, source) in self.fields.iter().zip(sources) {
            field.write(source, row, &mut buffer)?;
        }
        let record = out.len() - start;
        if record > limit {
            return Err(Fault::found(
                &self.empty_path,
                RowErrorKind::RecordTooLarge,
                format_args!("{record} bytes, limit {limit} bytes"),
            ));
        }
        Ok(())
    }
}

/// How many rows to read at a time: no more than are likely to fit, by what those before them took.
/// What does not fit would be read again for the next chunk.
fn worth_reading(limit: ChunkLimit, outcome: &Outcome) -> usize {
    let Some(average) = outcome.framed_len.checked_div(outcome.len) else {
        return BLOCK;
    };
    let left = limit.framed_bytes.saturating_sub(outcome.framed_len);
    (left / average.max(1)).saturating_add(1).min(BLOCK)
}

/// Whether a row of `framed` bytes fits into the chunk; the first one does in any case.
fn fits(framed: usize, limit: ChunkLimit, outcome: &Outcome) -> bool {
    outcome.len == 0 || outcome.framed_len + framed <= limit.framed_bytes
}

/// What a row of `len` bytes takes as a field of a message.
pub(crate) fn framed(len: usize) -> usize {
    1 + varint_len(len as u64) + len
}
