//! Requests as they come in: offsets in order, nothing too large, gathered for one decoding.

use bytes::Bytes;
use tonic::Status;

use super::form::Form;
use crate::{
    limits::{MAX_GATHERED_BYTES, MAX_GATHERED_ROWS, MAX_RAW_BYTES},
    proto::{EphemeralStreamRequest, ephemeral_stream_request::Payload},
    stream::Offsets,
};

/// Checks what one stream sends.
#[derive(Debug, Default)]
pub(super) struct Intake {
    offsets: Offsets,
}

/// Requests that are decoded together.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) rows: Vec<Bytes>,
    pub(super) requests: Vec<Request>,
    pub(super) bytes: usize,
}

/// One request of a [`Gathered`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) offset: i64,
    /// Where its rows end; they begin where those of the request before it end.
    pub(super) end: usize,
}

impl Gathered {
    pub(super) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// The requests whose rows all come before this one.
    pub(super) fn good_before(&self, row: usize) -> &[Request] {
        let good = self.requests.partition_point(|request| request.end <= row);
        &self.requests[..good]
    }

    /// Takes the newest request out again.
    pub(super) fn split_newest(&mut self) -> Self {
        let Some(newest) = self.requests.pop() else {
            return Self::default();
        };
        let begin = self.requests.last().map_or(0, |request| request.end);
        let rows = self.rows.split_off(begin.min(self.rows.len()));
        let bytes = rows.iter().map(Bytes::len).sum();
        self.bytes -= bytes;
        let request = Request {
            end: rows.len(),
            ..newest
        };
        Self {
            rows,
            requests: vec![request],
            bytes,
        }
    }

    pub(super) fn has_room(&self) -> bool {
        self.bytes < MAX_GATHERED_BYTES && self.rows.len() < MAX_GATHERED_ROWS
    }
}

impl Intake {
    /// Goes on after this offset.
    pub(super) fn after(last: i64) -> Self {
        Self {
            offsets: Offsets::after(last),
        }
    }

