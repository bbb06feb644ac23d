//! Writing a decimal: as it is, or with the places of another type.

use std::fmt::{self, Write as _};

use crate::RowErrorKind as Kind;

/// Text of at most 256 bytes on the stack; what would go beyond is left out, never a panic.
pub(crate) struct Digits {
    bytes: [u8; 256],
    len: usize,
}

impl Default for Digits {
    fn default() -> Self {
        Self {
            bytes: [0; 256],
            len: 0,
        }
    }
}

impl Digits {
    fn push(&mut self, more: &[u8]) {
        if let Some(room) = self.bytes.get_mut(self.len..self.len + more.len()) {
            room.copy_from_slice(more);
            self.len += more.len();
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// The sign and what follows it.
    fn split(&self) -> (bool, &[u8]) {
        match self.as_bytes() {
            [b'-', digits @ ..] => (true, digits),
            digits => (false, digits),
        }
    }
}

impl fmt::Write for Digits {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        self.push(s.as_bytes());
        Ok(())
    }
}

/// The text of a decimal whose value without its point is `unscaled`; `None` where that has more than
/// `precision` digits.
pub(crate) fn print_decimal(
    unscaled: impl fmt::Display,
    precision: u8,
    scale: i8,
) -> Option<Digits> {
    let mut digits = Digits::default();
    // Many times the room that any value takes: this never fails.
    let _ = write!(digits, "{unscaled}");
    let (negative, digits) = digits.split();
    if digits.len() > usize::from(precision) {
        return None;
    }
    let scale_len = usize::from(scale.unsigned_abs());
    let zero = digits == b"0";
    let mut text = Digits::default();
    if negative {
        text.push(b"-");
    }
    match scale {
        ..0 => {
            text.push(digits);
            if !zero {
                text.push(&[b'0'; u8::MAX as usize][..scale_len]);
            }
        }
        0 => text.push(digits),
        _ => {
            let whole = digits.len().saturating_sub(scale_len);
            text.push(if whole == 0 { b"0" } else { &digits[..whole] });
            text.push(b".");
            let fraction = &digits[whole..];
            text.push(&[b'0'; u8::MAX as usize][..scale_len - fraction.len()]);
            text.push(fraction);
        }
    }
    Some(text)
}

/// The text of `unscaled` with `from` places, as a decimal of `precision` digits and `scale`
/// places.
pub(crate) fn rescale(unscaled: &str, from: i8, precision: u8, scale: u8) -> Result<String, Kind> {
    let (sign, digits) = match unscaled.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", unscaled),
    };
    let more = i16::from(scale) - i16::from(from);
    let digits = if more >= 0 {
        format!("{digits}{}", "0".repeat(more.unsigned_abs().into()))
    } else {
        let fewer = usize::from(more.unsigned_abs());
        let digits = format!("{digits:0>width$}", width = fewer + 1);
        let (kept, lost) = digits.split_at(digits.len() - fewer);
        if lost.bytes().any(|digit| digit != b'0') {
            return Err(Kind::DecimalScale);
        }
        kept.to_owned()
    };
    let digits = digits.trim_start_matches('0');
    if digits.len() > precision.into() {
        return Err(Kind::DecimalRange);
    }
    let sign = if digits.is_empty() { "" } else { sign };
    let scale = usize::from(scale);
    let digits = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    Ok(match fraction {
        "" => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{fraction}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_rescaled_exactly_or_not_at_all() {
        assert_eq!(rescale("12345", 2, 10, 4).as_deref(), Ok("123.4500"));
        assert_eq!(rescale("-12300", 4, 5, 2).as_deref(), Ok("-1.23"));
        assert_eq!(rescale("5", 0, 3, 2).as_deref(), Ok("5.00"));
        assert_eq!(rescale("0", 3, 1, 1).as_deref(), Ok("0.0"));
        assert_eq!(rescale("-50", 3, 2, 2).as_deref(), Ok("-0.05"));
        assert_eq!(rescale("12", -2, 4, 0).as_deref(), Ok("1200"));
        assert_eq!(rescale("0", -2, 4, 0).as_deref(), Ok("0"));
        assert_eq!(rescale("5", 3, 9, 2), Err(Kind::DecimalScale));
        assert_eq!(rescale("10000", 0, 5, 1), Err(Kind::DecimalRange));
        let widest = "9".repeat(76);
        assert_eq!(rescale(&widest, 0, 38, 0), Err(Kind::DecimalRange));
        assert_eq!(rescale(&widest, -127, 38, 37), Err(Kind::DecimalRange));
        assert_eq!(rescale("1", 127, 38, 0), Err(Kind::DecimalScale));
    }
}
