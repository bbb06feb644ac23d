//! Varints without a branch: seven bits a byte, spread out all at once.
/// The bit of each byte that says that another one follows, by length.
const MORE: [u64; 9] = {
    let mut masks = [0; 9];
    let mut len = 2;
    while len < 9 {
        masks[len] = masks[len - 1] << 8 | 0x80;
        len += 1;
    }
    masks
};

/// Puts the lowest 56 bits, seven by seven, into bytes.
#[inline]
fn spread(v: u64) -> u64 {
    let v = (v & 0x0fff_ffff) | (v & 0x00ff_ffff_f000_0000) << 4;
    let v = (v & 0x0000_3fff_0000_3fff) | (v & 0x0fff_c000_0fff_c000) << 2;
    (v & 0x007f_007f_007f_007f) | (v & 0x3f80_3f80_3f80_3f80) << 1
}

/// A varint of less than 2^56 and its length.
#[inline]
pub(crate) fn short(value: u64) -> (u64, usize) {
    let bytes = spread(value);
    let len = (71 - (bytes | 1).leading_zeros() as usize) / 8;
    (bytes | MORE[len.min(8)], len)
}

/// A varint of less than 2^14 and its length.
#[inline]
pub(crate) fn shorter(value: u64) -> (u32, usize) {
    let value = value as u32;
    let two = u32::from(value > 0x7f);
    let bytes = (value & 0x7f) | (value & 0x3f80) << 1 | two << 7;
    (bytes, 1 + two as usize)
}

/// Any varint and its length.
#[inline]
pub(crate) fn long(value: u64) -> (u128, usize) {
    let len = (70 - (value | 1).leading_zeros() as usize) / 7;
    let high = value >> 56;
    let high = (high & 0x7f) | (high & 0x80) << 1;
    // Nine bytes go on in the eighth, ten in the eighth and the ninth.
    let low = spread(value) | MORE[len.min(8)] | u64::from(len > 8) << 63;
    let high = high | u64::from(len > 9) << 7;
    (u128::from(low) | u128::from(high) << 64, len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::put_varint;

    #[test]
    fn every_length_is_as_the_loop_writes_it() {
        let powers = (0..64).map(|bit| 1_u64 << bit);
        let values = powers.flat_map(|p| [p - 1, p, p | 1, p | p >> 3, p | (p - 1)]);
        for value in values {
            let mut expected = Vec::new();
            put_varint(value, &mut expected);
            let (word, len) = long(value);
            assert_eq!(&word.to_le_bytes()[..len], expected, "{value}");
            if value < 1 << 56 {
                let (word, len) = short(value);
                assert_eq!(&word.to_le_bytes()[..len], expected, "{value}");
            }
            if value < 1 << 14 {
                let (word, len) = shorter(value);
                assert_eq!(&word.to_le_bytes()[..len], expected, "{value}");
            }
        }
    }
}
