//! What became of the rows of one batch.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use arrow_array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow_schema::{ArrowError, DataType, Field, Schema};

use crate::{Error, Fates, Rejection, RowRanges};

/// The columns that [`Receipt::rejected_batch`] puts behind those of the batch.
pub mod reason_columns {
    /// The row's place in the batch, a `UInt64`.
    pub const ROW: &str = "_zb_error_row";
    /// The path of the column at fault; empty if it is the row as a whole.
    pub const COLUMN: &str = "_zb_error_column";
    /// What kind of rejection it is, one of a small set of words.
    pub const KIND: &str = "_zb_error_kind";
    /// The reason in full.
    pub const MESSAGE: &str = "_zb_error_message";
    /// All of them, in the order in which they stand.
    pub const ALL: [&str; 4] = [ROW, COLUMN, KIND, MESSAGE];
}

/// What became of the rows of one batch, each in exactly one of four ways:
/// [durable](Self::durable), [rejected](Self::rejected), [not sent](Self::not_sent) or
/// [unknown](Self::unknown).
#[derive(Debug, Clone)]
#[must_use = "a receipt says which rows are not durable"]
pub struct Receipt {
    pub(crate) batch: RecordBatch,
    pub(crate) durable: RowRanges,
    pub(crate) rejected: Vec<Rejection>,
    pub(crate) not_sent: RowRanges,
    pub(crate) unknown: RowRanges,
    pub(crate) possibly_duplicated: RowRanges,
    pub(crate) bytes: u64,
    pub(crate) attempts: u32,
    pub(crate) elapsed: Duration,
    pub(crate) null_lists: u64,
    pub(crate) slowed: Duration,
    pub(crate) batch_id: Option<Arc<str>>,
    pub(crate) quarantine_error: Option<String>,
    pub(crate) error: Option<Error>,
}

impl Receipt {
    /// How many rows the batch has.
    pub fn rows(&self) -> usize {
        self.batch.num_rows()
    }

    /// The rows that the service has acknowledged as durable.
    pub fn durable(&self) -> &RowRanges {
        &self.durable
    }

    /// The rows that were refused, in order, and why.
    pub fn rejected(&self) -> &[Rejection] {
        &self.rejected
    }

