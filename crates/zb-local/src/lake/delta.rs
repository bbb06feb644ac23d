//! The Delta side of a table: everything that knows the Delta library is here and below.

mod rewrite;
mod rows;

pub(crate) use rewrite::Rewritten;

use std::{
    collections::{BTreeMap, HashMap},
    num::NonZeroU64,
    path::Path,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};
use arrow_select::concat::concat_batches;
use bytes::Bytes;
use deltalake_core::{
    DeltaTable, DeltaTableBuilder, DeltaTableError,
    kernel::{
        Action, Add, MetadataExt as _, StructType, Transaction,
        engine::arrow_conversion::{TryIntoArrow as _, TryIntoKernel as _},
        transaction::{CommitData, PROTOCOL, TransactionError},
    },
    logstore::CommitOrBytes,
    protocol::{
        DeltaOperation, SaveMode, checkpoints::create_checkpoint_from_table_url_and_cleanup,
    },
    writer::{DeltaWriter as _, RecordBatchWriter},
};
use parquet::{basic::Compression, file::properties::WriterProperties};
use tokio::task::JoinError;
use url::Url;
use uuid::Uuid;
use zb_types::TableName;

/// Who wrote a commit, in the log of the table.
const ENGINE: &str = concat!("zb-local/", env!("CARGO_PKG_VERSION"));

/// How often another writer may take the next version before ours gives up.
const MAX_RACES: usize = 16;

/// How large the dictionary of a column may become before its values are written as they are. A file
/// of a group commit is small: with parquet's own 1 MiB, columns without a repetition would be looked
/// up to their end, and come out larger for it.
const DICTIONARY_BYTES: usize = 64 * 1024;

/// After how many commits there is a checkpoint, where the table does not say it.
const CHECKPOINT_EVERY: u64 = 100;

