//! From gathered requests to record batches, with everything before the first bad request kept.
//!
//! A request is all or nothing, and a small one can be large when decoded. What is over the limit
//! is decoded twice: once to see that it is good, and once in parts, each of them on its way to a
//! commit before the next one is there.

use std::{ops::Range, sync::Arc};

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;
use bytes::Bytes;
use tokio::task::spawn_blocking;
use tonic::Status;
use zb_convert::{DecodeLimit, Decoded, Decoder};

use super::intake::Gathered;
use crate::limits::MAX_DECODED_BYTES;

const LIMIT: DecodeLimit = DecodeLimit {
    decoded_bytes: MAX_DECODED_BYTES,
    ..DecodeLimit::NONE
};

/// The rows of some requests, ready for their commits.
#[derive(Debug)]
pub(super) struct Parts {
    source: Arc<Source>,
    /// Decoded while the rows were checked.
    first: Option<RecordBatch>,
    /// The row to go on with.
    next: usize,
    /// Where the rows of the good requests end.
    end: usize,
    /// Why the stream must end after these rows.
    pub(super) refusal: Option<Status>,
}

/// Rows that are decoded together.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) batch: RecordBatch,
    /// The last request whose rows are all in this part or in one before; none if there is none
    /// yet.
    pub(super) last_offset: Option<i64>,
    /// What the rows weigh on the wire.
    pub(super) bytes: usize,
}

impl Part {
    /// All parts in one; none of no parts.
    pub(super) fn whole(parts: Vec<Self>) -> Result<Option<Self>, Status> {
        let Some(last_offset) = parts.last().map(|last| last.last_offset) else {
            return Ok(None);
        };
        let bytes = parts.iter().map(|part| part.bytes).sum();
        let batches: Vec<RecordBatch> = parts.into_iter().map(|part| part.batch).collect();
        let schema = batches[0].schema(); // there is a last one
        let batch = concat_batches(&schema, &batches)
            .map_err(|error| Status::internal(error.to_string()))?;
        Ok(Some(Self {
            batch,
            last_offset,
            bytes,
        }))
    }
}

#[derive(Debug)]
struct Source {
    decoder: Arc<Decoder>,
    gathered: Gathered,
}

impl Parts {
    /// Looks at every row, off the async threads: it is CPU work.
    pub(super) async fn check(decoder: Arc<Decoder>, gathered: Gathered) -> Result<Self, Status> {
        let source = Source { decoder, gathered };
        spawn_blocking(move || source.check())
            .await
            .map_err(|error| interrupted(&error))?
    }

    /// The next rows; `None` when there are no more. The first part may be without any: requests
    /// may be, too.
    pub(super) async fn next(&mut self) -> Result<Option<Part>, Status> {
        let batch = match self.first.take() {
            Some(batch) => batch,
            None if self.next < self.end => self.decode().await?,
            None => return Ok(None),
        };
        let start = self.next;
        self.next += batch.num_rows();
        let gathered = &self.source.gathered;
        Ok(Some(Part {
            batch,
            last_offset: gathered.good_before(self.next).last().map(|r| r.offset),
            bytes: gathered.rows[start..self.next].iter().map(Bytes::len).sum(),
        }))
    }

    async fn decode(&self) -> Result<RecordBatch, Status> {
        let (source, rows) = (Arc::clone(&self.source), self.next..self.end);
        let decoded = spawn_blocking(move || source.decode(rows))
            .await
            .map_err(|error| interrupted(&error))??;
        // They were read before.
        match decoded {
            Some(decoded) if decoded.errors.is_empty() => Ok(decoded.batch),
            _ => Err(Status::internal("rows could not be decoded again")),
        }
    }
}

impl Source {
    /// As many of these rows as are decoded at a time.
    fn decode(&self, rows: Range<usize>) -> Result<Option<Decoded>, Status> {
        let mut rows = self.gathered.rows[rows].iter().map(Bytes::as_ref);
        self.decoder
            .decode_chunk(&mut rows, LIMIT)
            .map_err(|error| Status::invalid_argument(error.to_string()))
    }

