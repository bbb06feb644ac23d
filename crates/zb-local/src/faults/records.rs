//! Faults that look at records.

use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use zb_types::TableName;

use super::{
    action::Action,
    engine::{Faults, Verdict, Watched},
    fault::Place,
};

/// A fault that is about a record, and how its column reads in one batch.
struct Looking<'a> {
    watched: &'a Watched,
    column: Option<Column<'a>>,
}

struct Column<'a> {
    array: &'a dyn arrow_array::Array,
    text: ArrayFormatter<'a>,
    wanted: &'a str,
}

impl Faults {
    /// Whether somebody wants to look at the records of this table.
    pub(crate) fn look_at_records(&self, table: &TableName) -> bool {
        self.engine().is_some_and(|engine| {
            engine
                .watched
                .iter()
                .any(|watched| is_about(watched, table))
        })
    }

    /// How long the records take, and the first one that ends the stream, with how it does.
    /// `sizes` are the encoded bytes of the rows.
    pub(crate) fn judge_records(
        &self,
        table: &TableName,
        rows: &RecordBatch,
        sizes: &[usize],
    ) -> (Duration, Option<(usize, Action)>) {
        let mut delay = Duration::ZERO;
        let Some(engine) = self.engine() else {
            return (delay, None);
        };
        let looking: Vec<Looking<'_>> = engine
            .watched
            .iter()
            .filter(|watched| is_about(watched, table))
            .filter_map(|watched| Looking::at(watched, rows))
            .collect();
        for (row, size) in (0..rows.num_rows()).zip(sizes) {
            let mut verdict = Verdict::default();
            for looking in &looking {
                if looking.fits(row, *size) {
                    engine.consider(looking.watched, &mut verdict);
                }
            }
            delay = delay.saturating_add(verdict.delay);
            if let Some(action) = self.unless_freezing(verdict.action) {
                return (delay, Some((row, action)));
            }
        }
        (delay, None)
    }
}

fn is_about(watched: &Watched, table: &TableName) -> bool {
    watched.is_at(Place::Record, Some(table))
}

impl<'a> Looking<'a> {
    /// Nothing, where the batch does not have the column.
    fn at(watched: &'a Watched, rows: &'a RecordBatch) -> Option<Self> {
        let column = match &watched.fault.record.column {
            None => None,
            Some((name, wanted)) => {
                let array = rows.column_by_name(name)?;
                let text = ArrayFormatter::try_new(array, &FormatOptions::new()).ok()?;
                Some(Column {
                    array,
                    text,
                    wanted,
                })
            }
        };
        Some(Self { watched, column })
    }

    fn fits(&self, row: usize, size: usize) -> bool {
        let larger_than = self.watched.fault.record.larger_than;
        larger_than.is_none_or(|limit| size > limit)
            && self.column.as_ref().is_none_or(|column| column.is(row))
    }
}

impl Column<'_> {
    fn is(&self, row: usize) -> bool {
        !self.array.is_null(row)
            && self
                .text
                .value(row)
                .try_to_string()
                .is_ok_and(|text| text == self.wanted)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array, StringArray};

    use super::*;
    use crate::faults::{Fault, FaultScript};

    fn batch(ids: &[i64], names: &[Option<&str>]) -> RecordBatch {
        let ids: ArrayRef = Arc::new(Int64Array::from(ids.to_vec()));
        let names: ArrayRef = Arc::new(StringArray::from(names.to_vec()));
        RecordBatch::try_from_iter_with_nullable([("id", ids, true), ("name", names, true)])
            .unwrap()
    }

    fn first(faults: &Faults, rows: &RecordBatch) -> Option<usize> {
        let table = "a.b.c".parse().unwrap();
        let sizes: Vec<usize> = (0..rows.num_rows()).map(|row| row * 10).collect();
        let (_, found) = faults.judge_records(&table, rows, &sizes);
        found.map(|(row, _)| row)
    }

    fn faults(script: impl Into<FaultScript>) -> Faults {
        Faults::new(script.into(), Arc::default())
    }

    #[test]
    fn a_record_is_known_by_its_number_over_the_table() {
        let faults = faults(Fault::on_record().nth(5).refuse());
        let rows = batch(&[1, 2, 3], &[None, None, None]);
        let found = [(); 3].map(|()| first(&faults, &rows));
        assert_eq!(found, [None, Some(1), None]);
    }

    #[test]
    fn a_record_is_known_by_what_is_in_it() {
        let rows = batch(&[7, 8, 7], &[None, Some("null"), Some("x")]);
        let by = |column: &str, value: &str| {
            let faults = faults(Fault::on_record().column(column, value).refuse());
            // Each time that it comes.
            assert_eq!(first(&faults, &rows), first(&faults, &rows));
            first(&faults, &rows)
        };
        assert_eq!(by("id", "8"), Some(1));
        assert_eq!(by("id", "7"), Some(0));
        assert_eq!(by("name", "x"), Some(2));
        assert_eq!(by("name", ""), None);
        assert_eq!(by("other", "x"), None);
    }

    #[test]
    fn a_record_is_known_by_its_size() {
        let rows = batch(&[1, 2, 3], &[None, None, None]);
        let larger = |bytes| {
            first(
                &faults(Fault::on_record().larger_than(bytes).refuse()),
                &rows,
            )
        };
        assert_eq!(
            [larger(9), larger(10), larger(20)],
            [Some(1), Some(2), None]
        );
    }

    #[test]
    fn only_tables_that_are_meant_are_looked_at() {
        let (ours, theirs) = ("a.b.c".parse().unwrap(), "a.b.d".parse().unwrap());
        let script = faults(Fault::on_record().table(theirs).refuse());
        assert!(!script.look_at_records(&ours));
        assert!(faults(Fault::on_record().refuse()).look_at_records(&ours));
        assert!(!faults(Fault::on_ack().cut()).look_at_records(&ours));
    }
}
