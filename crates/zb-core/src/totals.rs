//! What became of the rows of several batches.

use std::{collections::BTreeMap, time::Duration};

use zb_ingest::{Receipt, RowRanges};

/// The receipts of batches that belong together, added up in their order. Rows are counted through
/// all of them, from 0.
///
/// ```
/// use zb_core::Totals;
/// # use std::sync::Arc;
/// # use arrow_array::{ArrayRef, Int64Array, RecordBatch};
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let client = zb_core::Client::builder().dry_run()?;
/// # let table = "main.default.numbers".parse()?;
/// # let column: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
/// # let batches = vec![RecordBatch::try_from_iter([("n", column)])?; 2];
/// let mut totals = Totals::default();
/// for batch in batches {
///     totals.add(&client.send(&table, batch).await?);
/// }
/// // Nothing was to be sent in this dry run.
/// assert_eq!((totals.rows, totals.not_sent.count()), (6, 6));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Totals {
    /// How many rows there are.
    pub rows: usize,
    /// Those that are durable.
    pub durable: RowRanges,
    /// Those that never left.
    pub not_sent: RowRanges,
    /// Those that were sent and not acknowledged: they may be stored.
    pub unknown: RowRanges,
    /// Of the durable ones, those that may be stored twice.
    pub possibly_duplicated: RowRanges,
    /// How many were refused, by [`kind`](zb_ingest::Rejection::kind).
    pub rejections: BTreeMap<&'static str, usize>,
    /// How many bytes of records were handed to the transport, resends not.
    pub bytes: u64,
    /// How often rows were sent at most; 0 when there was no batch.
    pub attempts: u32,
    /// How many null lists and maps were sent as empty ones.
    pub null_lists: u64,
    /// How long handing in was held up because too much had gone wrong.
    pub slowed: Duration,
}

impl Totals {
    /// Adds the receipt of the next batch.
    pub fn add(&mut self, receipt: &Receipt) {
        let first = self.rows;
        for (all, of_batch) in [
            (&mut self.durable, receipt.durable()),
            (&mut self.not_sent, receipt.not_sent()),
            (&mut self.unknown, receipt.unknown()),
            (&mut self.possibly_duplicated, receipt.possibly_duplicated()),
        ] {
            all.extend(
                of_batch
                    .as_slice()
                    .iter()
                    .map(|rows| rows.start + first..rows.end + first),
            );
        }
        for (kind, count) in receipt.rejected_by_kind() {
            *self.rejections.entry(kind).or_default() += count;
        }
        self.rows += receipt.rows();
        self.bytes += receipt.bytes();
        self.attempts = self.attempts.max(receipt.attempts());
        self.null_lists += receipt.null_lists();
        self.slowed += receipt.slowed();
    }

    /// Adds rows of a batch that was not taken in.
    pub fn add_not_sent(&mut self, rows: usize) {
        let next = self.rows + rows;
        self.not_sent.extend(std::iter::once(self.rows..next));
        self.rows = next;
    }

    /// How many rows were refused.
    pub fn rejected(&self) -> usize {
        self.rejections.values().sum()
    }
}
