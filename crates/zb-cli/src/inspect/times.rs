//! The span of the times in a file.

use arrow_array::{RecordBatch, cast::AsArray as _, types::TimestampMicrosecondType};
use arrow_cast::cast;
use arrow_schema::{DataType, Schema, TimeUnit};
use chrono::{DateTime, SecondsFormat};
use serde::Serialize;

/// From the first to the last time of a column.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) column: String,
    pub(super) from: String,
    pub(super) to: String,
}

/// The columns that are times, as far as they were looked through.
pub(super) struct Times(Vec<Column>);

struct Column {
    at: usize,
    name: String,
    /// Microseconds since 1970.
    span: Option<(i64, i64)>,
}

impl Times {
    pub(super) fn new(schema: &Schema) -> Self {
        let fields = schema.fields().iter().enumerate();
        let times = fields.filter(|(_, field)| {
            matches!(
                field.data_type(),
                DataType::Timestamp(..) | DataType::Date32 | DataType::Date64
            )
        });
        Self(
            times
                .map(|(at, field)| Column {
                    at,
                    name: field.name().clone(),
                    span: None,
                })
                .collect(),
        )
    }

    pub(super) fn add(&mut self, batch: &RecordBatch) {
        let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
        for Column { at, span, .. } in &mut self.0 {
            let Some(column) = batch.columns().get(*at) else {
                continue;
            };
            // A time too far away for microseconds is left out.
            let Ok(column) = cast(column, &micros) else {
                continue;
            };
            for time in column
                .as_primitive::<TimestampMicrosecondType>()
                .iter()
                .flatten()
            {
                *span =
                    Some(span.map_or((time, time), |(from, to)| (from.min(time), to.max(time))));
            }
        }
    }

    pub(super) fn spans(self) -> Vec<Span> {
        let columns = self.0.into_iter();
        columns
            .filter_map(|column| {
                let (from, to) = column.span?;
                Some(Span {
                    column: column.name,
                    from: text(from)?,
                    to: text(to)?,
                })
            })
            .collect()
    }
}

fn text(micros: i64) -> Option<String> {
    let time = DateTime::from_timestamp_micros(micros)?;
    Some(time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}
