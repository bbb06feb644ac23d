//! Cells of text: which type they look like, and which type holds them all unchanged.
//!
//! A type is inferred only if every cell survives it: `007` stays text, and so does a column of
//! fractions with a number in it that a double cannot hold.

use arrow_array::types::Date32Type;
use arrow_cast::parse::{Parser, string_to_datetime};
use arrow_schema::{DataType, TimeUnit};
use chrono::{DateTime, Utc};

/// Doubles hold every integer up to this one.
const MAX_EXACT: u64 = 1 << 53;

/// The types that text is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Boolean,
    Integer,
    /// An integer that a double cannot hold.
    LargeInteger,
    Double,
    Date,
    Stamp {
        /// Finer than a microsecond.
        nanos: bool,
        /// With an offset from UTC, or a `Z`.
        zoned: bool,
    },
    Text,
}

impl Kind {
    /// The narrowest one that holds `text`.
    pub(super) fn of(text: &str) -> Self {
        if boolean(text).is_some() {
            Self::Boolean
        } else if let Some(number) = integer(text) {
            if number.unsigned_abs() <= MAX_EXACT {
                Self::Integer
            } else {
                Self::LargeInteger
            }
        } else if double(text).is_some() {
            Self::Double
        } else if date(text).is_some() {
            Self::Date
        } else if let Some(stamp) = stamp(text) {
            Self::Stamp {
                nanos: stamp.nanos,
                zoned: stamp.zoned,
            }
        } else {
            Self::Text
        }
    }

    /// The narrowest one that holds what either holds.
    pub(super) fn with(self, other: Self) -> Self {
        use Kind::{Date, Double, Integer, LargeInteger, Stamp, Text};
        match (self, other) {
            (a, b) if a == b => a,
            (Integer, LargeInteger) | (LargeInteger, Integer) => LargeInteger,
            (Integer, Double) | (Double, Integer) => Double,
            (
                Date,
                Stamp {
                    nanos,
                    zoned: false,
                },
            )
            | (
                Stamp {
                    nanos,
                    zoned: false,
                },
                Date,
            ) => Stamp {
                nanos,
                zoned: false,
            },
            (
                Stamp { nanos: a, zoned },
                Stamp {
                    nanos: b,
                    zoned: also,
                },
            ) if zoned == also => Stamp {
                nanos: a || b,
                zoned,
            },
            _ => Text,
        }
    }

    /// The Arrow type that it is read into.
    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Integer | Self::LargeInteger => DataType::Int64,
            Self::Double => DataType::Float64,
            Self::Date => DataType::Date32,
            Self::Stamp { nanos, zoned } => {
                let unit = if nanos {
                    TimeUnit::Nanosecond
                } else {
                    TimeUnit::Microsecond
                };
                DataType::Timestamp(unit, zoned.then(|| "UTC".into()))
            }
            Self::Text => DataType::Utf8,
        }
    }
}

/// `true` or `false`, in any case.
pub(super) fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// Digits, perhaps after a minus. With a zero before them they are a code, not a number.
pub(super) fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    (is_digits(digits) && !is_padded(digits)).then(|| text.parse().ok())?
}

/// A number in decimal or scientific notation that a double holds as it is written, or one of the
/// names of what is none.
pub(super) fn double(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    match unsigned {
        "NaN" | "nan" | "inf" | "Inf" | "Infinity" => return text.parse().ok(),
        _ if is_padded(unsigned) => return None,
        _ => {}
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let is_empty_or_digits = |text: &str| text.is_empty() || is_digits(text);
    let is_number = is_empty_or_digits(whole)
        && fraction.is_none_or(is_empty_or_digits)
        && !(whole.is_empty() && fraction.is_none_or(str::is_empty))
        && exponent.is_none_or(|exponent| {
            is_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))
        });
    if !is_number {
        return None;
    }
    if fraction.is_none() && exponent.is_none() {
        let exact = whole.parse::<u64>().is_ok_and(|whole| whole <= MAX_EXACT);
        return exact.then(|| text.parse().ok())?;
    }
    let number: f64 = text.parse().ok()?;
    holds(number, whole, fraction.unwrap_or_default(), exponent).then_some(number)
}

