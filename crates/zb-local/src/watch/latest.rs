//! The last rows of a table, as text.
//!
//! As text, since a slice of a batch would keep all of the batch in memory.

use std::collections::VecDeque;

use arrow_array::{Array as _, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};

use super::text::shortened;

/// How many rows are kept.
pub(crate) const ROWS: usize = 20;

/// How many of their columns.
const COLUMNS: usize = 50;

/// How many characters of a value.
const CHARACTERS: usize = 120;

/// How many characters of a column's name.
const NAME: usize = 80;

/// The last rows, the newest last.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Latest {
    pub(crate) columns: Vec<Column>,
    /// Columns that are not kept.
    pub(crate) more_columns: usize,
    /// Values by column; none is null.
    pub(crate) rows: VecDeque<Vec<Option<String>>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// Whether its values are numbers, which people want to have below one another.
    pub(crate) numeric: bool,
}

impl Latest {
    /// The last rows of a commit.
    pub(super) fn of<'a>(batches: impl DoubleEndedIterator<Item = &'a RecordBatch>) -> Self {
        let mut newest_first = batches.rev().peekable();
        let Some(newest) = newest_first.peek() else {
            return Self::default();
        };
        let schema = newest.schema();
        let columns = schema.fields().iter().take(COLUMNS).map(|field| Column {
            name: shortened(field.name(), NAME),
            numeric: field.data_type().is_numeric(),
        });
        let mut latest = Self {
            columns: columns.collect(),
            more_columns: schema.fields().len().saturating_sub(COLUMNS),
            rows: VecDeque::new(),
        };
        for batch in newest_first {
            let room = ROWS - latest.rows.len();
            let from = batch.num_rows().saturating_sub(room);
            for row in (from..batch.num_rows()).rev() {
                latest.rows.push_front(vec![None; latest.columns.len()]);
                fill(&mut latest.rows[0], batch, row);
            }
            if latest.rows.len() >= ROWS {
                break;
            }
        }
        latest
    }

    /// Takes newer rows to these. Rows of other columns are forgotten.
    pub(super) fn follow(&mut self, newer: Self) {
        if self.columns != newer.columns {
            *self = newer;
            return;
        }
        let kept = ROWS.saturating_sub(newer.rows.len());
        self.rows.drain(..self.rows.len().saturating_sub(kept));
        self.rows.extend(newer.rows);
    }
}

fn fill(row: &mut [Option<String>], batch: &RecordBatch, number: usize) {
    for (cell, array) in row.iter_mut().zip(batch.columns()) {
        if array.is_valid(number) {
            let text = ArrayFormatter::try_new(array, &FormatOptions::new());
            // What Arrow cannot print is not worth failing for.
            *cell = Some(text.map_or_else(
                |_| "?".to_owned(),
                |text| shortened(&text.value(number), CHARACTERS),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    fn batch(ids: std::ops::Range<i64>) -> RecordBatch {
        let texts = ids
            .clone()
            .map(|id| (id % 2 == 0).then(|| "x".repeat(id as usize)));
        let texts: ArrayRef = Arc::new(texts.collect::<StringArray>());
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(ids));
        RecordBatch::try_from_iter_with_nullable([("id", ids, false), ("text", texts, true)])
            .unwrap()
    }

    fn of<const N: usize>(batches: &[RecordBatch; N]) -> Latest {
        Latest::of(batches.iter())
    }

    fn ids(latest: &Latest) -> Vec<i64> {
        let ids = latest.rows.iter().map(|row| row[0].as_deref().unwrap());
        ids.map(|id| id.parse().unwrap()).collect()
    }

    #[test]
    fn the_last_rows_of_all_batches_are_kept_in_order() {
        let latest = of(&[batch(0..100), batch(100..105), batch(105..106)]);
        assert_eq!(ids(&latest), (86..106).collect::<Vec<_>>());
        let text = latest.rows[18][1].as_deref().unwrap();
        assert_eq!((text.chars().count(), &latest.rows[19][1]), (104, &None));
        let numeric: Vec<bool> = latest.columns.iter().map(|column| column.numeric).collect();
        assert_eq!(numeric, [true, false]);
    }

    #[test]
    fn newer_rows_push_out_older_ones() {
        let mut latest = Latest::default();
        for ids in [0..3, 3..5, 5..22] {
            latest.follow(of(&[batch(ids)]));
        }
        assert_eq!(ids(&latest), (2..22).collect::<Vec<_>>());
        let other = batch(0..1).project(&[0]).unwrap();
        latest.follow(of(&[other]));
        assert_eq!(ids(&latest), [0]);
    }

    #[test]
    fn wide_rows_and_long_values_are_cut() {
        let wide: Vec<(String, ArrayRef)> = (0..60)
            .map(|number| {
                let text: ArrayRef = Arc::new(StringArray::from(vec!["ä".repeat(1_000)]));
                (format!("{number:0100}"), text)
            })
            .collect();
        let latest = of(&[RecordBatch::try_from_iter(wide).unwrap()]);
        assert_eq!((latest.columns.len(), latest.more_columns), (50, 10));
        assert_eq!(latest.columns[0].name.chars().count(), NAME + 1);
        let text = latest.rows[0][49].as_deref().unwrap();
        assert_eq!(text.chars().count(), CHARACTERS + 1);
    }
}