    /// Takes one message and gives its offset, or says why the stream must end.
    pub(super) fn take(
        &mut self,
        message: EphemeralStreamRequest,
        form: &Form,
        into: &mut Gathered,
    ) -> Result<i64, Status> {
        let (offset, rows) = match message.payload {
            Some(Payload::IngestRecord(request)) => {
                (request.offset_id, vec![form.record(request.record)?])
            }
            Some(Payload::IngestRecordBatch(request)) => {
                (request.offset_id, form.batch(request.batch)?)
            }
            Some(Payload::CreateStream(_)) => {
                return Err(Status::invalid_argument("The stream is created already."));
            }
            None => return Err(Status::invalid_argument("The message is empty.")),
        };
        let offset = self.offsets.check(offset)?;
        let bytes: usize = rows.iter().map(Bytes::len).sum();
        if bytes > MAX_RAW_BYTES {
            return Err(Status::invalid_argument(format!(
                "The records of offset {offset} have {bytes} bytes, over the limit of \
                 {MAX_RAW_BYTES}."
            )));
        }
        self.offsets.pass();
        let rows = form.to_proto(rows, offset)?;
        into.bytes += rows.iter().map(Bytes::len).sum::<usize>();
        into.rows.extend(rows);
        let end = into.rows.len();
        into.requests.push(Request { offset, end });
        Ok(offset)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::proto::{
        IngestRecordBatchRequest, IngestRecordRequest, ProtoEncodedRecordBatch,
        ingest_record_batch_request, ingest_record_request,
    };

    fn record(offset: Option<i64>, len: usize) -> EphemeralStreamRequest {
        let row = Bytes::from(vec![0; len]);
        let record = ingest_record_request::Record::ProtoEncodedRecord(row);
        EphemeralStreamRequest {
            payload: Some(Payload::IngestRecord(IngestRecordRequest {
                offset_id: offset,
                record: Some(record),
            })),
        }
    }

    fn batch(offset: i64, rows: usize, len: usize) -> EphemeralStreamRequest {
        let records = vec![Bytes::from(vec![0; len]); rows];
        let batch = ProtoEncodedRecordBatch { records };
        EphemeralStreamRequest {
            payload: Some(Payload::IngestRecordBatch(IngestRecordBatchRequest {
                offset_id: Some(offset),
                batch: Some(ingest_record_batch_request::Batch::ProtoEncodedBatch(batch)),
            })),
        }
    }

    fn refused(messages: Vec<EphemeralStreamRequest>) -> String {
        let (mut intake, mut gathered) = (Intake::default(), Gathered::default());
        let status = messages
            .into_iter()
            .find_map(|message| intake.take(message, &Form::Proto, &mut gathered).err())
            .unwrap();
        assert_eq!(status.code(), tonic::Code::InvalidArgument);
        status.message().to_owned()
    }

    #[test]
    fn records_and_batches_share_the_offsets() {
        let (mut intake, mut gathered) = (Intake::default(), Gathered::default());
        for message in [record(Some(0), 1), batch(1, 2, 3), batch(2, 0, 0)] {
            intake.take(message, &Form::Proto, &mut gathered).unwrap();
        }
        let ends: Vec<usize> = gathered
            .requests
            .iter()
            .map(|request| request.end)
            .collect();
        assert_eq!(ends, [1, 3, 3]);
        assert_eq!(gathered.bytes, 7);
    }

    #[test]
    fn the_newest_request_can_be_taken_out_again() {
        let (mut intake, mut gathered) = (Intake::default(), Gathered::default());
        for message in [batch(0, 2, 1), batch(1, 3, 5)] {
            intake.take(message, &Form::Proto, &mut gathered).unwrap();
        }
        let newest = gathered.split_newest();
        let ends = |gathered: &Gathered| -> Vec<(i64, usize)> {
            let requests = gathered.requests.iter();
            requests
                .map(|request| (request.offset, request.end))
                .collect()
        };
        assert_eq!((ends(&gathered), gathered.rows.len()), (vec![(0, 2)], 2));
        assert_eq!((ends(&newest), newest.rows.len()), (vec![(1, 3)], 3));
        assert_eq!((gathered.bytes, newest.bytes), (2, 15));
        assert!(!gathered.split_newest().is_empty());
        assert!(gathered.split_newest().is_empty());
    }

    #[test]
    fn the_request_of_a_row_is_found() {
        let (mut intake, mut gathered) = (Intake::default(), Gathered::default());
        for message in [batch(0, 2, 1), batch(1, 0, 0), batch(2, 3, 1)] {
            intake.take(message, &Form::Proto, &mut gathered).unwrap();
        }
        let good = |row| gathered.good_before(row).len();
        assert_eq!([0, 1, 2, 4].map(good), [0, 0, 2, 2]);
    }

    #[test]
    fn offsets_have_no_gap_and_no_repetition() {
        let text = "Non-incremental offset: expected 1, actual 2";
        assert_eq!(refused(vec![record(Some(0), 0), record(Some(2), 0)]), text);
        let text = "Non-incremental offset: expected 1, actual 0";
        assert_eq!(refused(vec![record(Some(0), 0), record(Some(0), 0)]), text);
        let text = "Non-incremental offset: expected 0, actual -1";
        assert_eq!(refused(vec![record(Some(-1), 0)]), text);
        assert_eq!(
            refused(vec![record(None, 0)]),
            "The offset is missing: expected 0"
        );
    }

    #[test]
    fn ten_mebibytes_are_the_most() {
        let (mut intake, mut gathered) = (Intake::default(), Gathered::default());
        intake
            .take(record(Some(0), MAX_RAW_BYTES), &Form::Proto, &mut gathered)
            .unwrap();
        let text = "The records of offset 0 have 10485761 bytes, over the limit of 10485760.";
        assert_eq!(refused(vec![record(Some(0), MAX_RAW_BYTES + 1)]), text);
        let text = "The records of offset 0 have 10485762 bytes, over the limit of 10485760.";
        assert_eq!(refused(vec![batch(0, 2, MAX_RAW_BYTES / 2 + 1)]), text);
    }
}