/// Whether a double is the number in the text that was read as it: neither rounded nor too large
/// nor too small for one.
fn holds(number: f64, whole: &str, fraction: &str, exponent: Option<&str>) -> bool {
    // So few digits are never rounded, but for numbers close to zero.
    if number.is_normal() && whole.len() + fraction.len() <= f64::DIGITS as usize {
        return true;
    }
    let written = Decimal::of(whole, fraction, exponent);
    if written.is_zero() {
        return true;
    }
    let shortest = format!("{:e}", number.abs());
    let Some((mantissa, exponent)) = shortest.split_once('e') else {
        return false; // It is infinite.
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    Decimal::of(whole, fraction, Some(exponent)) == written
}

/// A number without its sign, in the one form that all ways to write it have in common.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    /// Without zeros at either end.
    digits: String,
    /// Of the first digit. `None` where it is beyond reason.
    exponent: Option<i64>,
}

impl Decimal {
    fn of(whole: &str, fraction: &str, exponent: Option<&str>) -> Self {
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_start_matches('0');
        let zeros = (digits.len() - significant.len()) as i64;
        let exponent = exponent.map_or(Ok(0), str::parse::<i64>).ok();
        let first = |exponent: i64| exponent.checked_add(whole.len() as i64 - zeros);
        Self {
            exponent: exponent.and_then(first),
            digits: significant.trim_end_matches('0').to_owned(),
        }
    }

    fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }
}

/// `2013-01-31`, as days since 1970.
pub(super) fn date(text: &str) -> Option<i32> {
    is_shaped(text, "dddd-dd-dd").then(|| Date32Type::parse(text))?
}

/// A point in time.
pub(super) struct Stamp {
    pub(super) time: DateTime<Utc>,
    pub(super) nanos: bool,
    pub(super) zoned: bool,
}

/// `2013-01-31T10:00:00`, or with a space; perhaps a fraction of a second, an offset or a `Z`.
pub(super) fn stamp(text: &str) -> Option<Stamp> {
    let (day, rest) = (text.get(..10)?, text.get(10..)?);
    if !is_shaped(day, "dddd-dd-dd") || !is_shaped(rest.get(..9)?, " dd:dd:dd") {
        return None;
    }
    let rest = rest.get(9..)?;
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) => {
            let end = rest.find(|c: char| !c.is_ascii_digit());
            rest.split_at(end.unwrap_or(rest.len()))
        }
        None => ("", rest),
    };
    let digits = fraction.trim_end_matches('0').len();
    let is_zone = matches!(zone, "" | "Z" | "z") || zone.trim_start().starts_with(['+', '-']);
    if digits > 9 || !is_zone {
        return None;
    }
    let time = string_to_datetime(&Utc, text).ok()?;
    let nanos = digits > 6;
    // Nanoseconds in 64 bits end in 2262.
    if nanos && time.timestamp_nanos_opt().is_none() {
        return None;
    }
    Some(Stamp {
        time,
        nanos,
        zoned: !zone.is_empty(),
    })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a zero comes before another digit.
fn is_padded(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next() == Some(b'0') && bytes.next().is_some_and(|byte| byte.is_ascii_digit())
}

