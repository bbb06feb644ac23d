//! Cells of text gathered into an Arrow array.

use std::sync::Arc;

use arrow_array::{
    ArrayRef,
    builder::{
        BooleanBuilder, Date32Builder, Float64Builder, Int64Builder, StringBuilder,
        TimestampMicrosecondBuilder, TimestampNanosecondBuilder,
    },
};

use super::cell::{self, Kind};

/// A column that grows cell by cell.
#[derive(Debug)]
pub(super) enum Column {
    Boolean(BooleanBuilder),
    Integer(Int64Builder),
    Double(Float64Builder),
    Date(Date32Builder),
    Micros(TimestampMicrosecondBuilder, bool),
    Nanos(TimestampNanosecondBuilder, bool),
    Text(StringBuilder),
}

/// Evaluates one expression for the builder of whichever type.
macro_rules! each {
    ($column:expr, $builder:ident => $body:expr) => {
        match $column {
            Column::Boolean($builder) => $body,
            Column::Integer($builder) => $body,
            Column::Double($builder) => $body,
            Column::Date($builder) => $body,
            Column::Micros($builder, _) => $body,
            Column::Nanos($builder, _) => $body,
            Column::Text($builder) => $body,
        }
    };
}

impl Column {
    pub(super) fn new(kind: Kind) -> Self {
        match kind {
            Kind::Boolean => Self::Boolean(BooleanBuilder::new()),
            Kind::Integer | Kind::LargeInteger => Self::Integer(Int64Builder::new()),
            Kind::Double => Self::Double(Float64Builder::new()),
            Kind::Date => Self::Date(Date32Builder::new()),
            Kind::Stamp { nanos, zoned } => {
                let kind = kind.data_type();
                if nanos {
                    let builder = TimestampNanosecondBuilder::new().with_data_type(kind);
                    Self::Nanos(builder, zoned)
                } else {
                    let builder = TimestampMicrosecondBuilder::new().with_data_type(kind);
                    Self::Micros(builder, zoned)
                }
            }
            Kind::Text => Self::Text(StringBuilder::new()),
        }
    }

    /// Adds a cell. False, and nothing added, if the type does not hold it unchanged.
    pub(super) fn push(&mut self, text: &str) -> bool {
        let pushed = match self {
            Self::Boolean(builder) => cell::boolean(text).map(|value| builder.append_value(value)),
            Self::Integer(builder) => cell::integer(text).map(|value| builder.append_value(value)),
            Self::Double(builder) => cell::double(text).map(|value| builder.append_value(value)),
            Self::Date(builder) => cell::date(text).map(|value| builder.append_value(value)),
            Self::Micros(builder, zoned) => {
                micros(text, *zoned).map(|value| builder.append_value(value))
            }
            Self::Nanos(builder, zoned) => {
                nanos(text, *zoned).map(|value| builder.append_value(value))
            }
            Self::Text(builder) => {
                builder.append_value(text);
                Some(())
            }
        };
        pushed.is_some()
    }

    pub(super) fn push_null(&mut self) {
        each!(self, builder => builder.append_null());
    }

    pub(super) fn finish(&mut self) -> ArrayRef {
        each!(self, builder => Arc::new(builder.finish()))
    }
}

const DAY_IN_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// Among points in time without an offset, a date is its midnight.
fn midnight(text: &str, zoned: bool) -> Option<i64> {
    if zoned {
        return None;
    }
    cell::date(text).map(|days| i64::from(days) * DAY_IN_MICROS)
}

fn micros(text: &str, zoned: bool) -> Option<i64> {
    match cell::stamp(text) {
        Some(stamp) => {
            (stamp.zoned == zoned && !stamp.nanos).then(|| stamp.time.timestamp_micros())
        }
        None => midnight(text, zoned),
    }
}

fn nanos(text: &str, zoned: bool) -> Option<i64> {
    match cell::stamp(text) {
        Some(stamp) if stamp.zoned == zoned => stamp.time.timestamp_nanos_opt(),
        Some(_) => None,
        None => midnight(text, zoned)?.checked_mul(1000),
    }
}
