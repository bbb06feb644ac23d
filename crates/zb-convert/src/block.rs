//! Messages of many rows at once: column after column over a block of rows, then row after row
//! out of what the columns left.
//!
//! What is short is put into the row's slot by a [kernel]. What is long, or a message of its own,
//! is a span: bytes elsewhere that belong between two parts of the slot. Messages inside messages
//! are encoded the same way beforehand, into a buffer of their own, so that their lengths are
//! known; a list is then one span over all its items.
//!
//! A row that is not plain is odd: a null where none may be, a value out of range, a null list
//! inside of something. Odd rows are not judged here. Whoever asked for the block writes them one
//! by one with [`FieldPlan::write`], which knows every rule and every error.

use std::{mem, ops::Range};

use crate::{
    coercion::Coercion,
    field::{FieldPlan, Inner, RowBuffer},
    kernel::{self, ones, valid},
    raw::{BLOCK, Prefix, Slots, Tail, prefetch},
    source::Source,
    varint,
};

#[cfg(test)]
mod tests;

/// How many rows ahead a column's own bytes are asked for.
const AHEAD: usize = 4;

/// A message type bound to the columns of a batch.
pub(crate) struct Messages<'a> {
    /// How long the items of a block may become in one column. Rows beyond are odd: items that
    /// share their values can unfold to more than fits any memory.
    limit: usize,
    fields: Vec<Field<'a>>,
    slots: Slots,
    /// The fields that have spans in the present block.
    spanning: Vec<usize>,
    /// For each list of the present block that has nulls, which rows they are in.
    null_lists: Vec<u64>,
}

/// What is worked out in advance, and how far.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    /// A dictionary of at most so many values is encoded in advance.
    pub(crate) rows: usize,
    /// How many bytes of a column a block may come to.
    pub(crate) bytes: usize,
}

struct Field<'a> {
    plan: &'a FieldPlan,
    source: &'a Source<'a>,
    prefix: Prefix,
    /// Whether a null makes the row odd.
    required: bool,
    content: Content<'a>,
}

enum Content<'a> {
    /// No such column in the batch.
    Absent,
    /// A kernel puts it into the slots.
    Scalar,
    /// Strings or binaries, straight from the column.
    Text(&'a [u8], Box<Spans>),
    /// Messages of the same rows: their parts are put together with the rows.
    Struct(Box<Inside<'a>>),
    List(Box<Nested<'a>>),
    /// The values of the dictionary, encoded once for all rows.
    Dictionary(Rows, Box<Spans>),
    /// Written value by value.
    Other(Vec<u8>, Box<Spans>),
}

impl Content<'_> {
    /// The bytes that go between the parts of the slots, if that is where they go.
    #[inline]
    fn spans(&self) -> Option<(&[u8], &Spans)> {
        match self {
            Self::Text(bytes, spans) => Some((bytes, spans)),
            Self::List(nested) => Some((&nested.rows.bytes, &nested.spans)),
            Self::Dictionary(rows, spans) => Some((&rows.bytes, spans)),
            Self::Other(bytes, spans) => Some((bytes, spans)),
            Self::Absent | Self::Scalar | Self::Struct(_) => None,
        }
    }
}

struct Inside<'a> {
    messages: Messages<'a>,
    /// Which rows of the block are not null.
    valid: u64,
    cut: [u32; BLOCK],
}

struct Nested<'a> {
    /// Whether each message has tag and length before it in `rows`: one of many for a row.
    framed: bool,
    messages: Messages<'a>,
    rows: Rows,
    spans: Spans,
}

/// Where the bytes of each row are, and where in its slot they belong.
struct Spans {
    from: [usize; BLOCK],
    to: [usize; BLOCK],
    cut: [u32; BLOCK],
    /// Whether the bytes are a column's own, which nobody has touched yet.
    far: bool,
}

impl Default for Spans {
    fn default() -> Self {
        Self {
            from: [0; BLOCK],
            to: [0; BLOCK],
            cut: [0; BLOCK],
            far: false,
        }
    }
}