/// Whether `text` has this shape: `d` is a digit, a space is a space or a `T`.
fn is_shaped(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text
            .bytes()
            .zip(shape.bytes())
            .all(|(byte, want)| match want {
                b'd' => byte.is_ascii_digit(),
                b' ' => matches!(byte, b' ' | b'T' | b't'),
                _ => byte == want,
            })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP: Kind = Kind::Stamp {
        nanos: false,
        zoned: false,
    };
    const ZONED: Kind = Kind::Stamp {
        nanos: false,
        zoned: true,
    };

    #[test]
    fn a_cell_is_the_narrowest_type_that_keeps_it() {
        let cases = [
            ("true", Kind::Boolean),
            ("FALSE", Kind::Boolean),
            ("0", Kind::Integer),
            ("-7", Kind::Integer),
            ("9007199254740992", Kind::Integer),
            ("9007199254740993", Kind::LargeInteger),
            ("-9223372036854775808", Kind::LargeInteger),
            ("9223372036854775808", Kind::Text),
            ("123456789012345678901234567890", Kind::Text),
            ("1.5", Kind::Double),
            ("-.5", Kind::Double),
            ("5.", Kind::Double),
            ("1e5", Kind::Double),
            ("1.5E-7", Kind::Double),
            ("NaN", Kind::Double),
            ("-Inf", Kind::Double),
            ("0.5", Kind::Double),
            ("1e999", Kind::Text),
            ("1e-999", Kind::Text),
            ("1e99999999999999999999", Kind::Text),
            ("1e-99999999999999999999", Kind::Text),
            ("0e999", Kind::Double),
            ("-0.000", Kind::Double),
            ("0.1", Kind::Double),
            ("0.10000000000000000000000", Kind::Double),
            ("0.10000000000000001", Kind::Text),
            ("0.30000000000000004", Kind::Double),
            ("-0.30000000000000004", Kind::Double),
            ("1.2345678901234567", Kind::Double),
            ("1.23456789012345678", Kind::Text),
            ("123456789012345.67", Kind::Double),
            ("1234567890123456.78", Kind::Text),
            ("9007199254740993.0", Kind::Text),
            ("100000000000000000000.0", Kind::Double),
            ("1.7976931348623157e308", Kind::Double),
            ("1.8e308", Kind::Text),
            ("2.2250738585072014E-308", Kind::Double),
            ("5e-324", Kind::Double),
            ("4.9e-324", Kind::Text),
            ("1e-324", Kind::Text),
            ("007", Kind::Text),
            ("01.5", Kind::Text),
            ("+5", Kind::Text),
            ("1 000", Kind::Text),
            ("1,5", Kind::Text),
            ("-", Kind::Text),
            (".", Kind::Text),
            ("e5", Kind::Text),
            ("infinity", Kind::Text),
            ("2013-01-31", Kind::Date),
            ("2013-02-31", Kind::Text),
            ("20130131", Kind::Integer),
            ("2013-01-31 10:00:00", STAMP),
            ("9999-12-31T23:59:59.999999", STAMP),
            ("2013-01-31 10:00:00Z", ZONED),
            ("2013-01-31T10:00:00.5+05:30", ZONED),
            ("2013-01-31T10:00:00.123456000", STAMP),
            (
                "2013-01-31T10:00:00.123456789",
                Kind::Stamp {
                    nanos: true,
                    zoned: false,
                },
            ),
            ("2013-01-31T10:00:00.1234567891", Kind::Text),
            ("2013-01-31 25:00:00", Kind::Text),
            ("2013-01-31 10:00:00 Europe/Berlin", Kind::Text),
            ("2013-01-31Z10:00:00", Kind::Text),
            ("ünïcödé!", Kind::Text),
            ("é2013-01-31", Kind::Text),
        ];
        for (text, kind) in cases {
            assert_eq!(Kind::of(text), kind, "{text}");
        }
    }

    #[test]
    fn a_column_is_the_narrowest_type_that_keeps_all() {
        let check = |texts: &[&str], kind: Kind| {
            let all = texts.iter().map(|text| Kind::of(text));
            assert_eq!(all.reduce(Kind::with), Some(kind), "{texts:?}");
            let reversed = texts.iter().rev().map(|text| Kind::of(text));
            assert_eq!(
                reversed.reduce(Kind::with),
                Some(kind),
                "{texts:?} reversed"
            );
        };
        check(&["1", "2"], Kind::Integer);
        check(&["1", "2.5"], Kind::Double);
        check(&["9007199254740993", "2.5"], Kind::Text);
        check(&["9007199254740993", "2"], Kind::LargeInteger);
        check(&["1", "true"], Kind::Text);
        check(&["1", "007"], Kind::Text);
        check(&["2013-01-31", "2013-01-31 10:00:00"], STAMP);
        check(&["2013-01-31", "2013-01-31 10:00:00Z"], Kind::Text);
        check(&["2013-01-31 10:00:00", "2013-01-31 10:00:00Z"], Kind::Text);
    }
}
