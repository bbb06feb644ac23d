//! Reading a decimal.

/// The value of `text` without its point, brought to `scale`; `None` when it is not a decimal, or
/// does not fit `precision` digits exactly.
///
/// ```
/// assert_eq!(zb_convert::parse_decimal("1.5", 10, 2), Some(150));
/// assert_eq!(zb_convert::parse_decimal("1.555", 10, 2), None);
/// ```
pub fn parse_decimal(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let scale = i32::from(scale);
    let mut value: i128 = 0;
    let mut fraction: Option<i32> = None;
    let mut seen = false;
    for byte in digits.bytes() {
        match byte {
            b'.' if fraction.is_none() => fraction = Some(0),
            b'0'..=b'9' => {
                seen = true;
                let digit = i128::from(byte - b'0');
                if let Some(places) = &mut fraction {
                    if *places == scale {
                        // Beyond the scale only zeros lose nothing.
                        if digit != 0 {
                            return None;
                        }
                        continue;
                    }
                    *places += 1;
                }
                value = value.checked_mul(10)?.checked_add(digit)?;
            }
            _ => return None,
        }
    }
    if !seen {
        return None;
    }
    let missing = scale - fraction.unwrap_or(0);
    let value = value.checked_mul(10_i128.checked_pow(u32::try_from(missing).ok()?)?)?;
    let limit = 10_i128.checked_pow(precision.into())?;
    (value < limit).then_some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::parse_decimal;

    #[test]
    fn plain_notation_is_read_exactly() {
        assert_eq!(parse_decimal("123.45", 10, 2), Some(12_345));
        assert_eq!(parse_decimal("-0.05", 10, 2), Some(-5));
        assert_eq!(parse_decimal("7", 10, 2), Some(700));
        assert_eq!(parse_decimal("+7.", 10, 2), Some(700));
        assert_eq!(parse_decimal(".5", 10, 2), Some(50));
        assert_eq!(parse_decimal("1.5000", 10, 2), Some(150));
        let widest = "9".repeat(38);
        assert_eq!(parse_decimal(&widest, 38, 0), Some(10_i128.pow(38) - 1));
    }

    #[test]
    fn what_would_lose_something_is_refused() {
        for text in [
            "", "-", ".", "1.234", "1e3", "1,5", "0x1", " 1", "1.2.3", "100",
        ] {
            assert_eq!(parse_decimal(text, 4, 2), None, "{text}");
        }
        assert_eq!(parse_decimal(&"9".repeat(39), 38, 0), None);
        assert_eq!(parse_decimal(&"9".repeat(500), 38, 0), None);
    }
}
