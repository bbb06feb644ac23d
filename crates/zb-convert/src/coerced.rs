//! Values whose column in the target has another type, written one by one.

use crate::{
    RowErrorKind as Kind,
    coercion::Coercion,
    decimal_text::{parse_decimal, rescale},
    field::{FieldPlan, put_bytes},
    row_error::Fault,
    source::Source,
    wire::put_varint,
};

impl FieldPlan {
    /// Writes a scalar in the form that the target takes, or says why it has none.
    pub(crate) fn write_coerced(
        &self,
        source: &Source<'_>,
        index: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        match self.column.coercion {
            Coercion::None => self.write_scalar(source, index, out),
            Coercion::Range(min, max) => {
                let value = whole(source, index).unwrap_or_default();
                match i64::try_from(value) {
                    Ok(fitting) if (min..=max).contains(&fitting) => {
                        put_varint(fitting as u64, out);
                        Ok(())
                    }
                    _ => Err(self.found(Kind::IntegerRange, value)),
                }
            }
            Coercion::Float => {
                let value = whole(source, index).unwrap_or_default();
                let float = value as f32;
                if float as i128 != value {
                    return Err(self.found(Kind::IntegerRange, value));
                }
                out.extend_from_slice(&float.to_le_bytes());
                Ok(())
            }
            Coercion::Double => {
                let double = match source {
                    Source::Float16(a) => a.value(index).to_f64(),
                    Source::Float32(a) => a.value(index).into(),
                    _ => {
                        let value = whole(source, index).unwrap_or_default();
                        let double = value as f64;
                        if double as i128 != value {
                            return Err(self.found(Kind::IntegerRange, value));
                        }
                        double
                    }
                };
                out.extend_from_slice(&double.to_le_bytes());
                Ok(())
            }
            Coercion::Decimal { precision, scale } => {
                let (digits, from) = unscaled(source, index);
                let text = rescale(&digits, from, precision, scale).map_err(|kind| {
                    self.found(kind, format_args!("{digits} with {from} places"))
                })?;
                put_bytes(text.as_bytes(), out);
                Ok(())
            }
            Coercion::DecimalText { precision, scale } => {
                let bytes = bytes(source, index);
                let decimal = std::str::from_utf8(bytes)
                    .ok()
                    .and_then(|text| parse_decimal(text, precision, scale as i8));
                if decimal.is_none() {
                    let text = String::from_utf8_lossy(bytes);
                    return Err(self.found(Kind::DecimalText, format_args!("{text:?}")));
                }
                put_bytes(bytes, out);
                Ok(())
            }
            Coercion::Text => {
                let bytes = bytes(source, index);
                if let Err(error) = std::str::from_utf8(bytes) {
                    return Err(self.found(Kind::Utf8, error));
                }
                put_bytes(bytes, out);
                Ok(())
            }
        }
    }
}

/// The whole number of a source that has such.
fn whole(source: &Source<'_>, index: usize) -> Option<i128> {
    Some(match source {
        Source::Int8(a) => a.value(index).into(),
        Source::Int16(a) => a.value(index).into(),
        Source::Int32(a) => a.value(index).into(),
        Source::Int64(a) => a.value(index).into(),
        Source::UInt8(a) => a.value(index).into(),
        Source::UInt16(a) => a.value(index).into(),
        Source::UInt32(a) => a.value(index).into(),
        Source::UInt64(a) => a.value(index).into(),
        _ => return None,
    })
}

/// The digits of a decimal or a whole number, and how many of them stand behind the point.
fn unscaled(source: &Source<'_>, index: usize) -> (String, i8) {
    match source {
        Source::Decimal32(a, _, scale) => (a.value(index).to_string(), *scale),
        Source::Decimal64(a, _, scale) => (a.value(index).to_string(), *scale),
        Source::Decimal128(a, _, scale) => (a.value(index).to_string(), *scale),
        Source::Decimal256(a, _, scale) => (a.value(index).to_string(), *scale),
        _ => (whole(source, index).unwrap_or_default().to_string(), 0),
    }
}

/// The bytes of a string or a binary.
fn bytes<'a>(source: &Source<'a>, index: usize) -> &'a [u8] {
    match source {
        Source::Utf8(a) => a.value(index).as_bytes(),
        Source::LargeUtf8(a) => a.value(index).as_bytes(),
        Source::Utf8View(a) => a.value(index).as_bytes(),
        Source::Binary(a) => a.value(index),
        Source::LargeBinary(a) => a.value(index),
        Source::BinaryView(a) => a.value(index),
        Source::FixedSizeBinary(a) | Source::Uuid(a) => a.value(index),
        _ => &[],
    }
}
