//! Messages, or values, that are encoded before the rows that they are in.

use std::{mem, ops::Range};

use crate::{
    kernel::{self, ones},
    raw::{BLOCK, Part, Prefix, SLACK, Tail},
    source::Source,
};

use super::{Messages, field::Content, spans::Ranges};

/// Encoded messages, one behind the other.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) bytes: Vec<u8>,
    /// Where each starts, and the end of the last.
    pub(super) bounds: Vec<usize>,
    /// A bit for each.
    odd: Vec<u64>,
    any_odd: bool,
}

impl Rows {
    pub(super) fn is_odd(&self, row: usize) -> bool {
        self.any_odd && self.odd[row / BLOCK] >> (row % BLOCK) & 1 != 0
    }
}

/// The items of lists, or the entries of maps.
pub(super) struct Nested<'a> {
    /// Whether each message has tag and length before it in `rows`: one of many for a row.
    framed: bool,
    messages: Messages<'a>,
    pub(super) rows: Rows,
    pub(super) spans: Ranges,
    offsets: [usize; BLOCK + 1],
}

impl<'a> Nested<'a> {
    pub(super) fn new(messages: Messages<'a>, framed: bool) -> Box<Self> {
        Box::new(Self {
            framed,
            messages,
            rows: Rows::default(),
            spans: Ranges::default(),
            offsets: [0; BLOCK + 1],
        })
    }

    /// Encodes all that is in `count` lists; gives the odd rows, or `None` for lists whose items do
    /// not stand one behind the other.
    pub(super) fn load(
        &mut self,
        source: &Source<'_>,
        prefix: Prefix,
        valid: u64,
        start: usize,
        count: usize,
    ) -> Option<u64> {
        if !kernel::list_offsets(source, start, count, &mut self.offsets) {
            return None;
        }
        let offsets = &self.offsets[..=count];
        let items = offsets[0]..offsets[count];
        let frame = self.framed.then_some(prefix);
        let rows = &mut self.rows;
        self.messages.encode(items.clone(), frame, rows);
        if let Source::List(_, values) = source
            && let Source::Struct(..) = **values // the nulls of other items are their field's business
            && let Some(nulls) = kernel::nulls(values)
        {
            for (odd, start) in rows.odd.iter_mut().zip(items.clone().step_by(BLOCK)) {
                let count = BLOCK.min(items.end - start);
                *odd |= !kernel::valid(Some(nulls), start, count) & ones(count);
                rows.any_odd |= *odd != 0;
            }
        }
        let mut odd = 0;
        if rows.any_odd {
            for (row, pair) in offsets.windows(2).enumerate() {
                let mut of_row = pair[0] - items.start..pair[1] - items.start;
                odd |= u64::from(of_row.any(|item| rows.is_odd(item))) << row;
            }
        }
        self.spans.set(valid, |row| {
            rows.bounds[offsets[row] - items.start]..rows.bounds[offsets[row + 1] - items.start]
        });
        Some(odd & valid)
    }
}

impl Messages<'_> {
    /// Encodes a range of rows, each with tag and length before it if there is a `frame`.
    pub(super) fn encode(&mut self, range: Range<usize>, frame: Option<Prefix>, rows: &mut Rows) {
        let Rows {
            bytes,
            bounds,
            odd: all_odd,
            any_odd,
        } = rows;
        bounds.clear();
        bounds.push(0);
        all_odd.clear();
        *any_odd = false;
        let mut tail = Tail::new(mem::take(bytes));
        let mut memory = mem::take(&mut self.memory);
        for start in range.clone().step_by(BLOCK) {
            let count = BLOCK.min(range.end - start);
            if let ([field], None) = (&mut self.fields[..], frame)
                && let Content::Texts(texts) = &mut field.content
            {
                // Nothing but a text: no slot between it and the buffer.
                let valid = kernel::valid(kernel::nulls(field.source), start, count);
                let odd = if field.required {
                    !valid & ones(count)
                } else {
                    0
                };
                *any_odd |= odd != 0;
                all_odd.push(odd);
                let data = texts.data;
                let offsets = texts.find(field.source, start, count);
                tail.put_texts(field.prefix, valid, data, offsets, bounds);
                continue;
            }
            let mut odd = self.load_inside(start, count, ones(count));
            let lengths = self.lengths();
            let all = lengths[..count]
                .iter()
                .fold(0, |sum: usize, &length| sum.saturating_add(length));
            let mut parts: Vec<Part<'_>> = reuse(memory);
            self.parts(&mut parts);
            let frame = frame.map(|prefix| (prefix, lengths));
            if all <= self.limit.saturating_sub(tail.len()) {
                tail.put_rows(&parts, 0..count, frame, bounds);
            } else {
                for (row, &length) in lengths[..count].iter().enumerate() {
                    if length > self.limit.saturating_sub(tail.len()) {
                        odd |= 1 << row;
                        bounds.push(tail.len());
                    } else {
                        tail.put_rows(&parts, row..row + 1, frame, bounds);
                    }
                }
            }
            memory = reuse(parts);
            *any_odd |= odd != 0;
            all_odd.push(odd);
        }
        self.memory = memory;
        // Room to read beyond the last of them.
        tail.extend(&[0; SLACK + 1]);
        *bytes = tail.into_vec();
    }
}

/// The memory of parts that are done with.
pub(crate) fn reuse<'a>(mut parts: Vec<Part<'_>>) -> Vec<Part<'a>> {
    parts.clear();
    // Nothing is left to be turned, and the memory is kept.
    parts
        .into_iter()
        .map(|part| Part {
            bytes: &[],
            from: &[0; BLOCK],
            to: &[0; BLOCK],
            far: part.far,
        })
        .collect()
}