    /// How many rows were refused, by [`Rejection::kind`].
    pub fn rejected_by_kind(&self) -> BTreeMap<&'static str, usize> {
        Rejection::count_by_kind(&self.rejected)
    }

    /// How many rows met which fate.
    pub fn fates(&self) -> Fates {
        Fates {
            durable: self.durable.count(),
            rejected: self.rejected.len(),
            not_sent: self.not_sent.count(),
            unknown: self.unknown.count(),
            possibly_duplicated: self.possibly_duplicated.count(),
        }
    }

    /// The rows that never left: sending them again duplicates nothing.
    pub fn not_sent(&self) -> &RowRanges {
        &self.not_sent
    }

    /// The rows that were handed to the transport and not acknowledged: they may be stored.
    pub fn unknown(&self) -> &RowRanges {
        &self.unknown
    }

    /// Of the durable rows, those that were in flight when a connection was lost. The service
    /// promises at least once, so these may be stored twice.
    pub fn possibly_duplicated(&self) -> &RowRanges {
        &self.possibly_duplicated
    }

    /// How many bytes of records were handed to the transport, framing included, resends not.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How often the rows were sent at most: 1, and one more for each attempt to connect that was
    /// made while rows of the batch were in flight. Of attempts in a row only the last one sends.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The time from handing the batch in until its last row was settled.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// How many null lists and maps were sent as empty ones, since Protobuf has no null list.
    pub fn null_lists(&self) -> u64 {
        self.null_lists
    }

    /// How long handing the batch in was held up because too much had gone wrong of late; see
    /// [`SlowDown`](crate::SlowDown).
    pub fn slowed(&self) -> Duration {
        self.slowed
    }

    /// What stands in the column `_zb_batch` of these rows, when the sender
    /// [stamps](crate::SenderOptions::stamp_rows) them.
    pub fn batch_id(&self) -> Option<&str> {
        self.batch_id.as_deref()
    }

    /// Why the refused rows are not in [quarantine](crate::Quarantine), though there is one; they
    /// are in [`rejected_batch`](Self::rejected_batch) all the same.
    pub fn quarantine_error(&self) -> Option<&str> {
        self.quarantine_error.as_deref()
    }

    /// Why rows are unknown or not sent; `None` when there are none, or when none were to be sent.
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    /// Whether every row is durable.
    pub fn is_all_durable(&self) -> bool {
        self.durable.count() == self.rows()
    }

    /// The rows that were not refused, as they were handed in.
    ///
    /// # Errors
    ///
    /// When arrow cannot put them together, which only a column near the limits of its offsets
    /// brings about.
    pub fn accepted_batch(&self) -> Result<RecordBatch, ArrowError> {
        let mut accepted = RowRanges::new();
        let mut start = 0;
        for rejection in &self.rejected {
            accepted.insert(start..rejection.row());
            start = rejection.row() + 1;
        }
        accepted.insert(start..self.rows());
        take_rows(&self.batch, &accepted)
    }

    /// The rows that were refused, as they were handed in, with four columns more: `_zb_error_row`
    /// (its place in the batch), `_zb_error_column`, `_zb_error_kind` and `_zb_error_message`.
    ///
    /// # Errors
    ///
    /// As [`accepted_batch`](Self::accepted_batch).
    pub fn rejected_batch(&self) -> Result<RecordBatch, ArrowError> {
        self.rejected_batch_from(0)
    }

    /// As [`rejected_batch`](Self::rejected_batch), with the rows counted from `first`: the number of
    /// the batch's first row among all that were handed in.
    ///
    /// # Errors
    ///
    /// As [`accepted_batch`](Self::accepted_batch).
    pub fn rejected_batch_from(&self, first: u64) -> Result<RecordBatch, ArrowError> {
        let rows = self.rejected.iter().map(|r| r.row()..r.row() + 1).collect();
        let rows = take_rows(&self.batch, &rows)?;
        let text = |of: &dyn Fn(&Rejection) -> String| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(self.rejected.iter().map(of)))
        };
        let reasons: [(&str, DataType, ArrayRef); 4] = [
            (
                reason_columns::ROW,
                DataType::UInt64,
                Arc::new(UInt64Array::from_iter_values(
                    self.rejected.iter().map(|r| first + r.row() as u64),
                )),
            ),
            (
                reason_columns::COLUMN,
                DataType::Utf8,
                text(&|r| r.column().to_owned()),
            ),
            (
                reason_columns::KIND,
                DataType::Utf8,
                text(&|r| r.kind().to_owned()),
            ),
            (
                reason_columns::MESSAGE,
                DataType::Utf8,
                text(&Rejection::reason),
            ),
        ];
        let mut fields = rows.schema().fields().to_vec();
        let mut columns = rows.columns().to_vec();
        for (name, data_type, column) in reasons {
            fields.push(Arc::new(Field::new(name, data_type, false)));
            columns.push(column);
        }
        let metadata = rows.schema().metadata().clone();
        let schema = Schema::new_with_metadata(fields, metadata);
        RecordBatch::try_new(Arc::new(schema), columns)
    }
}

/// Some rows of a batch as a batch; nothing is copied when they are one range.
pub(crate) fn take_rows(batch: &RecordBatch, rows: &RowRanges) -> Result<RecordBatch, ArrowError> {
    match rows.as_slice() {
        [] => Ok(batch.slice(0, 0)),
        [one] => Ok(batch.slice(one.start, one.len())),
        many => {
            let slices: Vec<_> = many.iter().map(|r| batch.slice(r.start, r.len())).collect();
            arrow_select::concat::concat_batches(batch.schema_ref(), &slices)
        }
    }
}