/// Encoded messages, one behind the other.
#[derive(Default)]
struct Rows {
    bytes: Vec<u8>,
    /// Where each starts, and the end of the last.
    bounds: Vec<usize>,
    /// A bit for each.
    odd: Vec<u64>,
    any_odd: bool,
}

impl Rows {
    fn is_odd(&self, row: usize) -> bool {
        self.any_odd && self.odd[row / BLOCK] >> (row % BLOCK) & 1 != 0
    }
}

impl<'a> Messages<'a> {
    /// Messages of the given fields.
    pub(crate) fn new(plans: &'a [FieldPlan], sources: &'a [Source<'a>], bounds: Bounds) -> Self {
        let fields = plans.iter().zip(sources);
        let fields = fields.map(|(plan, source)| {
            let required = !plan.column.nullable;
            Field::new(plan, source, required, bounds)
        });
        Self::of(fields.collect(), bounds)
    }

    fn of(fields: Vec<Field<'a>>, bounds: Bounds) -> Self {
        let room = fields.iter().map(Field::room).sum();
        Self {
            limit: bounds.bytes,
            fields,
            slots: Slots::new(room),
            spanning: Vec::new(),
            null_lists: Vec::new(),
        }
    }

    /// Takes in a block of rows and gives the odd ones. At most [`BLOCK`] of them.
    pub(crate) fn load(&mut self, start: usize, count: usize) -> u64 {
        self.slots.clear();
        self.spanning.clear();
        self.null_lists.clear();
        let mut odd = 0;
        for (i, field) in self.fields.iter_mut().enumerate() {
            let (odd_here, spans, null_lists) =
                field.load(start, count, self.limit, &mut self.slots);
            odd |= odd_here;
            if spans {
                self.spanning.push(i);
            }
            if null_lists != 0 {
                self.null_lists.push(null_lists);
            }
        }
        odd
    }

    /// Takes in a block of rows inside of others; null lists are rare enough there to leave the
    /// counting to those who write odd rows.
    fn load_inside(&mut self, start: usize, count: usize) -> u64 {
        let odd = self.load(start, count);
        self.null_lists.iter().fold(odd, |odd, lists| odd | lists)
    }

    /// How many null lists there are in the rows of the block whose bit is set.
    pub(crate) fn null_lists(&self, rows: u64) -> u64 {
        let count = |lists: &u64| u64::from((lists & rows).count_ones());
        self.null_lists.iter().map(count).sum()
    }

    /// Appends the message of one row of the block.
    #[inline]
    pub(crate) fn put(&self, row: usize, tail: &mut Tail) {
        if self.spanning.is_empty() {
            tail.put_slot(&self.slots, row, 0, self.slots.ends()[row]);
        } else {
            self.put_parts(row, tail);
        }
    }

    fn put_parts(&self, row: usize, tail: &mut Tail) {
        let mut done = 0;
        for &i in &self.spanning {
            let content = &self.fields[i].content;
            if let Content::Struct(inside) = content {
                let cut = inside.cut[row];
                tail.put_slot(&self.slots, row, done, cut);
                if inside.valid >> row & 1 != 0 {
                    inside.messages.put(row, tail);
                }
                done = cut;
            } else if let Some((bytes, spans)) = content.spans() {
                let cut = spans.cut[row];
                if spans.far && row + AHEAD < BLOCK {
                    let ahead = row + AHEAD;
                    prefetch(bytes, spans.from[ahead], spans.to[ahead]);
                }
                tail.put_slot(&self.slots, row, done, cut);
                tail.put_span(bytes, spans.from[row], spans.to[row]);
                done = cut;
            }
        }
        tail.put_slot(&self.slots, row, done, self.slots.ends()[row]);
    }

    /// The length of what [`put`](Self::put) appends.
    pub(crate) fn len(&self, row: usize) -> usize {
        let spans = self.spanning.iter().map(|&i| {
            let content = &self.fields[i].content;
            match content {
                Content::Struct(inside) if inside.valid >> row & 1 == 0 => 0,
                Content::Struct(inside) => inside.messages.len(row),
                _ => content
                    .spans()
                    .map_or(0, |(_, spans)| spans.to[row] - spans.from[row]),
            }
        });
        self.slots.ends()[row] as usize + spans.sum::<usize>()
    }

    /// Encodes a range of rows, each with tag and length before it if there is a `frame`.
    fn encode(&mut self, range: Range<usize>, frame: Option<Prefix>, rows: &mut Rows) {
        rows.bytes.clear();
        rows.bounds.clear();
        rows.bounds.push(0);
        rows.odd.clear();
        let mut any_odd = 0;
        let mut tail = Tail::new(mem::take(&mut rows.bytes));
        for start in range.clone().step_by(BLOCK) {
            let count = BLOCK.min(range.end - start);
            if let ([field], None) = (&mut self.fields[..], frame)
                && let Content::Text(data, spans) = &mut field.content
            {
                // Nothing but a text: no slot between it and the buffer.
                let valid = valid(kernel::nulls(field.source), start, count);
                let odd = if field.required {
                    !valid & ones(count)
                } else {
                    0
                };
                any_odd |= odd;
                rows.odd.push(odd);
                spans.find(field.source, start..start + count);
                for (row, (&from, &to)) in spans.from.iter().zip(&spans.to).take(count).enumerate()
                {
                    if valid >> row & 1 != 0 {
                        let (length, wide) = varint::short((to - from) as u64);
                        tail.put(field.prefix, length, wide);
                        tail.put_span(data, from, to);
                    }
                    rows.bounds.push(tail.len());
                }
                continue;
            }
            let mut odd = self.load_inside(start, count);
            for row in 0..count {
                if self.len(row) > self.limit.saturating_sub(tail.len()) {
                    odd |= 1 << row;
                    rows.bounds.push(tail.len());
                    continue;
                }
                if let Some(frame) = frame {
                    let (length, wide) = varint::short(self.len(row) as u64);
                    tail.put(frame, length, wide);
                }
                self.put(row, &mut tail);
                rows.bounds.push(tail.len());
            }
            any_odd |= odd;
            rows.odd.push(odd);
        }
        rows.bytes = tail.into_vec();
        rows.any_odd = any_odd != 0;
    }
}

impl<'a> Field<'a> {
    fn new(plan: &'a FieldPlan, source: &'a Source<'a>, required: bool, bounds: Bounds) -> Self {
        let nested = |messages, framed| {
            Box::new(Nested {
                framed,
                messages,
                rows: Rows::default(),
                spans: Spans::default(),
            })
        };
        let content = match (source, &plan.inner) {
            (Source::Absent, _) => Content::Absent,
            (Source::Dictionary(_, values, len), Inner::Scalar) if *len <= bounds.rows => {
                let mut encoded = Rows::default();
                let value = Self::new(plan, values, false, bounds);
                Messages::of(vec![value], bounds).encode(0..*len, None, &mut encoded);
                Content::Dictionary(encoded, Box::default())
            }
            _ if kernel::covers(source, plan.column.coercion) => Content::Scalar,
            _ if plan.column.coercion != Coercion::None => {
                Content::Other(Vec::new(), Box::default())
            }
            (Source::Utf8(a), _) => Content::Text(a.value_data(), Box::default()),
            (Source::LargeUtf8(a), _) => Content::Text(a.value_data(), Box::default()),
            (Source::Binary(a), _) => Content::Text(a.value_data(), Box::default()),
            (Source::LargeBinary(a), _) => Content::Text(a.value_data(), Box::default()),
            (Source::Struct(_, sources), Inner::Message(plans)) => {
                Content::Struct(Box::new(Inside {
                    messages: Messages::new(plans, sources, bounds),
                    valid: 0,
                    cut: [0; BLOCK],
                }))
            }
            (Source::List(lists, values), Inner::List(item)) if lists.offset(0).is_some() => {
                Content::List(match (&**values, &item.inner) {
                    (Source::Struct(_, sources), Inner::Message(plans)) => {
                        nested(Messages::new(plans, sources, bounds), true)
                    }
                    // Such an item is its tag and its value, and they are the whole message.
                    (values, _) => {
                        let item = Self::new(item, values, true, bounds);
                        nested(Messages::of(vec![item], bounds), false)
                    }
                })
            }
            (Source::Map(_, sources), Inner::Map(plans)) => {
                let key = Self::new(&plans.0, &sources.0, true, bounds);
                let value = Self::new(&plans.1, &sources.1, true, bounds);
                Content::List(nested(Messages::of(vec![key, value], bounds), true))
            }
            _ => Content::Other(Vec::new(), Box::default()),
        };
        Self {
            plan,
            source,
            prefix: Prefix::new(plan.tag.as_bytes()),
            required,
            content,
        }
    }

