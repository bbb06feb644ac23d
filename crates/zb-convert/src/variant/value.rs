//! The binary form of a variant: what a value is and where its parts are. Every length and offset
//! comes from bytes that nobody vouches for; what does not fit gives `None`.

/// The names that the objects of a variant use.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    count: usize,
    offsets: Integers<'a>,
    bytes: &'a [u8],
}

/// A value, one level deep.
pub(super) enum Value<'a> {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f32),
    Double(f64),
    /// Without its point, and how many digits stand behind it.
    Decimal(i128, u8),
    /// Days since 1970.
    Date(i32),
    /// Since 1970 in UTC, in so many parts of a second.
    Timestamp(i64, i64),
    /// By the clock on the wall, in so many parts of a second.
    LocalTimestamp(i64, i64),
    /// Microseconds since midnight.
    Time(i64),
    Binary(&'a [u8]),
    String(&'a str),
    Uuid(&'a [u8]),
    Object(Parts<'a>),
    Array(Parts<'a>),
}

/// The fields of an object or the items of an array.
pub(super) struct Parts<'a> {
    pub(super) count: usize,
    ids: Option<Integers<'a>>,
    offsets: Integers<'a>,
    bytes: &'a [u8],
}

/// Unsigned integers of one to four bytes.
#[derive(Clone, Copy)]
struct Integers<'a> {
    width: usize,
    bytes: &'a [u8],
}

impl<'a> Integers<'a> {
    /// `count` integers from the front of `rest`.
    fn take(rest: &mut &'a [u8], width: usize, count: usize) -> Option<Self> {
        let bytes = take(rest, width.checked_mul(count)?)?;
        Some(Self { width, bytes })
    }

    fn at(&self, index: usize) -> Option<usize> {
        let start = index.checked_mul(self.width)?;
        let bytes = self.bytes.get(start..start.checked_add(self.width)?)?;
        Some(integer(bytes))
    }
}

impl<'a> Names<'a> {
    pub(super) fn read(metadata: &'a [u8]) -> Option<Self> {
        let mut rest = metadata;
        let header = take(&mut rest, 1)?[0];
        if header & 0x0f != 1 {
            return None;
        }
        let width = usize::from(header >> 6) + 1;
        let count = integer(take(&mut rest, width)?);
        let offsets = Integers::take(&mut rest, width, count.checked_add(1)?)?;
        Some(Self {
            count,
            offsets,
            bytes: rest,
        })
    }

    fn get(&self, id: usize) -> Option<&'a str> {
        if id >= self.count {
            return None;
        }
        let range = self.offsets.at(id)?..self.offsets.at(id + 1)?;
        std::str::from_utf8(self.bytes.get(range)?).ok()
    }
}

impl<'a> Value<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes;
        let header = take(&mut rest, 1)?[0];
        let kind = header >> 2;
        match header & 3 {
            0 => Self::primitive(kind, &mut rest),
            1 => text(take(&mut rest, kind.into())?),
            2 => Parts::read(rest, kind, kind >> 4 & 1, Some(kind >> 2 & 3)).map(Self::Object),
            _ => Parts::read(rest, kind, kind >> 2 & 1, None).map(Self::Array),
        }
    }

    fn primitive(kind: u8, rest: &mut &'a [u8]) -> Option<Self> {
        const MICROS: i64 = 1_000_000;
        const NANOS: i64 = 1_000_000_000;
        Some(match kind {
            0 => Self::Null,
            1 => Self::Boolean(true),
            2 => Self::Boolean(false),
            3 => Self::Integer(i8::from_le_bytes(array(rest)?).into()),
            4 => Self::Integer(i16::from_le_bytes(array(rest)?).into()),
            5 => Self::Integer(i32::from_le_bytes(array(rest)?).into()),
            6 => Self::Integer(i64::from_le_bytes(array(rest)?)),
            7 => Self::Double(f64::from_le_bytes(array(rest)?)),
            8..=10 => {
                let scale = take(rest, 1)?[0];
                let value = match kind {
                    8 => i32::from_le_bytes(array(rest)?).into(),
                    9 => i64::from_le_bytes(array(rest)?).into(),
                    _ => i128::from_le_bytes(array(rest)?),
                };
                if scale > 38 {
                    return None;
                }
                Self::Decimal(value, scale)
            }
            11 => Self::Date(i32::from_le_bytes(array(rest)?)),
            12 => Self::Timestamp(i64::from_le_bytes(array(rest)?), MICROS),
            13 => Self::LocalTimestamp(i64::from_le_bytes(array(rest)?), MICROS),
            14 => Self::Float(f32::from_le_bytes(array(rest)?)),
            15 => Self::Binary(counted(rest)?),
            16 => text(counted(rest)?)?,
            17 => Self::Time(i64::from_le_bytes(array(rest)?)),
            18 => Self::Timestamp(i64::from_le_bytes(array(rest)?), NANOS),
            19 => Self::LocalTimestamp(i64::from_le_bytes(array(rest)?), NANOS),
            20 => Self::Uuid(take(rest, 16)?),
            _ => return None,
        })
    }
}

impl<'a> Parts<'a> {
    /// `ids` is what the header says of the width of names, where there are names.
    fn read(bytes: &'a [u8], offsets: u8, large: u8, ids: Option<u8>) -> Option<Self> {
        let mut rest = bytes;
        let count = integer(take(&mut rest, if large == 0 { 1 } else { 4 })?);
        let ids = match ids {
            Some(width) => Some(Integers::take(&mut rest, usize::from(width) + 1, count)?),
            None => None,
        };
        let width = usize::from(offsets & 3) + 1;
        let offsets = Integers::take(&mut rest, width, count.checked_add(1)?)?;
        Some(Self {
            count,
            ids,
            offsets,
            bytes: rest,
        })
    }

    /// The name of a part; arrays have none.
    pub(super) fn name(&self, index: usize, names: &Names<'a>) -> Option<&'a str> {
        names.get(self.ids?.at(index)?)
    }

    pub(super) fn value(&self, index: usize) -> Option<Value<'a>> {
        let start = self.offsets.at(index)?;
        // The last offset is the end of all; the parts of an object may stand in any order.
        let bytes = self.bytes.get(start..self.offsets.at(self.count)?)?;
        Value::read(bytes)
    }
}

fn text(bytes: &[u8]) -> Option<Value<'_>> {
    std::str::from_utf8(bytes).ok().map(Value::String)
}

fn counted<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = integer(take(rest, 4)?);
    take(rest, len)
}

fn take<'a>(rest: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (head, tail) = rest.split_at_checked(len)?;
    *rest = tail;
    Some(head)
}

fn array<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    take(rest, N)?.try_into().ok()
}

fn integer(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .rev()
        .fold(0, |value, &byte| value << 8 | usize::from(byte))
}
