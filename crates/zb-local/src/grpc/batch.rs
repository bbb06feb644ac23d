//! From gathered requests to one record batch, with everything before the first bad request kept.

use std::sync::Arc;

use arrow_array::RecordBatch;
use bytes::Bytes;
use tonic::Status;
use zb_convert::Decoder;

use super::intake::{Gathered, Request};

/// The rows of some requests, ready for a commit.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) batch: RecordBatch,
    /// The last request whose rows are in `batch`; none if the first one is bad already.
    pub(super) last_offset: Option<i64>,
    /// Why the stream must end after these rows.
    pub(super) refusal: Option<Status>,
}

/// Decodes off the async threads: it is CPU work.
pub(super) async fn decode(decoder: &Arc<Decoder>, gathered: Gathered) -> Result<Decoded, Status> {
    let decoder = decoder.clone();
    tokio::task::spawn_blocking(move || decode_now(&decoder, &gathered))
        .await
        .map_err(|error| Status::internal(format!("decoding was interrupted: {error}")))?
}

fn decode_now(decoder: &Decoder, gathered: &Gathered) -> Result<Decoded, Status> {
    let read = decoder
        .decode(gathered.rows.iter().map(Bytes::as_ref))
        .map_err(|error| Status::invalid_argument(error.to_string()))?;
    let Some(error) = read.errors.iter().min_by_key(|error| error.row) else {
        return Ok(Decoded {
            batch: read.batch,
            last_offset: gathered.requests.last().map(|request| request.offset),
            refusal: None,
        });
    };
    // Requests are all or nothing. No row before the bad one is missing from the batch, so the
    // rows of the requests before it are its first ones.
    let good = gathered.good_before(error.row);
    let last_good: Option<Request> = good.last().copied();
    let end = last_good.map_or(0, |request| request.end);
    let bad = gathered.requests.get(good.len());
    let refusal = Status::invalid_argument(format!(
        "Record {} of offset {} cannot be ingested: {error}",
        error.row - end,
        bad.map_or(-1, |request| request.offset),
    ));
    Ok(Decoded {
        batch: read.batch.slice(0, end),
        last_offset: last_good.map(|request| request.offset),
        refusal: Some(refusal),
    })
}
