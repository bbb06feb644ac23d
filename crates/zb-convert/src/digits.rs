//! Decimals to text, eight digits at a time.

/// Room that is written to for one text, whatever its length.
pub(crate) const ROOM: usize = 128;

/// The digits of the largest decimal that a table holds.
const MOST: usize = 38;

/// Ten to the nineteenth: the largest power that fits 64 bits.
const LIMB: u64 = 10_u64.pow(19);

/// Where the last digit stands in the buffer: zeros before it and behind it.
const END: usize = 64;

/// What a decimal type is written with.
#[derive(Clone, Copy)]
pub(crate) struct Notation {
    /// What no value reaches.
    limit: u128,
    /// Digits behind the point.
    fraction: usize,
    /// Zeros behind the last digit, in place of a point.
    zeros: usize,
}

impl Notation {
    /// `None` for decimals that are wider than any table's.
    pub(crate) fn new(precision: u8, scale: i8) -> Option<Self> {
        let limit = 10_u128.checked_pow(precision.into())?;
        let fraction = usize::try_from(scale).unwrap_or(0);
        let zeros = usize::try_from(-i16::from(scale)).unwrap_or(0);
        let fits = usize::from(precision) + zeros <= MOST && fraction <= MOST;
        fits.then_some(Self {
            limit,
            fraction,
            zeros,
        })
    }

    /// Writes the value; gives the length of its text, or `None` for a value out of range.
    #[inline]
    pub(crate) fn write(self, value: i128, to: &mut [u8; ROOM]) -> Option<usize> {
        let (negative, value) = (value < 0, value.unsigned_abs());
        if value >= self.limit {
            return None;
        }
        let mut digits = [b'0'; ROOM];
        let len = put_digits(value, &mut digits);
        to[0] = b'-';
        let sign = usize::from(negative);
        // Copies of a fixed size, more than is needed: `len` and `fraction` are at most 38.
        if self.fraction > 0 {
            let len = len.max(self.fraction + 1);
            let whole = len - self.fraction;
            to[sign..sign + 48].copy_from_slice(&digits[END - len..END - len + 48]);
            let point = sign + whole;
            to[point] = b'.';
            let start = END - self.fraction;
            to[point + 1..point + 41].copy_from_slice(&digits[start..start + 40]);
            return Some(sign + len + 1);
        }
        to[sign..sign + 48].copy_from_slice(&digits[END - len..END - len + 48]);
        let zeros = if value == 0 { 0 } else { self.zeros };
        Some(sign + len + zeros)
    }
}

/// Puts the digits of a value below 10^38 before `END`; gives how many there are.
#[inline]
fn put_digits(value: u128, digits: &mut [u8; ROOM]) -> usize {
    if value < u128::from(LIMB) {
        let value = value as u64;
        put_limb(value, END, digits);
        return value.checked_ilog10().unwrap_or(0) as usize + 1;
    }
    let high = (value / u128::from(LIMB)) as u64;
    put_limb((value % u128::from(LIMB)) as u64, END, digits);
    put_limb(high, END - 19, digits);
    high.ilog10() as usize + 20
}

/// Puts a value below 10^19 before `end`, with zeros before it: 24 digits.
#[inline]
fn put_limb(value: u64, end: usize, digits: &mut [u8; ROOM]) {
    const EIGHT: u64 = 100_000_000;
    let rest = value / EIGHT;
    digits[end - 8..end].copy_from_slice(&eight(value % EIGHT));
    digits[end - 16..end - 8].copy_from_slice(&eight(rest % EIGHT));
    digits[end - 24..end - 16].copy_from_slice(&eight(rest / EIGHT));
}

/// The digits of a value below 10^8: halves, then halves of these, all at once.
#[inline]
fn eight(value: u64) -> [u8; 8] {
    let fours = (value / 10_000) | ((value % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let twos = hundreds | ((fours - hundreds * 100) << 16);
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    let ones = tens | ((twos - tens * 10) << 8);
    (ones | 0x3030_3030_3030_3030).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_those_of_the_standard_library() {
        let powers = (0..38).map(|e| 10_u128.pow(e));
        let values = powers.flat_map(|p| [p - 1, p, p + 1, p * 7 / 3, p * 10 - 1, p * 3]);
        for value in values {
            let mut digits = [b'0'; ROOM];
            let len = put_digits(value, &mut digits);
            let text = std::str::from_utf8(&digits[END - len..END]).unwrap();
            assert_eq!(text, value.to_string());
            assert!(digits[..END - len].iter().all(|&d| d == b'0'));
        }
    }

    #[test]
    fn the_point_stands_where_the_scale_says() {
        let text = |value, precision, scale| {
            let mut to = [b'x'; ROOM];
            let notation = Notation::new(precision, scale).unwrap();
            let len = notation.write(value, &mut to)?;
            Some(String::from_utf8(to[..len].to_vec()).unwrap())
        };
        assert_eq!(text(-5, 10, 2).unwrap(), "-0.05");
        assert_eq!(text(12_345, 10, 2).unwrap(), "123.45");
        assert_eq!(text(0, 10, 2).unwrap(), "0.00");
        assert_eq!(text(-7, 10, 0).unwrap(), "-7");
        assert_eq!(text(7, 2, -3).unwrap(), "7000");
        assert_eq!(text(0, 2, -3).unwrap(), "0");
        assert_eq!(text(100, 2, 0), None);
        assert_eq!(text(1, 3, 38).unwrap(), format!("0.{:038}", 1));
        let widest = 10_i128.pow(38) - 1;
        assert_eq!(text(-widest, 38, 0).unwrap(), format!("-{widest}"));
        assert_eq!(text(-widest, 38, 38).unwrap(), format!("-0.{widest}"));
        assert_eq!(text(i128::MIN, 38, 38), None);
        assert!(Notation::new(39, 0).is_none() && Notation::new(30, -9).is_none());
    }
}
