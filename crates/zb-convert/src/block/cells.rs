//! Values that are short texts only once they are made: decimals, UUIDs, the texts of views.

use arrow_array::{ArrowPrimitiveType, GenericByteViewArray, PrimitiveArray, types::ByteViewType};

use arrow_buffer::i256;

use crate::{
    digits::{Notation, ROOM},
    kernel,
    raw::{BLOCK, Prefix, SLACK, Slots},
    source::Source,
    uuid,
};

use super::spans::Ranges;

/// The longest text of a view that is part of the view.
const INLINE: usize = 12;

/// A cell for the text of each row.
pub(super) struct Cells {
    /// Cells of `SLACK` bytes, and room behind the last.
    bytes: Box<[u8; (BLOCK + 2) * SLACK]>,
    lengths: [usize; BLOCK],
    /// The texts of views, where one of them is too long for a cell.
    pub(super) long: Vec<u8>,
    pub(super) spans: Ranges,
}

impl Cells {
    pub(super) fn new() -> Box<Self> {
        Box::new(Self {
            bytes: Box::new([0; (BLOCK + 2) * SLACK]),
            lengths: [0; BLOCK],
            long: Vec::new(),
            spans: Ranges::default(),
        })
    }

    /// Whether this is how the source's values are made into text.
    pub(super) fn cover(source: &Source<'_>) -> bool {
        match source {
            Source::Uuid(_) | Source::Utf8View(_) | Source::BinaryView(_) => true,
            Source::Decimal32(_, p, s)
            | Source::Decimal64(_, p, s)
            | Source::Decimal128(_, p, s)
            | Source::Decimal256(_, p, s) => Notation::new(*p, *s).is_some(),
            _ => false,
        }
    }

    /// Gives the odd rows, and whether the texts are not in the slots.
    pub(super) fn load(
        &mut self,
        source: &Source<'_>,
        prefix: Prefix,
        valid: u64,
        start: usize,
        count: usize,
        slots: &mut Slots,
    ) -> (u64, bool) {
        let odd = match source {
            Source::Decimal32(a, p, s) => {
                self.decimals(a, *p, *s, valid, start, |v| Some(v.into()))
            }
            Source::Decimal64(a, p, s) => {
                self.decimals(a, *p, *s, valid, start, |v| Some(v.into()))
            }
            Source::Decimal128(a, p, s) => self.decimals(a, *p, *s, valid, start, Some),
            Source::Decimal256(a, p, s) => self.decimals(a, *p, *s, valid, start, i256::to_i128),
            Source::Uuid(a) => self.each(valid, |row, cell| {
                let text = uuid::text(a.value(start + row));
                cell[..text.len()].copy_from_slice(&text);
                Some(text.len())
            }),
            Source::Utf8View(a) => {
                if !short(a.views(), valid, start) {
                    return (0, self.long(a, prefix, valid, start, count, slots));
                }
                self.views(a, valid, start)
            }
            Source::BinaryView(a) => {
                if !short(a.views(), valid, start) {
                    return (0, self.long(a, prefix, valid, start, count, slots));
                }
                self.views(a, valid, start)
            }
            // `cover` says so.
            _ => u64::MAX,
        };
        let lengths = self.lengths[..count].iter().enumerate();
        let texts = lengths.map(|(row, &length)| (row * SLACK, row * SLACK + length));
        slots.append_text(prefix, valid & !odd, &self.bytes[..], texts);
        (odd & valid, false)
    }

    /// Writes each value into its cell; gives the rows where there is no text of it.
    #[inline]
    fn each(
        &mut self,
        valid: u64,
        mut write: impl FnMut(usize, &mut [u8; ROOM]) -> Option<usize>,
    ) -> u64 {
        let (mut odd, mut rest) = (0, valid);
        while rest != 0 {
            let row = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            let cell = self.bytes[row * SLACK..].first_chunk_mut::<ROOM>();
            match cell.and_then(|cell| write(row, cell)) {
                Some(length) => self.lengths[row] = length,
                None => odd |= 1 << row,
            }
        }
        odd
    }

    fn decimals<T: ArrowPrimitiveType>(
        &mut self,
        array: &PrimitiveArray<T>,
        precision: u8,
        scale: i8,
        valid: u64,
        start: usize,
        wide: impl Fn(T::Native) -> Option<i128>,
    ) -> u64 {
        let values = &array.values()[start..];
        let Some(notation) = Notation::new(precision, scale) else {
            return u64::MAX;
        };
        self.each(valid, |row, cell| notation.write(wide(values[row])?, cell))
    }

    fn views<T: ByteViewType>(
        &mut self,
        array: &GenericByteViewArray<T>,
        valid: u64,
        start: usize,
    ) -> u64 {
        let views = &array.views()[start..];
        self.each(valid, |row, cell| {
            let view = views[row];
            let length = view as u32 as usize;
            if length <= INLINE {
                cell[..16].copy_from_slice(&(view >> 32).to_le_bytes());
            } else {
                let text: &[u8] = array.value(start + row).as_ref();
                cell[..length].copy_from_slice(text);
            }
            Some(length)
        })
    }

    /// Texts of which one at least is too long for a cell.
    fn long<T: ByteViewType>(
        &mut self,
        array: &GenericByteViewArray<T>,
        prefix: Prefix,
        valid: u64,
        start: usize,
        count: usize,
        slots: &mut Slots,
    ) -> bool {
        self.long.clear();
        self.spans.set(valid, |row| {
            let from = self.long.len();
            self.long
                .extend_from_slice(array.value(start + row).as_ref());
            from..self.long.len()
        });
        self.lengths = [0; BLOCK];
        self.spans.add_to(&mut self.lengths);
        kernel::append_lengths(prefix, valid, &self.lengths[..count], slots);
        true
    }
}

/// Whether all of the texts that are there fit a cell.
fn short(views: &[u128], valid: u64, start: usize) -> bool {
    let views = views[start..].iter().take(BLOCK).enumerate();
    let lengths = views.map(|(row, &view)| view as u32 * (valid >> row & 1) as u32);
    lengths.fold(0, |all, length| all | length) < SLACK as u32
}
