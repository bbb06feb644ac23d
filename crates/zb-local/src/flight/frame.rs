//! Messages of Arrow IPC as they come over Flight: the schema, and batches of it.
//!
//! The reader of the arrow project checks what it reads, but it trusts lengths before it has read
//! anything and panics at what nobody writes. So lengths are looked at first, and all of it runs
//! where a panic is an error.

use std::{collections::HashMap, sync::Arc};

use arrow_array::{RecordBatch, RecordBatchOptions, new_null_array};
use arrow_buffer::Buffer;
use arrow_ipc::{convert::fb_to_schema, reader::read_record_batch, root_as_message};
use arrow_schema::{DataType, Schema, SchemaRef};
use tokio::task::spawn_blocking;
use tonic::Status;

use super::{conversion::convert, weight};
use crate::{
    limits::{MAX_DECODED_BYTES, MAX_FRAME_BYTES, MAX_RAW_BYTES},
    proto::flight::FlightData,
};

/// The length of a packed buffer that is not packed after all.
const NOT_PACKED: i64 = -1;

/// The schema that a stream begins with.
pub(super) async fn schema(first: Option<FlightData>) -> Result<Schema, Status> {
    let no_schema = || Status::invalid_argument("The first message of a stream must be a schema.");
    let header = first.ok_or_else(no_schema)?.data_header;
    let schema = spawn_blocking(move || {
        let message = root_as_message(&header).ok()?;
        Some(fb_to_schema(message.header_as_schema()?))
    });
    // What this panics at is a schema that cannot be.
    schema.await.ok().flatten().ok_or_else(no_schema)
}

/// How many rows a message says it has.
pub(super) fn rows(frame: &FlightData) -> Result<usize, Status> {
    let rows = root_as_message(&frame.data_header)
        .ok()
        .and_then(|message| message.header_as_record_batch())
        .and_then(|batch| usize::try_from(batch.length()).ok());
    rows.ok_or_else(|| Status::invalid_argument("The message is not a record batch."))
}

/// What turns messages into rows of the table.
#[derive(Debug)]
pub(super) struct Frames {
    sent: SchemaRef,
    table: SchemaRef,
}

/// The rows of one message.
#[derive(Debug)]
pub(super) struct Decoded {
    /// As they are for the table, but without the columns that were not sent.
    batch: RecordBatch,
    table: SchemaRef,
    /// What each row weighs, where somebody wants to know.
    pub(super) weights: Vec<usize>,
}

impl Frames {
    /// `sent` fits `table`.
    pub(super) fn new(sent: Schema, table: SchemaRef) -> Self {
        let sent = Arc::new(sent);
        Self { sent, table }
    }

    /// Looks at every row, off the async threads. `offset` is for the words of a refusal.
    pub(super) async fn decode(
        self: Arc<Self>,
        frame: FlightData,
        offset: i64,
        weigh: bool,
    ) -> Result<Decoded, Status> {
        let refuse = |reason: String| {
            Status::invalid_argument(format!("Offset {offset} cannot be ingested: {reason}"))
        };
        spawn_blocking(move || self.unpack(&frame, weigh))
            .await
            .map_err(|_| refuse("the message is not a record batch of the schema".to_owned()))?
            .map_err(refuse)
    }

    fn unpack(&self, frame: &FlightData, weigh: bool) -> Result<Decoded, String> {
        let message = root_as_message(&frame.data_header).map_err(|error| error.to_string())?;
        let header = message.header_as_record_batch();
        let header = header.ok_or("the message is not a record batch")?;
        let body = Buffer::from(frame.data_body.clone());
        check_lengths(&header, &body)?;
        let none = HashMap::new();
        let version = message.version();
        let sent = read_record_batch(&body, header, self.sent.clone(), &none, None, &version)
            .map_err(|error| error.to_string())?;

        let mut weights = Vec::new();
        if weigh || weight::of(&sent) > MAX_RAW_BYTES {
            weights = weight::of_rows(&sent);
            let heavy = weights.iter().position(|bytes| *bytes > MAX_RAW_BYTES);
            if let Some(row) = heavy {
                let bytes = weights[row];
                return Err(format!(
                    "row {row} has {bytes} bytes, over the limit of {MAX_RAW_BYTES}"
                ));
            }
        }
        Ok(Decoded {
            batch: self.for_table(&sent)?,
            table: self.table.clone(),
            weights,
        })
    }

