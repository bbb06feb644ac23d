//! `zb send --dry-run`: everything is read and converted, nothing is sent.

use arrow_array::RecordBatch;
use zb_core::convert::{ChunkLimit, Encoded, Encoder};

use super::{report::Tally, source::Source};
use crate::{
    failure::Failure,
    input::Inputs,
    interrupt::{Interrupt, Interrupted},
    send::Report,
};

/// Converts in pieces of this many rows, into a buffer that is used again.
const CHUNK: ChunkLimit = ChunkLimit {
    rows: 8_192,
    framed_bytes: 8 << 20,
};

pub(crate) async fn run(
    encoder: &Encoder,
    inputs: Inputs,
    interrupt: &mut Interrupt,
    report: &mut Report,
) -> Result<(), Failure> {
    let mut tally = Tally::default();
    let mut chunk = Encoded::default();
    let mut source = Source::start(inputs);
    let outcome = loop {
        let batch = match interrupt.or(source.next()).await {
            Ok(Some(Ok(batch))) => batch,
            Ok(Some(Err(error))) => break Err(error.into()),
            Ok(None) => break Ok(()),
            Err(Interrupted) => break Err(Failure::failed("interrupted")),
        };
        if let Err(failure) = convert(encoder, &batch, report.rows, &mut chunk, &mut tally) {
            break Err(failure);
        }
        report.rows += batch.num_rows() as u64;
    };
    report.add(tally);
    outcome
}

/// Converts a batch, whose first row is row `first_row` of all.
fn convert(
    encoder: &Encoder,
    batch: &RecordBatch,
    first_row: u64,
    chunk: &mut Encoded,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let mut next = 0;
    while next < batch.num_rows() {
        next = encoder
            .encode_chunk(batch, next, CHUNK, chunk)
            .map_err(|e| Failure::of(&e))?;
        tally.hold_back(chunk.len() as u64, chunk.null_lists());
        for error in chunk.errors() {
            let reason = error.reason().to_string();
            let row = first_row + error.row as u64;
            tally.reject(row, &error.path, error.kind.name(), &reason);
        }
    }
    Ok(())
}