    /// What the field takes of a slot at most.
    fn room(&self) -> usize {
        match self.content {
            Content::Scalar | Content::Struct(_) => Slots::WORD,
            Content::Text(..) => Slots::TEXT,
            Content::Absent | Content::List(_) | Content::Dictionary(..) | Content::Other(..) => 0,
        }
    }

    /// Takes in a block of rows: the odd ones, whether the field has spans, and the null lists.
    fn load(
        &mut self,
        start: usize,
        count: usize,
        limit: usize,
        slots: &mut Slots,
    ) -> (u64, bool, u64) {
        let (plan, source, prefix) = (self.plan, self.source, self.prefix);
        let valid = match self.content {
            Content::Absent => 0,
            _ => valid(kernel::nulls(source), start, count),
        };
        let missing = !valid & ones(count);
        let mut odd = if self.required { missing } else { 0 };
        let mut null_lists = 0;
        let spans = match &mut self.content {
            Content::Absent => {
                if matches!(plan.inner, Inner::List(_) | Inner::Map(_)) {
                    null_lists = missing;
                }
                false
            }
            Content::Scalar => {
                odd |= kernel::append(source, plan, prefix, valid, start, count, slots);
                false
            }
            Content::Text(data, spans) => load_text(
                source,
                data,
                prefix,
                valid,
                start..start + count,
                spans,
                slots,
            ),
            Content::Struct(inside) => {
                let Inside { messages, .. } = &mut **inside;
                odd |= messages.load_inside(start, count) & valid;
                let lengths = (0..count).map(|row| messages.len(row));
                kernel::append_lengths(prefix, valid, lengths, slots);
                inside.valid = valid;
                inside.cut = *slots.ends();
                true
            }
            Content::List(nested) => {
                null_lists = missing;
                odd |= load_lists(source, prefix, valid, start..start + count, nested);
                nested.spans.cut = *slots.ends();
                true
            }
            Content::Dictionary(rows, spans) => {
                let Source::Dictionary(keys, ..) = source else {
                    return (u64::MAX, false, 0);
                };
                let required = self.required;
                spans.set(u64::MAX, count, slots, |row| {
                    let range = match keys(start + row) {
                        Some(key) => {
                            odd |= u64::from(rows.is_odd(key)) << row;
                            rows.bounds[key]..rows.bounds[key + 1]
                        }
                        None => 0..0,
                    };
                    // A null of the dictionary's keys or of its values: no bytes, not even a tag.
                    odd |= u64::from(required && range.is_empty()) << row;
                    range
                });
                true
            }
            Content::Other(bytes, spans) => {
                let required = self.required;
                bytes.clear();
                spans.set(u64::MAX, count, slots, |row| {
                    let from = bytes.len();
                    let mut lists = 0;
                    let mut out = RowBuffer {
                        bytes,
                        null_lists: &mut lists,
                        limit,
                    };
                    let written = plan.write(source, start + row, &mut out);
                    let nothing = required && bytes.len() == from;
                    odd |= u64::from(written.is_err() || lists > 0 || nothing) << row;
                    if written.is_err() {
                        bytes.truncate(from);
                    }
                    from..bytes.len()
                });
                true
            }
        };
        (odd, spans, null_lists)
    }
}

impl Spans {
    /// Sets what stands where for each row, nothing for those that are not valid, to go behind what
    /// the slots have now.
    fn set(
        &mut self,
        valid: u64,
        count: usize,
        slots: &Slots,
        mut of: impl FnMut(usize) -> Range<usize>,
    ) {
        self.cut = *slots.ends();
        for (row, (from, to)) in self
            .from
            .iter_mut()
            .zip(&mut self.to)
            .take(count)
            .enumerate()
        {
            let range = of(row);
            *from = range.start;
            *to = if valid >> row & 1 != 0 {
                range.end
            } else {
                range.start
            };
        }
    }

