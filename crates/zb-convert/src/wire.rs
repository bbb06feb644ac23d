//! The wire format of Protobuf: tags, varints, and reading fields from bytes nobody vouches for.
//!
//! Facts from the "Encoding" page of the Protocol Buffers documentation.

use crate::RowErrorKind;

/// The most bytes that a varint of 64 bits has.
const MAX_VARINT: usize = 10;

/// How deep groups may nest before bytes are taken for an attack.
const MAX_GROUPS: usize = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WireType {
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    StartGroup = 3,
    EndGroup = 4,
    Fixed32 = 5,
}

/// The tag of a field, encoded once when the plan is made.
#[derive(Debug, Clone)]
pub(crate) struct Tag {
    bytes: [u8; 5],
    len: u8,
}

impl Tag {
    pub(crate) fn new(number: u32, wire_type: WireType) -> Self {
        let mut encoded = Vec::with_capacity(5);
        put_varint(u64::from(number << 3 | wire_type as u32), &mut encoded);
        let mut bytes = [0; 5];
        bytes[..encoded.len()].copy_from_slice(&encoded);
        Self {
            bytes,
            len: encoded.len() as u8,
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }
}

pub(crate) fn put_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// How many bytes a varint takes: one for each seven bits.
pub(crate) fn varint_len(value: u64) -> usize {
    (70 - (value | 1).leading_zeros() as usize) / 7
}

/// Begins a body whose length goes before it; gives back where, for [`end_delimited`].
#[must_use]
pub(crate) fn begin_delimited(out: &mut Vec<u8>) -> usize {
    out.push(0);
    out.len()
}

/// Ends the body that began at `start`.
pub(crate) fn end_delimited(out: &mut Vec<u8>, start: usize) {
    let len = out.len() - start;
    let wide = varint_len(len as u64);
    if wide > 1 {
        // Rare: a body of 128 bytes or more moves up to make room for its length.
        out.resize(out.len() + wide - 1, 0);
        out.copy_within(start..start + len, start + wide - 1);
    }
    let mut rest = len as u64;
    for byte in &mut out[start - 1..start - 1 + wide] {
        *byte = rest as u8 | 0x80;
        rest >>= 7;
    }
    out[start + wide - 2] &= 0x7f;
}

/// The value of a field as it stands on the wire.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Raw<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
    /// A group, skipped: proto2's old form of a nested message, which no descriptor here has.
    Group,
}

