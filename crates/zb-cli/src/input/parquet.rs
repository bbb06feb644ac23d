//! Parquet files, row group by row group.

use parquet::{arrow::arrow_reader::ParquetRecordBatchReaderBuilder, errors::ParquetError};

use super::{Error, Format, Opened, Options, raw::Raw, with_schema};

pub(super) fn open(raw: Raw, options: &Options) -> Result<Opened, Error> {
    let name = raw.name().to_owned();
    let damaged = |name: &str, source| Error::Damaged {
        name: name.to_owned(),
        format: Format::Parquet,
        source,
    };
    let fail = |error: ParquetError| damaged(&name, error.into());
    let builder = ParquetRecordBatchReaderBuilder::try_new(raw.into_file()?).map_err(fail)?;
    let rows = builder.metadata().file_metadata().num_rows();
    let schema = builder.schema().clone();
    let reader = builder
        .with_batch_size(options.batch_rows)
        .build()
        .map_err(fail)?;
    let expected = schema.clone();
    let batches = reader.map(move |batch| {
        batch
            .and_then(|batch| with_schema(&batch, &expected))
            .map_err(|error| damaged(&name, error.into()))
    });
    Ok(Opened {
        schema,
        total_rows: u64::try_from(rows).ok(),
        batches: Box::new(batches),
    })
}