    fn check(self) -> Result<Parts, Status> {
        let count = self.gathered.rows.len();
        let mut first = None;
        let mut bad = None;
        let mut next = 0;
        while bad.is_none()
            && let Some(mut decoded) = self.decode(next..count)?
        {
            let rows = decoded.rows();
            bad = decoded.errors.drain(..).next().map(|mut error| {
                error.row += next;
                error
            });
            next += rows;
            first.get_or_insert(decoded.batch);
        }
        // Requests are all or nothing. No row before the bad one is missing from the batches, so
        // the rows of the requests before it are their first ones.
        let requests = &self.gathered.requests;
        let good = match &bad {
            Some(error) => self.gathered.good_before(error.row),
            None => requests,
        };
        let end = good.last().map_or(0, |request| request.end);
        let refusal = bad.map(|error| {
            Status::invalid_argument(format!(
                "Record {} of offset {} cannot be ingested: {error}",
                error.row - end,
                requests
                    .get(good.len())
                    .map_or(-1, |request| request.offset),
            ))
        });
        let first = (!good.is_empty()).then(|| match first {
            Some(batch) => batch.slice(0, batch.num_rows().min(end)),
            None => RecordBatch::new_empty(Arc::clone(self.decoder.schema())),
        });
        Ok(Parts {
            first,
            next: 0,
            end,
            refusal,
            source: Arc::new(self),
        })
    }
}

fn interrupted(error: &tokio::task::JoinError) -> Status {
    Status::internal(format!("decoding was interrupted: {error}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow_array::{cast::AsArray, types::Int64Type};
    use arrow_schema::{DataType, Field, Schema};
    use zb_convert::{Encoder, Options};

    use super::*;
    use crate::grpc::intake::Request;

    /// A table as wide as there can be: 9 bytes for each column of each row, when decoded.
    fn decoder() -> Arc<Decoder> {
        let columns: Vec<Field> = (0..zb_convert::MAX_COLUMNS)
            .map(|i| Field::new(format!("c{i}"), DataType::Int64, true))
            .collect();
        let schema = Schema::new(columns);
        let encoder = Encoder::new(&schema, Options::default()).unwrap();
        Arc::new(Decoder::new(encoder.descriptor(), &schema).unwrap())
    }

    /// Requests with so many rows, each with nothing but its number.
    fn gathered(requests: &[usize]) -> Gathered {
        let mut gathered = Gathered::default();
        for (offset, rows) in requests.iter().enumerate() {
            let start = gathered.rows.len();
            gathered.rows.extend(
                (start..start + rows).map(|number| {
                    Bytes::from(vec![0x08, number as u8 | 0x80, (number >> 7) as u8])
                }),
            );
            gathered.requests.push(Request {
                offset: offset as i64,
                end: gathered.rows.len(),
            });
        }
        gathered
    }

    /// Takes all parts, whose rows must follow one another: where each ends, and its offset.
    async fn parts(gathered: Gathered) -> (Vec<(usize, Option<i64>)>, Option<Status>) {
        let mut parts = Parts::check(decoder(), gathered).await.unwrap();
        let mut ends = Vec::new();
        let mut end = 0;
        while let Some(part) = parts.next().await.unwrap() {
            let rows = part.batch.num_rows();
            let column = part.batch.column(0).as_primitive::<Int64Type>();
            assert!(
                column
                    .values()
                    .iter()
                    .copied()
                    .eq(end as i64..(end + rows) as i64)
            );
            assert_eq!(part.bytes, 3 * rows);
            end += rows;
            ends.push((end, part.last_offset));
        }
        (ends, parts.refusal)
    }

    /// Rows of that table that are decoded at a time.
    fn at_a_time() -> usize {
        MAX_DECODED_BYTES.div_ceil(decoder().row_bytes() + 3)
    }

    #[tokio::test]
    async fn what_is_small_is_one_part_and_what_is_large_is_many() {
        assert_eq!(parts(gathered(&[10, 0, 5])).await.0, [(15, Some(2))]);
        assert_eq!(parts(gathered(&[0])).await.0, [(0, Some(0))]);
        assert_eq!(parts(gathered(&[])).await.0, []);

        // An offset goes with the part that has the last row of its request.
        let n = at_a_time();
        let (ends, refusal) = parts(gathered(&[n + 1, n, 0, 1])).await;
        assert_eq!(ends, [(n, None), (2 * n, Some(0)), (2 * n + 2, Some(3))]);
        assert!(refusal.is_none());
    }

    #[tokio::test]
    async fn nothing_of_a_request_is_there_when_its_last_row_is_bad() {
        let n = at_a_time();
        let mut requests = gathered(&[1, 2, 2 * n, 1]);
        requests.rows[2 * n + 2] = Bytes::from_static(&[0x08]);
        let (ends, refusal) = parts(requests).await;
        assert_eq!(ends, [(3, Some(1))]);
        assert_eq!(
            refusal.unwrap().message(),
            format!(
                "Record {} of offset 2 cannot be ingested: row {}: the record ends in the middle \
                 of a field",
                2 * n - 1,
                2 * n + 2
            )
        );

        let mut requests = gathered(&[2 * n]);
        requests.rows[2 * n - 1] = Bytes::from_static(&[0x08]);
        let (ends, refusal) = parts(requests).await;
        assert!(ends.is_empty() && refusal.is_some());
    }
}