    /// Sets where the texts of a column stand; gives the length of the longest.
    fn find(&mut self, source: &Source<'_>, rows: Range<usize>) -> usize {
        let (from, to) = (&mut self.from, &mut self.to);
        let bounds = rows.start..rows.end + 1;
        match source {
            Source::Utf8(a) => kernel::offsets(&a.value_offsets()[bounds], from, to),
            Source::LargeUtf8(a) => kernel::offsets(&a.value_offsets()[bounds], from, to),
            Source::Binary(a) => kernel::offsets(&a.value_offsets()[bounds], from, to),
            Source::LargeBinary(a) => kernel::offsets(&a.value_offsets()[bounds], from, to),
            _ => 0,
        }
    }

    /// Takes the spans of rows that are not valid away.
    fn keep(&mut self, valid: u64) {
        if valid != u64::MAX {
            for (row, (from, to)) in self.from.iter().zip(&mut self.to).enumerate() {
                *to = if valid >> row & 1 != 0 { *to } else { *from };
            }
        }
    }
}

/// Short texts go into the slots; where one of them is long, all stay where they are.
fn load_text(
    source: &Source<'_>,
    data: &[u8],
    prefix: Prefix,
    valid: u64,
    rows: Range<usize>,
    spans: &mut Spans,
    slots: &mut Slots,
) -> bool {
    let count = rows.len();
    let longest = spans.find(source, rows);
    let (from, to) = (spans.from.iter(), spans.to.iter());
    let texts = from.copied().zip(to.copied()).take(count);
    if kernel::fits_slot(longest) {
        slots.append_text(prefix, valid, data, texts);
        return false;
    }
    let lengths = texts.map(|(from, to)| to - from);
    kernel::append_lengths(prefix, valid, lengths, slots);
    spans.keep(valid);
    spans.cut = *slots.ends();
    spans.far = true;
    for row in 0..AHEAD {
        prefetch(data, spans.from[row], spans.to[row]);
    }
    true
}

/// Encodes the items of the lists, or the entries of the maps; gives the odd rows.
fn load_lists(
    source: &Source<'_>,
    prefix: Prefix,
    valid: u64,
    rows: Range<usize>,
    nested: &mut Nested<'_>,
) -> u64 {
    let Nested {
        framed,
        messages,
        rows: encoded,
        spans,
    } = nested;
    let offset = |index: usize| match source {
        Source::List(lists, _) => lists.offset(index).unwrap_or(0),
        Source::Map(map, _) => map.value_offsets()[index] as usize,
        _ => 0,
    };
    let items = offset(rows.start)..offset(rows.end);
    messages.encode(items.clone(), framed.then_some(prefix), encoded);
    if let Source::List(_, values) = source
        && let Source::Struct(..) = **values // the nulls of other items are their field's business
        && let Some(nulls) = kernel::nulls(values)
    {
        for (odd, start) in encoded.odd.iter_mut().zip(items.clone().step_by(BLOCK)) {
            let count = BLOCK.min(items.end - start);
            *odd |= !kernel::valid(Some(nulls), start, count) & ones(count);
            encoded.any_odd |= *odd != 0;
        }
    }
    let mut odd = 0;
    let mut from = 0;
    for (row, index) in rows.enumerate() {
        let to = offset(index + 1) - items.start;
        spans.from[row] = encoded.bounds[from];
        spans.to[row] = encoded.bounds[to];
        if encoded.any_odd {
            odd |= u64::from((from..to).any(|item| encoded.is_odd(item))) << row;
        }
        from = to;
    }
    spans.keep(valid);
    odd & valid
}