/// Reads fields from bytes. Every slice it gives out is a part of the bytes it was made with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next field's number and value; `None` at the end.
    pub(crate) fn field(&mut self) -> Result<Option<(u32, Raw<'a>)>, RowErrorKind> {
        if self.is_empty() {
            return Ok(None);
        }
        let (number, wire_type) = self.tag()?;
        let raw = match wire_type {
            WireType::Varint => Raw::Varint(self.varint()?),
            WireType::Fixed64 => Raw::Fixed64(self.fixed64()?),
            WireType::Bytes => Raw::Bytes(self.bytes()?),
            WireType::Fixed32 => Raw::Fixed32(self.fixed32()?),
            WireType::StartGroup => {
                self.skip_group(number)?;
                Raw::Group
            }
            WireType::EndGroup => return Err(RowErrorKind::Malformed),
        };
        Ok(Some((number, raw)))
    }

    fn tag(&mut self) -> Result<(u32, WireType), RowErrorKind> {
        let tag = u32::try_from(self.varint()?).map_err(|_| RowErrorKind::Malformed)?;
        let wire_type = match tag & 7 {
            0 => WireType::Varint,
            1 => WireType::Fixed64,
            2 => WireType::Bytes,
            3 => WireType::StartGroup,
            4 => WireType::EndGroup,
            5 => WireType::Fixed32,
            _ => return Err(RowErrorKind::Malformed),
        };
        match tag >> 3 {
            0 => Err(RowErrorKind::Malformed),
            number => Ok((number, wire_type)),
        }
    }

    pub(crate) fn varint(&mut self) -> Result<u64, RowErrorKind> {
        let mut value = 0;
        for (i, &byte) in self.rest.iter().take(MAX_VARINT).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * i);
            if byte < 0x80 {
                // The tenth byte carries one bit.
                if i == MAX_VARINT - 1 && byte > 1 {
                    return Err(RowErrorKind::Malformed);
                }
                self.rest = &self.rest[i + 1..];
                return Ok(value);
            }
        }
        Err(if self.rest.len() < MAX_VARINT {
            RowErrorKind::Truncated
        } else {
            RowErrorKind::Malformed
        })
    }

    pub(crate) fn fixed32(&mut self) -> Result<u32, RowErrorKind> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn fixed64(&mut self) -> Result<u64, RowErrorKind> {
        self.array().map(u64::from_le_bytes)
    }

    fn bytes(&mut self) -> Result<&'a [u8], RowErrorKind> {
        let len = usize::try_from(self.varint()?).map_err(|_| RowErrorKind::Truncated)?;
        let (head, rest) = self
            .rest
            .split_at_checked(len)
            .ok_or(RowErrorKind::Truncated)?;
        self.rest = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], RowErrorKind> {
        let (head, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(RowErrorKind::Truncated)?;
        self.rest = rest;
        Ok(*head)
    }

    fn skip_group(&mut self, number: u32) -> Result<(), RowErrorKind> {
        let mut open = vec![number];
        while let Some(&innermost) = open.last() {
            let (number, wire_type) = if self.is_empty() {
                return Err(RowErrorKind::Truncated);
            } else {
                self.tag()?
            };
            match wire_type {
                WireType::Varint => drop(self.varint()?),
                WireType::Fixed64 => drop(self.fixed64()?),
                WireType::Bytes => drop(self.bytes()?),
                WireType::Fixed32 => drop(self.fixed32()?),
                WireType::StartGroup if open.len() == MAX_GROUPS => {
                    return Err(RowErrorKind::Malformed);
                }
                WireType::StartGroup => open.push(number),
                WireType::EndGroup if number == innermost => drop(open.pop()),
                WireType::EndGroup => return Err(RowErrorKind::Malformed),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_come_back_and_have_the_length_foretold() {
        for value in [
            0,
            1,
            127,
            128,
            16_383,
            16_384,
            u64::from(u32::MAX),
            u64::MAX,
        ] {
            let mut out = Vec::new();
            put_varint(value, &mut out);
            assert_eq!(out.len(), varint_len(value), "{value}");
            assert_eq!(Reader::new(&out).varint(), Ok(value));
        }
    }

    #[test]
    fn a_length_is_written_before_a_body_of_any_size() {
        for len in [0, 1, 127, 128, 16_383, 16_384, 3_000_000] {
            let mut out = vec![9];
            let start = begin_delimited(&mut out);
            out.resize(out.len() + len, 7);
            end_delimited(&mut out, start);
            let mut reader = Reader::new(&out[1..]);
            assert_eq!(reader.bytes().unwrap(), vec![7; len]);
            assert!(reader.is_empty());
            assert_eq!(out.len(), 1 + varint_len(len as u64) + len, "shortest form");
        }
    }

    #[test]
    fn hostile_bytes_end_in_an_error() {
        let error = |bytes: &[u8]| {
            let mut reader = Reader::new(bytes);
            loop {
                match reader.field() {
                    Ok(Some(_)) => {}
                    Ok(None) => panic!("accepted"),
                    Err(kind) => return kind,
                }
            }
        };
        assert_eq!(error(&[0x08]), RowErrorKind::Truncated, "no value");
        assert_eq!(error(&[0x08, 0x80]), RowErrorKind::Truncated);
        assert_eq!(error(&[0x00, 0x00]), RowErrorKind::Malformed, "field 0");
        assert_eq!(error(&[0x0a, 0x05, 1]), RowErrorKind::Truncated);
        assert_eq!(
            error(&[0x0c]),
            RowErrorKind::Malformed,
            "stray end of group"
        );
        assert_eq!(error(&[0x0b; 200]), RowErrorKind::Malformed, "deep groups");
        assert_eq!(error(&[0x0b]), RowErrorKind::Truncated, "open group");
        assert_eq!(error(&[0xff; 11]), RowErrorKind::Malformed, "long varint");
        let huge = [
            0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,
        ];
        assert_eq!(error(&huge), RowErrorKind::Truncated, "length of 2^64 - 1");
    }
}
