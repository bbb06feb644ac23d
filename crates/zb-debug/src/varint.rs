//! Varints, and the fields of a Protobuf message as they lie on the wire.

/// Appends a varint.
pub(crate) fn push(to: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        to.push((value as u8) | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

/// How long a varint is.
pub(crate) fn len(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

/// Reads a varint at the front, and takes it off; none if there is no whole one.
pub(crate) fn take(from: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = from.split_first()?;
        *from = rest;
        let bits = u64::from(byte & 0x7f);
        if shift == 63 && bits > 1 {
            return None;
        }
        value |= bits << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// One field of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    pub(crate) number: u64,
    /// What is in it, where it is of variable length.
    pub(crate) contents: Option<&'a [u8]>,
    /// All of it: tag, length and contents.
    pub(crate) whole: &'a [u8],
}

/// Takes the field at the front off a message; none if it is not a field. Groups are not fields:
/// nobody writes them any more.
pub(crate) fn take_field<'a>(from: &mut &'a [u8]) -> Option<Field<'a>> {
    let all = *from;
    let tag = take(from)?;
    let mut contents = None;
    match tag & 7 {
        0 => {
            take(from)?;
        }
        1 => *from = from.get(8..)?,
        2 => {
            let len = usize::try_from(take(from)?).ok()?;
            let (field, rest) = from.split_at_checked(len)?;
            contents = Some(field);
            *from = rest;
        }
        5 => *from = from.get(4..)?,
        _ => return None,
    }
    let whole = all.get(..all.len() - from.len())?;
    Some(Field {
        number: tag >> 3,
        contents,
        whole,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn varints_are_those_of_prost(value: u64, rest: Vec<u8>) {
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            push(&mut ours, value);
            prost::encoding::encode_varint(value, &mut theirs);
            prop_assert_eq!(&ours, &theirs);
            prop_assert_eq!(len(value), ours.len());
            ours.extend(&rest);
            let mut left = ours.as_slice();
            prop_assert_eq!(take(&mut left), Some(value));
            prop_assert_eq!(left, rest);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let mut left = bytes.as_slice();
            while !left.is_empty() {
                let before = left;
                let Some(field) = take_field(&mut left) else { break };
                prop_assert_eq!(field.whole, &before[..before.len() - left.len()]);
                prop_assert!(!field.whole.is_empty());
            }
        }
    }
}
