//! Sizes and times as people write them.

use std::time::Duration;

const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

/// A number of bytes: `1048576`, `1MiB`, `1 m`. Units are powers of 1024, and in any case: `m`, `mb` and
/// `MiB` are the same, as Spark has it.
///
/// The crates for this take `16m` for 16,000,000, where whoever moves an option over from Spark means
/// 16 MiB.
pub(super) fn bytes_of(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match text[digits.len()..].trim() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

/// A number of bytes with the largest unit that leaves a whole number.
pub(super) fn show_bytes(bytes: u64) -> String {
    let fits = |(_, unit): &&(&str, u64)| bytes > 0 && bytes.is_multiple_of(*unit);
    match UNITS.iter().find(fits) {
        Some((name, unit)) => format!("{} {name}", bytes / unit),
        None => bytes.to_string(),
    }
}

/// A time: a number of seconds, or numbers with units as `humantime` reads them.
pub(super) fn duration_of(text: &str) -> Option<Duration> {
    let text = text.trim();
    match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        Err(_) => humantime::parse_duration(text).ok(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_are_powers_of_1024() {
        for text in ["16777216", "16MiB", "16 MiB", "16m", "16MB", " 16384 KiB "] {
            assert_eq!(bytes_of(text), Some(16 << 20), "{text}");
        }
        for text in ["", "MiB", "1.5m", "-1", "1 TiB", "1m1", "99999999999g", "½"] {
            assert_eq!(bytes_of(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_seconds_unless_there_is_a_unit() {
        for (text, millis) in [
            ("30", 30_000),
            ("1.5", 1_500),
            ("500ms", 500),
            ("2m", 120_000),
            ("1h 30m", 5_400_000),
        ] {
            assert_eq!(
                duration_of(text),
                Some(Duration::from_millis(millis)),
                "{text}"
            );
        }
        for text in ["", "soon", "-1", "inf", "NaN", "3 apples"] {
            assert_eq!(duration_of(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_as_the_same(bytes: u64, millis in 1..u64::from(u32::MAX)) {
            prop_assert_eq!(bytes_of(&show_bytes(bytes)), Some(bytes));
            let time = Duration::from_millis(millis);
            let shown = humantime::format_duration(time).to_string();
            prop_assert_eq!(duration_of(&shown), Some(time));
        }
    }
}
