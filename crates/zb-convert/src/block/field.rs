//! One field of the messages of a block.

use crate::{
    coercion::Coercion,
    field::{FieldPlan, Inner, RowBuffer},
    kernel,
    raw::{BLOCK, Prefix, Slots},
    source::Source,
};

use super::{
    Bounds, Messages,
    cells::Cells,
    items::{Nested, Rows},
    spans::{Place, Ranges},
    texts::Texts,
};

pub(super) struct Field<'a> {
    plan: &'a FieldPlan,
    pub(super) source: &'a Source<'a>,
    pub(super) prefix: Prefix,
    /// Whether a null makes the row odd.
    pub(super) required: bool,
    pub(super) content: Content<'a>,
    /// Where its spans belong, if it can have some.
    pub(super) place: Option<Box<Place>>,
}

pub(super) enum Content<'a> {
    /// No such column in the batch.
    Absent,
    /// A kernel puts it into the slots.
    Scalar,
    /// Strings or binaries, straight from the column.
    Texts(Box<Texts<'a>>),
    /// Texts that are made of the values.
    Cells(Box<Cells>),
    /// Messages of the same rows: their parts stand among the others.
    Struct(Box<Messages<'a>>),
    List(Box<Nested<'a>>),
    /// The values of a dictionary or of runs, encoded once for all rows.
    Indexed(Rows, Box<Ranges>),
    /// The texts of a dictionary or of runs that has more values than the batch has rows.
    Picked(&'a Source<'a>, Box<Texts<'a>>),
    /// Written value by value.
    Other(Vec<u8>, Box<Ranges>),
}

impl Content<'_> {
    /// The bytes that go between the pieces of the slots, and whether they are a column's own,
    /// which nobody has touched yet.
    #[inline]
    pub(super) fn spans(&self) -> Option<(&[u8], &Ranges, bool)> {
        match self {
            Self::Texts(texts) | Self::Picked(_, texts) => Some((texts.data, &texts.spans, true)),
            Self::Cells(cells) => Some((&cells.long, &cells.spans, false)),
            Self::List(nested) => Some((&nested.rows.bytes, &nested.spans, false)),
            Self::Indexed(rows, spans) => Some((&rows.bytes, spans, false)),
            Self::Other(bytes, spans) => Some((bytes, spans, false)),
            Self::Absent | Self::Scalar | Self::Struct(_) => None,
        }
    }
}

/// What became of a field in a block of rows.
#[derive(Default)]
pub(super) struct Loaded {
    pub(super) odd: u64,
    /// Whether not all of it is in the slots.
    pub(super) spans: bool,
    /// The rows in which it is a list that is null.
    pub(super) null_lists: u64,
}

impl<'a> Field<'a> {
    pub(super) fn new(
        plan: &'a FieldPlan,
        source: &'a Source<'a>,
        required: bool,
        bounds: Bounds,
    ) -> Self {
        let content = Content::new(plan, source, bounds);
        let place = match content {
            Content::Absent | Content::Scalar => None,
            _ => Some(Box::default()),
        };
        Self {
            plan,
            source,
            prefix: Prefix::new(plan.tag.as_bytes()),
            required,
            content,
            place,
        }
    }

    /// What the field takes of a slot at most.
    pub(super) fn room(&self) -> usize {
        match self.content {
            Content::Scalar | Content::Struct(_) => Slots::WORD,
            Content::Texts(_) | Content::Picked(..) | Content::Cells(_) => Slots::TEXT,
            Content::Absent | Content::List(_) | Content::Indexed(..) | Content::Other(..) => 0,
        }
    }

    /// Takes in `count` rows from `start` on, those whose bit in `among` is set.
    pub(super) fn load(
        &mut self,
        start: usize,
        count: usize,
        among: u64,
        limit: usize,
        slots: &mut Slots,
    ) -> Loaded {
        let (plan, source, prefix) = (self.plan, self.source, self.prefix);
        let valid = match self.content {
            Content::Absent => 0,
            _ => kernel::valid(kernel::nulls(source), start, count) & among,
        };
        let missing = among & !valid;
        let mut odd = if self.required { missing } else { 0 };
        let null_lists = match plan.inner {
            Inner::List(_) | Inner::Map(_) => missing,
            Inner::Scalar | Inner::Message(_) => 0,
        };
        let spans = match &mut self.content {
            Content::Absent => false,
            Content::Scalar => {
                odd |= kernel::append(source, plan, prefix, valid, start, count, slots);
                false
            }
            Content::Texts(texts) => texts.load(source, prefix, valid, start, count, slots),
            Content::Cells(cells) => {
                let (odd_here, spans) = cells.load(source, prefix, valid, start, count, slots);
                odd |= odd_here;
                spans
            }
            Content::Struct(messages) => {
                odd |= messages.load_inside(start, count, valid);
                kernel::append_lengths(prefix, valid, &messages.lengths()[..count], slots);
                true
            }
            Content::List(nested) => {
                odd |= match nested.load(source, prefix, valid, start, count) {
                    Some(odd) => odd,
                    None => {
                        let (bytes, spans) = (&mut nested.rows.bytes, &mut nested.spans);
                        one_by_one(plan, source, false, valid, start, limit, bytes, spans)
                    }
                };
                true
            }
            Content::Picked(values, texts) => {
                let mut indices = [0; BLOCK];
                source.fill_indices(start, &mut indices[..count]);
                let mut there = valid;
                if let Some(nulls) = kernel::nulls(values) {
                    for (row, &index) in indices[..count].iter().enumerate() {
                        if valid >> row & 1 != 0 && nulls.is_null(index) {
                            there &= !(1 << row);
                        }
                    }
                }
                if self.required {
                    odd |= valid & !there;
                }
                texts.load_picked(values, prefix, there, &indices[..count], slots)
            }
            Content::Indexed(rows, spans) => {
                let mut indices = [0; BLOCK];
                source.fill_indices(start, &mut indices[..count]);
                let required = self.required;
                spans.set(valid, |row| {
                    let index = indices[row];
                    odd |= u64::from(rows.is_odd(index)) << row;
                    let range = rows.bounds[index]..rows.bounds[index + 1];
                    // A null among the values: no bytes, not even a tag.
                    odd |= u64::from(required && range.is_empty()) << row;
                    range
                });
                true
            }
            Content::Other(bytes, spans) => {
                odd |= one_by_one(
                    plan,
                    source,
                    self.required,
                    valid,
                    start,
                    limit,
                    bytes,
                    spans,
                );
                true
            }
        };
        if let Some(place) = &mut self.place
            && spans
        {
            place.cut = *slots.ends();
        }
        Loaded {
            odd,
            spans,
            null_lists,
        }
    }
}

/// The bytes of texts with offsets.
fn text_data<'a>(source: &Source<'a>) -> Option<&'a [u8]> {
    match source {
        Source::Utf8(a) => Some(a.value_data()),
        Source::LargeUtf8(a) => Some(a.value_data()),
        Source::Binary(a) => Some(a.value_data()),
        Source::LargeBinary(a) => Some(a.value_data()),
        _ => None,
    }
}

