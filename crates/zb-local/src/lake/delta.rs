//! The Delta side of a table: everything that knows the Delta library is in this file.

use std::{
    path::Path,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};
use arrow_select::concat::concat_batches;
use deltalake_core::{
    DeltaTable, DeltaTableBuilder, DeltaTableError,
    kernel::{
        Action, StructType,
        engine::arrow_conversion::{TryIntoArrow as _, TryIntoKernel as _},
        transaction::{CommitBuilder, CommitProperties},
    },
    protocol::{DeltaOperation, SaveMode},
    writer::{DeltaWriter as _, RecordBatchWriter},
};
use parquet::{basic::Compression, file::properties::WriterProperties};
use tokio::task::JoinError;
use url::Url;
use zb_types::TableName;

/// Who wrote a commit, in the log of the table.
const ENGINE: &str = concat!("zb-local/", env!("CARGO_PKG_VERSION"));

/// Why a Delta table could not be made, read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeltaError {
    #[error("{0}")]
    Delta(#[from] DeltaTableError),
    #[error("{0}")]
    Arrow(#[from] arrow_schema::ArrowError),
    #[error("the path {0:?} cannot be written as a URL")]
    Path(std::path::PathBuf),
    #[error("writing was interrupted")]
    Interrupted(#[source] JoinError),
}

/// A Delta table at its newest version that this process knows of.
#[derive(Debug)]
pub(crate) struct Delta {
    table: DeltaTable,
}

impl Delta {
    /// Whether there is a Delta table at `path`, or at least the log of one.
    pub(crate) fn exists(path: &Path) -> bool {
        path.join("_delta_log").is_dir()
    }

    /// Makes a table with these columns, which must be Delta's own types.
    pub(crate) async fn create(
        path: &Path,
        name: &TableName,
        schema: &Schema,
    ) -> Result<Self, DeltaError> {
        let columns: StructType = schema.try_into_kernel()?;
        let table = builder(path)?
            .build()?
            .create()
            .with_table_name(name.as_str())
            .with_columns(columns.fields().cloned())
            .await?;
        Ok(Self { table })
    }

    /// Opens the table at `path`.
    pub(crate) async fn open(path: &Path) -> Result<Self, DeltaError> {
        let table = builder(path)?.load().await?;
        // Says now, and not at the first row, that a table has what the library cannot write.
        RecordBatchWriter::for_table(&table)?;
        Ok(Self { table })
    }

    /// The columns, as Arrow.
    pub(crate) fn schema(&self) -> Result<SchemaRef, DeltaError> {
        let schema: Schema = self.table.snapshot()?.schema().as_ref().try_into_arrow()?;
        Ok(Arc::new(schema))
    }

    /// Adds the rows in one commit and returns the version it made.
    pub(crate) async fn append(&mut self, batches: &[RecordBatch]) -> Result<u64, DeltaError> {
        let mut writer = RecordBatchWriter::for_table(&self.table)?.with_writer_properties(
            WriterProperties::builder()
                .set_created_by(ENGINE.to_owned())
                .set_compression(Compression::SNAPPY)
                .build(),
        );
        // One batch: Parquet pays per batch, and a group may be thousands of single records.
        if let Some(first) = batches.first() {
            writer
                .write(concat_batches(&first.schema(), batches)?)
                .await?;
        }
        let files = writer.flush().await?;

        let operation = DeltaOperation::Write {
            mode: SaveMode::Append,
            partition_by: None,
            predicate: None,
        };
        let mut info = operation.get_commit_info();
        info.engine_info = Some(ENGINE.to_owned());
        info.is_blind_append = Some(true);
        info.timestamp = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .ok()
            .map(|since| since.as_millis() as i64);
        let mut actions = vec![Action::CommitInfo(info)];
        actions.extend(files.into_iter().map(Action::Add));

        // Old log files cost nothing here, and looking for them costs at every commit.
        let properties = CommitProperties::default().with_cleanup_expired_logs(Some(false));
        let commit = CommitBuilder::from(properties)
            .with_actions(actions)
            .build(
                Some(self.table.snapshot()?),
                self.table.log_store(),
                operation,
            )
            .await?;
        self.table.state = Some(commit.snapshot());
        Ok(commit.version())
    }
}

fn builder(path: &Path) -> Result<DeltaTableBuilder, DeltaError> {
    let url = Url::from_directory_path(path).map_err(|()| DeltaError::Path(path.to_owned()))?;
    Ok(DeltaTableBuilder::from_url(url)?)
}
