//! Arrow IPC, as a file or as a stream.

use std::{
    fs::File,
    io::{BufReader, Read as _, Seek as _, SeekFrom},
};

use arrow_array::RecordBatch;
use arrow_ipc::reader::{FileReader, read_footer_length};
use arrow_schema::{ArrowError, SchemaRef};

use super::{
    Batches, Error, Format, Opened, Options, ipc_stream::IpcStream, meter::Meter, raw::Raw,
    sniff::Content,
};

pub(super) fn open(raw: Raw, meter: &Meter, options: &Options) -> Result<Opened, Error> {
    let name = raw.name().to_owned();
    let fail = |source| damaged(&name, source);
    let (schema, batches): (SchemaRef, Batches) = if raw.content() == Content::ArrowFile {
        let mut file = raw.into_file()?;
        check_blocks(&mut file).map_err(fail)?;
        let file = BufReader::new(meter.on(file));
        let reader = FileReader::try_new(file, None).map_err(fail)?;
        (
            reader.schema(),
            in_pieces(reader, &name, options.batch_rows),
        )
    } else {
        let (schema, stream) = IpcStream::open(meter.on(raw.into_read())).map_err(fail)?;
        (schema, in_pieces(stream, &name, options.batch_rows))
    };
    Ok(Opened {
        schema,
        total_rows: None,
        batches,
    })
}

/// Refuses a file that places a batch past its end. The reader would ask for the memory of that
/// batch before it finds out, and where there is not so much the process would end.
fn check_blocks(file: &mut File) -> Result<(), ArrowError> {
    let len = file.metadata()?.len();
    let mut trailer = [0; 10];
    file.seek(SeekFrom::End(-10))?;
    file.read_exact(&mut trailer)?;
    let footer_len = read_footer_length(trailer)?;
    file.seek(SeekFrom::End(-10 - footer_len as i64))?;
    let mut footer = Vec::new();
    file.take(footer_len as u64).read_to_end(&mut footer)?;
    let footer = arrow_ipc::root_as_footer(&footer)
        .map_err(|error| ArrowError::ParseError(format!("its footer is damaged: {error}")))?;
    let batches = footer.recordBatches().into_iter().flatten();
    for block in batches.chain(footer.dictionaries().into_iter().flatten()) {
        let parts = [
            block.offset(),
            i64::from(block.metaDataLength()),
            block.bodyLength(),
        ];
        let end = parts.into_iter().try_fold(0_u64, |end, part| {
            end.checked_add(u64::try_from(part).ok()?)
        });
        if end.is_none_or(|end| end > len) {
            let problem = "its footer places a batch past its end";
            return Err(ArrowError::IpcError(problem.to_owned()));
        }
    }
    file.rewind()?;
    Ok(())
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
