//! Messages of many rows at once: column after column over a block of rows, then row after row
//! out of what the columns left.
//!
//! What is short is put into the row's slot by a [kernel](crate::kernel). What is long, or a
//! message of its own, is a span: bytes elsewhere that belong between two pieces of the slot.
//! Pieces and spans, in the order of the fields, are the parts of a row; those of a struct stand
//! among those of the row that it is in. The items of lists are encoded the same way beforehand,
//! into a buffer of their own; a list is then one span over all its items.
//!
//! A row that is not plain is odd: a null where none may be, a value out of range, a null list
//! inside of something. Odd rows are not judged here. Whoever asked for the block writes them one
//! by one with [`FieldPlan::write`], which knows every rule and every error.

mod cells;
#[cfg(test)]
mod coerced_tests;
mod field;
mod items;
mod spans;
#[cfg(test)]
mod tests;
mod texts;

use crate::{
    field::FieldPlan,
    raw::{BLOCK, Part, Slots},
    source::Source,
};

use field::{Content, Field};
pub(crate) use items::reuse;
use spans::Ranges;

/// How many columns ahead memory is asked for.
const COLUMNS_AHEAD: usize = 4;

/// A message type bound to the columns of a batch.
pub(crate) struct Messages<'a> {
    /// How long the items of a block may become in one column. Rows beyond are odd: items that
    /// share their values can unfold to more than fits any memory.
    limit: usize,
    fields: Vec<Field<'a>>,
    slots: Slots,
    /// The fields that have spans in the present block.
    spanning: Vec<usize>,
    /// The piece of the slots behind the last span.
    rest: Box<Ranges>,
    /// How long the message of each row of the present block is.
    lengths: Box<[usize; BLOCK]>,
    /// For each list of the present block that has nulls, which rows they are in.
    null_lists: Vec<u64>,
    /// The memory of the parts when messages are encoded.
    memory: Vec<Part<'static>>,
}

/// What is worked out in advance, and how far.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    /// A dictionary of at most so many values is encoded in advance.
    pub(crate) rows: usize,
    /// How many bytes of a column a block may come to.
    pub(crate) bytes: usize,
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
            rest: Box::default(),
            lengths: Box::new([0; BLOCK]),
            null_lists: Vec::new(),
            memory: Vec::new(),
        }
    }

    /// Takes in a block of rows and gives the odd ones: `count` from `start` on, at most
    /// [`BLOCK`], of which only those matter whose bit in `among` is set. The others come to
    /// nothing.
    pub(crate) fn load(&mut self, start: usize, count: usize, among: u64) -> u64 {
        self.slots.clear();
        self.spanning.clear();
        self.null_lists.clear();
        let mut odd = 0;
        for i in 0..self.fields.len() {
            // Of many columns the processor does not foresee the next one.
            if let Some(ahead) = self.fields.get(i + COLUMNS_AHEAD) {
                ahead.source.ask_for(start, count);
            }
            let field = &mut self.fields[i];
            let loaded = field.load(start, count, among, self.limit, &mut self.slots);
            odd |= loaded.odd;
            if loaded.spans {
                self.spanning.push(i);
            }
            if loaded.null_lists != 0 {
                self.null_lists.push(loaded.null_lists);
            }
        }
        self.measure();
        odd
    }

    /// Takes in a block of rows inside of others; null lists are rare enough there to leave the
    /// counting to those who write odd rows.
    fn load_inside(&mut self, start: usize, count: usize, among: u64) -> u64 {
        let odd = self.load(start, count, among);
        self.null_lists.iter().fold(odd, |odd, lists| odd | lists)
    }

    /// Cuts the slots into pieces where spans belong, and adds up how long each row is.
    fn measure(&mut self) {
        let slots = &self.slots;
        for (length, &end) in self.lengths.iter_mut().zip(slots.ends()) {
            *length = end as usize;
        }
        let mut done = [0; BLOCK];
        for &i in &self.spanning {
            let Field { content, place, .. } = &mut self.fields[i];
            if let Some(place) = place {
                place.before.cut_from(slots, &done, &place.cut);
                done = place.cut;
            }
            if let Content::Struct(messages) = content {
                for (length, inside) in self.lengths.iter_mut().zip(messages.lengths()) {
                    *length += inside;
                }
            } else if let Some((_, spans, _)) = content.spans() {
                spans.add_to(&mut self.lengths);
            }
        }
        self.rest.cut_from(slots, &done, slots.ends());
    }

    /// How many null lists there are in the rows of the block whose bit is set.
    pub(crate) fn null_lists(&self, rows: u64) -> u64 {
        let count = |lists: &u64| u64::from((lists & rows).count_ones());
        self.null_lists.iter().map(count).sum()
    }

    /// How long the message of each row of the block is.
    pub(crate) fn lengths(&self) -> &[usize; BLOCK] {
        &self.lengths
    }

    /// Appends what the rows of the block are made of, in order.
    pub(crate) fn parts<'p>(&'p self, parts: &mut Vec<Part<'p>>) {
        let slots = self.slots.bytes();
        for &i in &self.spanning {
            let Field { content, place, .. } = &self.fields[i];
            if let Some(place) = place {
                place.before.part(slots, parts);
            }
            if let Content::Struct(messages) = content {
                messages.parts(parts);
            } else if let Some((bytes, spans, far)) = content.spans() {
                parts.push(spans.of(bytes, far));
            }
        }
        self.rest.part(slots, parts);
    }
}
