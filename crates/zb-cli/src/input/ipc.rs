//! Arrow IPC, as a file or as a stream.

use std::io::BufReader;

use arrow_array::RecordBatch;
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, SchemaRef};

use super::{Batches, Error, Format, Opened, Options, meter::Meter, raw::Raw, sniff::Content};

pub(super) fn open(raw: Raw, meter: &Meter, options: &Options) -> Result<Opened, Error> {
    let name = raw.name().to_owned();
    let fail = |source| damaged(&name, source);
    let (schema, batches): (SchemaRef, Batches) = if raw.content() == Content::ArrowFile {
        let file = BufReader::new(meter.on(raw.into_file()?));
        let reader = FileReader::try_new(file, None).map_err(fail)?;
        (
            reader.schema(),
            in_pieces(reader, &name, options.batch_rows),
        )
    } else {
        let stream = BufReader::new(meter.on(raw.into_read()));
        let reader = StreamReader::try_new(stream, None).map_err(fail)?;
        (
            reader.schema(),
            in_pieces(reader, &name, options.batch_rows),
        )
    };
    Ok(Opened {
        schema,
        total_rows: None,
        batches,
    })
}

/// No batch with more than `rows` rows: the ones in the file may have any size.
fn in_pieces(
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>> + Send + 'static,
    name: &str,
    rows: usize,
) -> Batches {
    let name = name.to_owned();
    Box::new(batches.flat_map(move |batch| {
        let (batch, error) = match batch {
            Ok(batch) => (Some(batch), None),
            Err(source) => (None, Some(Err(damaged(&name, source)))),
        };
        let pieces = batch.into_iter().flat_map(move |batch| {
            (0..batch.num_rows())
                .step_by(rows.max(1))
                .map(move |start| Ok(batch.slice(start, rows.max(1).min(batch.num_rows() - start))))
        });
        pieces.chain(error)
    }))
}

fn damaged(name: &str, source: ArrowError) -> Error {
    Error::Damaged {
        name: name.to_owned(),
        format: Format::Arrow,
        source: source.into(),
    }
}
