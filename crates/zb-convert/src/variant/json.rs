//! A variant as JSON, as the arrow project's `parquet-variant-json` writes it (the tests hold the
//! two against each other), but never deeper or longer than a record may be: bytes that refer to
//! one another can unfold to more than fits any memory or stack.

use std::{fmt, io::Write as _};

use base64::{display::Base64Display, engine::general_purpose::STANDARD};
use chrono::{DateTime, Duration, NaiveTime, SecondsFormat, Timelike as _};

use super::value::{Names, Parts, Value};
use crate::{MAX_DEPTH, RowErrorKind as Kind};

/// Appends the JSON of a variant to `out`, which may become `limit` bytes long; what is beyond, or
/// no variant, or nothing that JSON has words for, is an error with some of it written.
pub(crate) fn write_json(
    metadata: &[u8],
    value: &[u8],
    out: &mut Vec<u8>,
    limit: usize,
) -> Result<(), Kind> {
    let names = Names::read(metadata).ok_or(Kind::Variant)?;
    let value = Value::read(value).ok_or(Kind::Variant)?;
    Writer { names, out, limit }.value(&value, MAX_DEPTH)
}

struct Writer<'a, 'o> {
    names: Names<'a>,
    out: &'o mut Vec<u8>,
    limit: usize,
}

impl Writer<'_, '_> {
    fn value(&mut self, value: &Value<'_>, depth: usize) -> Result<(), Kind> {
        match value {
            Value::Null => self.plain("null"),
            Value::Boolean(v) => self.plain(v),
            Value::Integer(v) => self.plain(v),
            // JSON has no words for the others.
            Value::Float(v) if v.is_finite() => self.plain(v),
            Value::Double(v) if v.is_finite() => self.plain(v),
            Value::Float(_) | Value::Double(_) => return Err(Kind::Variant),
            Value::Decimal(v, scale) => self.decimal(*v, *scale),
            Value::Date(days) => {
                let date = DateTime::UNIX_EPOCH
                    .date_naive()
                    .checked_add_signed(Duration::days((*days).into()))
                    .ok_or(Kind::Variant)?;
                self.quoted(date.format("%Y-%m-%d"));
            }
            Value::Timestamp(v, parts) => {
                let at = instant(*v, *parts).ok_or(Kind::Variant)?;
                self.quoted(at.to_rfc3339_opts(SecondsFormat::AutoSi, false));
            }
            Value::LocalTimestamp(v, parts) => {
                let at = instant(*v, *parts).ok_or(Kind::Variant)?.naive_utc();
                if *parts == 1_000_000 {
                    self.quoted(at.format("%Y-%m-%dT%H:%M:%S%.6f"));
                } else {
                    self.quoted(at.format("%Y-%m-%dT%H:%M:%S%.9f"));
                }
            }
            Value::Time(micros) => self.time(*micros)?,
            Value::Binary(bytes) => self.base64(bytes)?,
            Value::String(text) => self.string(text)?,
            Value::Uuid(bytes) => self.quoted(String::from_utf8_lossy(&crate::uuid::text(bytes))),
            Value::Object(parts) => self.parts(parts, depth, [b'{', b'}'])?,
            Value::Array(parts) => self.parts(parts, depth, [b'[', b']'])?,
        }
        self.make_room(0)
    }

    fn parts(&mut self, parts: &Parts<'_>, depth: usize, ends: [u8; 2]) -> Result<(), Kind> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(Kind::Variant);
        };
        self.out.push(ends[0]);
        for index in 0..parts.count {
            if index > 0 {
                self.out.push(b',');
            }
            if ends[0] == b'{' {
                let name = parts.name(index, &self.names).ok_or(Kind::Variant)?;
                self.string(name)?;
                self.out.push(b':');
            }
            let value = parts.value(index).ok_or(Kind::Variant)?;
            self.value(&value, depth)?;
        }
        self.out.push(ends[1]);
        Ok(())
    }

    fn plain(&mut self, value: impl fmt::Display) {
        // A vector takes whatever is written.
        let _ = write!(self.out, "{value}");
    }

    fn quoted(&mut self, value: impl fmt::Display) {
        self.plain(format_args!("\"{value}\""));
    }

    /// Without zeros at the end, as a number of JSON.
    fn decimal(&mut self, value: i128, scale: u8) {
        // The reader has seen to a scale of at most 38.
        let divisor = 10_i128.pow(scale.into());
        let (whole, rest) = (value / divisor, (value % divisor).unsigned_abs());
        if rest == 0 {
            return self.plain(whole);
        }
        let sign = if value < 0 { "-" } else { "" };
        let digits = format!("{rest:0width$}", width = scale.into());
        let digits = digits.trim_end_matches('0');
        self.plain(format_args!("{sign}{}.{digits}", whole.unsigned_abs()));
    }

    fn time(&mut self, micros: i64) -> Result<(), Kind> {
        let seconds = u32::try_from(micros.div_euclid(1_000_000)).map_err(|_| Kind::Variant)?;
        let nanos = micros.rem_euclid(1_000_000) as u32 * 1_000;
        let time = NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanos);
        let time = time.ok_or(Kind::Variant)?;
        let fraction = format!("{:06}", time.nanosecond() / 1_000);
        let fraction = match fraction.trim_end_matches('0') {
            "" => "0",
            digits => digits,
        };
        self.quoted(format_args!("{}.{fraction}", time.format("%H:%M:%S")));
        Ok(())
    }

    fn string(&mut self, text: &str) -> Result<(), Kind> {
        self.make_room(text.len())?;
        serde_json::to_writer(&mut *self.out, text).map_err(|_| Kind::Variant)
    }

    fn base64(&mut self, bytes: &[u8]) -> Result<(), Kind> {
        self.make_room(bytes.len())?;
        self.quoted(Base64Display::new(bytes, &STANDARD));
        Ok(())
    }

    /// Before something long is written.
    fn make_room(&self, len: usize) -> Result<(), Kind> {
        if self.out.len().saturating_add(len) > self.limit {
            return Err(Kind::RecordTooLarge);
        }
        Ok(())
    }
}

fn instant(value: i64, parts: i64) -> Option<DateTime<chrono::Utc>> {
    let nanos = value.rem_euclid(parts) * (1_000_000_000 / parts);
    DateTime::from_timestamp(value.div_euclid(parts), nanos as u32)
}