/// Writes a field value by value; gives the odd rows.
#[expect(clippy::too_many_arguments, reason = "what a field is made of")]
fn one_by_one(
    plan: &FieldPlan,
    source: &Source<'_>,
    required: bool,
    valid: u64,
    start: usize,
    limit: usize,
    bytes: &mut Vec<u8>,
    spans: &mut Ranges,
) -> u64 {
    let mut odd = 0;
    bytes.clear();
    spans.set(valid, |row| {
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
    odd
}

impl<'a> Content<'a> {
    fn new(plan: &'a FieldPlan, source: &'a Source<'a>, bounds: Bounds) -> Self {
        let coercion = plan.column.coercion;
        match (source, &plan.inner) {
            (Source::Absent, _) => Self::Absent,
            (Source::Dictionary(_, values, len) | Source::Runs(_, values, len), Inner::Scalar)
                if *len <= bounds.rows =>
            {
                let mut encoded = Rows::default();
                let value = Field::new(plan, values, false, bounds);
                Messages::of(vec![value], bounds).encode(0..*len, None, &mut encoded);
                Self::Indexed(encoded, Box::default())
            }
            (Source::Dictionary(_, values, _) | Source::Runs(_, values, _), Inner::Scalar)
                if coercion == Coercion::None
                    && let Some(data) = text_data(values) =>
            {
                Self::Picked(values, Texts::new(data))
            }
            _ if kernel::covers(source, coercion) => Self::Scalar,
            _ if coercion != Coercion::None => Self::Other(Vec::new(), Box::default()),
            (source, _) if let Some(data) = text_data(source) => Self::Texts(Texts::new(data)),
            (Source::FixedSizeBinary(a), _) => Self::Texts(Texts::new(a.value_data())),
            (Source::Struct(_, sources), Inner::Message(plans)) => {
                Self::Struct(Box::new(Messages::new(plans, sources, bounds)))
            }
            (Source::List(_, values), Inner::List(item)) => {
                Self::List(match (&**values, &item.inner) {
                    (Source::Struct(_, sources), Inner::Message(plans)) => {
                        Nested::new(Messages::new(plans, sources, bounds), true)
                    }
                    // Such an item is its tag and its value, and they are the whole message.
                    (values, _) => {
                        let item = Field::new(item, values, true, bounds);
                        Nested::new(Messages::of(vec![item], bounds), false)
                    }
                })
            }
            (Source::Map(_, sources), Inner::Map(plans)) => {
                let key = Field::new(&plans.0, &sources.0, true, bounds);
                let value = Field::new(&plans.1, &sources.1, true, bounds);
                Self::List(Nested::new(Messages::of(vec![key, value], bounds), true))
            }
            _ if Cells::cover(source) => Self::Cells(Cells::new()),
            _ => Self::Other(Vec::new(), Box::default()),
        }
    }
}
