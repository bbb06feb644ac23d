//! `zb send --dry-run`: everything is read and converted, nothing is sent.

use zb_core::convert::{ChunkLimit, Encoded, Encoder};

use super::report::Tally;
use crate::{failure::Failure, input::Inputs, interrupt::Interrupt, send::Report};

/// Converts in pieces of this many rows, into a buffer that is used again.
const CHUNK: ChunkLimit = ChunkLimit {
    rows: 8_192,
    framed_bytes: 8 << 20,
};

pub(crate) fn run(
    encoder: &Encoder,
    inputs: Inputs,
    interrupt: &Interrupt,
    report: &mut Report,
) -> Result<(), Failure> {
    let mut tally = Tally::default();
    let mut chunk = Encoded::default();
    let outcome = (|| {
        for batch in inputs {
            if interrupt.is_set() {
                return Err(Failure::failed("interrupted"));
            }
            let batch = batch?;
            let mut next = 0;
            while next < batch.num_rows() {
                next = encoder
                    .encode_chunk(&batch, next, CHUNK, &mut chunk)
                    .map_err(|e| Failure::of(&e))?;
                tally.hold_back(chunk.len() as u64, chunk.null_lists());
                for error in chunk.errors() {
                    let row = report.rows + error.row as u64;
                    let reason = error.reason().to_string();
                    tally.reject(row, &error.path, error.kind.name(), &reason);
                }
            }
            report.rows += batch.num_rows() as u64;
        }
        Ok(())
    })();
    report.add(tally);
    outcome
}