    /// The columns that were sent, with the types of the table.
    fn for_table(&self, sent: &RecordBatch) -> Result<RecordBatch, String> {
        let mut fields = Vec::with_capacity(sent.num_columns());
        let mut columns = Vec::with_capacity(sent.num_columns());
        for (field, column) in sent.schema_ref().fields().iter().zip(sent.columns()) {
            let found = self.table.fields().find(field.name());
            let (_, wanted) = found.ok_or("a column is not in the table")?;
            columns.push(convert(column, wanted.data_type(), wanted.name(), None)?);
            fields.push(wanted.clone());
        }
        let rows = RecordBatchOptions::new().with_row_count(Some(sent.num_rows()));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &rows)
            .map_err(|error| error.to_string())
    }
}

impl Decoded {
    /// The columns that were sent.
    pub(super) fn batch(&self) -> &RecordBatch {
        &self.batch
    }

    /// Keeps the first rows alone.
    pub(super) fn keep(&mut self, rows: usize) {
        self.batch = self.batch.slice(0, rows);
    }

    /// The rows with all columns of the table, in parts that do not weigh too much: a column that
    /// was not sent weighs nothing on the wire.
    pub(super) fn parts(self) -> impl Iterator<Item = Result<RecordBatch, Status>> + Send {
        let absent = self.table.fields().iter();
        let absent = absent.filter(|field| self.batch.column_by_name(field.name()).is_none());
        let width: usize = absent.map(|field| width(field.data_type())).sum();
        let (rows, at_a_time) = (self.batch.num_rows(), MAX_DECODED_BYTES / width.max(1));
        let at_a_time = at_a_time.max(1);
        // A message without rows has an offset all the same.
        (0..rows.max(1)).step_by(at_a_time).map(move |start| {
            let rows = at_a_time.min(rows - start);
            complete(&self.batch.slice(start, rows), &self.table)
                .map_err(|error| Status::invalid_argument(error.to_string()))
        })
    }
}

fn complete(
    batch: &RecordBatch,
    table: &SchemaRef,
) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let columns = table.fields().iter().map(|field| {
        let sent = batch.column_by_name(field.name()).cloned();
        sent.unwrap_or_else(|| new_null_array(field.data_type(), batch.num_rows()))
    });
    RecordBatch::try_new(table.clone(), columns.collect())
}

/// What a null of this type takes.
fn width(data_type: &DataType) -> usize {
    match data_type {
        DataType::Struct(fields) => {
            let fields = fields.iter();
            fields.map(|field| width(field.data_type())).sum()
        }
        other => other.primitive_width().unwrap_or(4),
    }
}

/// That nothing is read which is not there, and nothing unpacked which is too much.
fn check_lengths(header: &arrow_ipc::RecordBatch<'_>, body: &Buffer) -> Result<(), String> {
    let mut unpacked: usize = 0;
    for buffer in header.buffers().into_iter().flatten() {
        let place = usize::try_from(buffer.offset())
            .ok()
            .zip(usize::try_from(buffer.length()).ok())
            .and_then(|(start, length)| Some(start..start.checked_add(length)?));
        let bytes = place.and_then(|place| body.get(place));
        let bytes = bytes.ok_or("a buffer is not in the message")?;
        let length = match (header.compression(), bytes.first_chunk()) {
            (Some(_), Some(length)) => match i64::from_le_bytes(*length) {
                NOT_PACKED => bytes.len(),
                length => usize::try_from(length).unwrap_or(usize::MAX),
            },
            _ => bytes.len(),
        };
        unpacked = unpacked.saturating_add(length);
    }
    if unpacked > MAX_FRAME_BYTES {
        return Err(format!(
            "the message has {unpacked} bytes when unpacked, over the limit of {MAX_FRAME_BYTES}"
        ));
    }
    Ok(())
}