/// Why a Delta table could not be made, read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeltaError {
    #[error("{0}")]
    Delta(#[from] DeltaTableError),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("{0}")]
    Arrow(#[from] arrow_schema::ArrowError),
    #[error("the path {0:?} cannot be written as a URL")]
    Path(std::path::PathBuf),
    #[error("writing was interrupted")]
    Interrupted(#[source] JoinError),
    #[error("another writer has changed the columns or the properties of the table")]
    Changed,
    #[error("other writers were faster {MAX_RACES} times in a row")]
    Raced,
    #[error("its rows are not read here: {0}; read it with a library for Delta")]
    Unread(&'static str),
    #[error("a larger file has {written} rows where the small ones have {read}")]
    Miscounted { read: usize, written: usize },
    #[error("{0}")]
    Parquet(#[from] parquet::errors::ParquetError),
}

/// A Delta table that only this process is expected to write.
///
/// It keeps no list of the files in the table: appending needs none, and keeping it up to date is
/// what makes commits slower with every version.
#[derive(Debug)]
pub(crate) struct Delta {
    /// As it was when it was opened: the schema and the rules of the table.
    table: DeltaTable,
    /// The newest version that is known.
    version: u64,
    /// How many files there are that are worth being put together, as far as is known.
    small: usize,
    /// How often another writer was found to have been here.
    foreign: u64,
}

impl Delta {
    /// Whether there is a Delta table at `path`, or at least the log of one.
    pub(crate) fn exists(path: &Path) -> bool {
        path.join("_delta_log").is_dir()
    }

    /// Whether the table at `path` has a version after this one.
    pub(crate) fn has_newer(path: &Path, version: u64) -> bool {
        let next = version + 1;
        path.join(format!("_delta_log/{next:020}.json")).exists()
    }

    /// Makes a table with these columns, which must be Delta's own types.
    pub(crate) async fn create(
        path: &Path,
        name: &TableName,
        schema: &Schema,
    ) -> Result<Self, DeltaError> {
        let columns: StructType = schema.try_into_kernel()?;
        let table = DeltaTableBuilder::from_url(url_of(path)?)?
            .build()?
            .create()
            .with_table_name(name.as_str())
            .with_columns(columns.fields().cloned())
            .await?;
        Ok(Self {
            table,
            version: 0,
            small: 0,
            foreign: 0,
        })
    }

    /// Opens the table at `path`.
    pub(crate) async fn open(path: &Path) -> Result<Self, DeltaError> {
        Self::open_url(url_of(path)?).await
    }

    async fn open_url(url: Url) -> Result<Self, DeltaError> {
        let table = DeltaTableBuilder::from_url(url)?.load().await?;
        let snapshot = table.snapshot()?;
        let version = snapshot.version();
        // Says now, and not at the first row, that the table wants what the library cannot do.
        PROTOCOL
            .can_write_to(snapshot)
            .map_err(DeltaTableError::from)?;
        RecordBatchWriter::for_table(&table)?;
        let small = rewrite::small_files(snapshot);
        Ok(Self {
            table,
            version,
            small,
            foreign: 0,
        })
    }

    /// Gives the table other columns in one commit, and takes its rows away if it is `replaced`.
    pub(crate) async fn alter(mut self, schema: &Schema, replaced: bool) -> Result<(), DeltaError> {
        let columns: StructType = schema.try_into_kernel()?;
        for _ in 0..MAX_RACES {
            let snapshot = self.table.snapshot()?;
            let metadata = snapshot.metadata().clone().with_schema(&columns);
            let metadata = metadata.map_err(DeltaTableError::from)?;
            let mut actions = vec![Action::Metadata(metadata)];
            if replaced {
                let files = snapshot.log_data().into_iter();
                actions.extend(files.map(|file| Action::Remove(file.remove_action(true))));
            }
            let mode = if replaced {
                SaveMode::Overwrite
            } else {
                SaveMode::Append
            };
            let bytes =
                CommitOrBytes::LogBytes(log_entry(writing(mode), false, actions.into_iter())?);
            let log = self.table.log_store();
            match log
                .write_commit_entry(self.version + 1, bytes, Uuid::new_v4())
                .await
            {
                Ok(()) => return Ok(()),
                Err(TransactionError::VersionAlreadyExists(_)) => {
                    self = Self::open_url(self.table.table_url().clone()).await?;
                }
                Err(error) => return Err(DeltaTableError::from(error).into()),
            }
        }
        Err(DeltaError::Raced)
    }

    /// The newest version that is known.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// The columns, as Arrow.
    pub(crate) fn schema(&self) -> Result<SchemaRef, DeltaError> {
        let schema: Schema = self.table.snapshot()?.schema().as_ref().try_into_arrow()?;
        Ok(Arc::new(schema))
    }

    /// Adds the rows in one commit, with the offsets that streams have come to with them, and
    /// returns the version it made.
    pub(crate) async fn append(
        &mut self,
        batches: &[RecordBatch],
        offsets: BTreeMap<String, i64>,
    ) -> Result<u64, DeltaError> {
        let files = write_files(&self.table, batches).await?;
        let small = files.iter().filter(|file| rewrite::is_small(file.size));
        let small = small.count();
        // What the protocol has for this: writers that know how far they have come.
        let offsets = offsets.into_iter();
        let offsets = offsets.map(|(name, offset)| Action::Txn(Transaction::new(name, offset)));
        let changes = offsets.chain(files.into_iter().map(Action::Add));
        let entry = log_entry(writing(SaveMode::Append), true, changes)?;
        let log = self.table.log_store();
        for _ in 0..MAX_RACES {
            let next = self.version + 1;
            let bytes = CommitOrBytes::LogBytes(entry.clone());
            match log.write_commit_entry(next, bytes, Uuid::new_v4()).await {
                Ok(()) => {
                    self.version = next;
                    self.small += small;
                    return Ok(next);
                }
                Err(TransactionError::VersionAlreadyExists(_)) => self.catch_up().await?,
                Err(error) => return Err(DeltaTableError::from(error).into()),
            }
        }
        Err(DeltaError::Raced)
    }

    /// Writes a checkpoint if the table wants one at this version: without them, opening the table
    /// takes longer with every commit.
    pub(crate) async fn checkpoint(&self) -> Result<(), DeltaError> {
        let every = self.table.snapshot()?.table_config().checkpoint_interval;
        let every = every.map_or(CHECKPOINT_EVERY, NonZeroU64::get);
        if self.version.is_multiple_of(every) {
            let url = self.table.table_url().clone();
            // Old log files are kept: looking for them is not worth it here.
            create_checkpoint_from_table_url_and_cleanup(url, self.version, Some(false), None)
                .await?;
            tracing::debug!(version = self.version, "checkpoint written");
        }
        Ok(())
    }

    /// The offset that a stream had come to with the newest version of the table at `path`.
    pub(crate) async fn offset_of(path: &Path, stream: &str) -> Result<Option<i64>, DeltaError> {
        let table = Self::open(path).await?.table;
        let log = table.log_store();
        let snapshot = table.snapshot()?;
        Ok(snapshot.transaction_version(&*log, stream).await?)
    }

    /// Somebody else wrote a version. If it brought or took rows, ours still stand; if it changed
    /// the table, they were checked against what is no longer true.
    async fn catch_up(&mut self) -> Result<(), DeltaError> {
        let newer = Self::open_url(self.table.table_url().clone()).await?;
        let (before, now) = (self.table.snapshot()?, newer.table.snapshot()?);
        if before.metadata() != now.metadata() || before.protocol() != now.protocol() {
            return Err(DeltaError::Changed);
        }
        self.version = newer.version;
        self.small = newer.small;
        self.foreign += 1;
        Ok(())
    }
}

async fn write_files(table: &DeltaTable, batches: &[RecordBatch]) -> Result<Vec<Add>, DeltaError> {
    let mut writer = writer(table)?;
    // One batch: Parquet pays per batch, and a group may be thousands of single records.
    if let Some(first) = batches.first() {
        let rows = concat_batches(&first.schema(), batches)?;
        writer.write(rows).await?;
    }
    Ok(writer.flush().await?)
}

/// A writer of files that are not in the log yet.
fn writer(table: &DeltaTable) -> Result<RecordBatchWriter, DeltaError> {
    let properties = WriterProperties::builder()
        .set_created_by(ENGINE.to_owned())
        .set_compression(Compression::SNAPPY)
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .build();
    Ok(RecordBatchWriter::for_table(table)?.with_writer_properties(properties))
}

/// What a commit of rows, or of columns, is called.
fn writing(mode: SaveMode) -> DeltaOperation {
    DeltaOperation::Write {
        mode,
        partition_by: None,
        predicate: None,
    }
}

/// A commit, as it is written to the log.
fn log_entry(
    operation: DeltaOperation,
    is_blind_append: bool,
    changes: impl Iterator<Item = Action>,
) -> Result<Bytes, DeltaError> {
    let mut info = operation.get_commit_info();
    info.engine_info = Some(ENGINE.to_owned());
    info.is_blind_append = Some(is_blind_append);
    info.timestamp = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .map(|since| since.as_millis() as i64);
    let mut actions = vec![Action::CommitInfo(info)];
    actions.extend(changes);
    let commit = CommitData::new(actions, operation, HashMap::new(), Vec::new());
    Ok(commit.get_bytes().map_err(DeltaTableError::from)?)
}

fn url_of(path: &Path) -> Result<Url, DeltaError> {
    Url::from_directory_path(path).map_err(|()| DeltaError::Path(path.to_owned()))
}
