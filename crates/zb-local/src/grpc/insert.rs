//! Records that come in one request over HTTP, and are durable when it is answered.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use tonic::{Status, metadata::MetadataMap};
use zb_convert::Decoder;

use super::{
    batch::Parts,
    form::Form,
    intake::{Gathered, Request},
    opening::known_table,
};
use crate::{
    endpoint::Endpoint,
    lake::{Lane, Progress},
    limits::MAX_RAW_BYTES,
    stream::{TABLE_HEADER, authorize, queue},
};

/// Takes an array of JSON objects: all of them, or none. The status is what a stream would end with.
pub(crate) async fn insert(
    endpoint: &Endpoint,
    mut metadata: MetadataMap,
    table: &str,
    body: &[u8],
) -> Result<(), Status> {
    let named = table.parse();
    let named = named.map_err(|_| Status::invalid_argument("The table has no good name."))?;
    metadata.insert(TABLE_HEADER, named);
    let name = authorize(endpoint, &metadata)?;
    if body.len() > MAX_RAW_BYTES {
        return Err(Status::invalid_argument(format!(
            "The request has {} bytes, over the limit of {MAX_RAW_BYTES}.",
            body.len()
        )));
    }
    let records: Vec<Value> = serde_json::from_slice(body)
        .map_err(|error| Status::invalid_argument(format!("No array of records: {error}")))?;
    let table = known_table(endpoint, &name).await?;
    let (form, descriptor) = Form::json(table.schema())?;
    let decoder = Decoder::new(&descriptor, table.schema());
    let decoder = decoder.map_err(|error| Status::internal(error.to_string()))?;
    endpoint.counters.requests.add(1);
    endpoint.counters.rows_received.add(records.len());

    let records = records.iter().map(|record| record.to_string().into());
    let rows = form.to_proto(records.collect(), 0)?;
    let gathered = Gathered {
        bytes: rows.iter().map(Bytes::len).sum(),
        requests: vec![Request {
            offset: 0,
            end: rows.len(),
        }],
        rows,
    };
    let mut parts = Parts::check(Arc::new(decoder), gathered).await?;
    if let Some(refusal) = parts.refusal {
        return Err(refusal);
    }
    let lane = Arc::new(Lane::default());
    let mut progress = lane.progress();
    while let Some(part) = parts.next().await? {
        queue(
            endpoint,
            &table,
            &lane,
            part.batch,
            part.last_offset,
            part.bytes,
        )
        .await?;
    }
    let settled = |progress: &Progress| progress.committed.is_some() || progress.failure.is_some();
    let end = progress.wait_for(settled).await;
    let end = end.map_err(|error| Status::internal(error.to_string()))?;
    match &end.failure {
        None => Ok(()),
        Some(reason) => Err(Status::unavailable(format!(
            "Rows could not be committed to {name}: {reason}"
        ))),
    }
}
