//! The directory of tables: opened when they are first asked for, one task each.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU64},
};

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Fields, Schema, SchemaRef};
use tokio::sync::{Mutex, mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use zb_types::TableName;

use super::{
    Landing,
    delta::{Delta, DeltaError},
    difference::differences,
    group::Committer,
    listing,
    table::{QUEUE, Table},
};
use crate::{error::Error, faults::Faults, limits::GroupCommit, stats::Counters, watch::Watch};

/// Characters that Delta keeps out of column names, because Parquet does.
const REFUSED_IN_NAMES: &[char] = &[' ', ',', ';', '{', '}', '(', ')', '\n', '\t', '='];

/// Why a table that a client asked for cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("Table {:?} cannot be found.", .0.as_str())]
    NotFound(TableName),
    #[error("Table {:?} cannot be opened: {source}", table.as_str())]
    Unreadable {
        table: TableName,
        source: DeltaError,
    },
}

/// All tables below one directory, as `<catalog>/<schema>/<table>`.
#[derive(Debug)]
pub(crate) struct Lake {
    dir: PathBuf,
    open: Mutex<HashMap<TableName, Arc<Table>>>,
    group_commit: GroupCommit,
    counters: Arc<Counters>,
    faults: Faults,
    watch: Watch,
    committers: TaskTracker,
    killed: CancellationToken,
}

impl Lake {
    pub(crate) fn new(
        dir: PathBuf,
        group_commit: GroupCommit,
        counters: Arc<Counters>,
        faults: Faults,
        watch: Watch,
        killed: CancellationToken,
    ) -> Self {
        Self {
            dir,
            open: Mutex::default(),
            group_commit,
            counters,
            faults,
            watch,
            committers: TaskTracker::new(),
            killed,
        }
    }

    /// Where the table is, or would be.
    pub(crate) fn path(&self, table: &TableName) -> PathBuf {
        self.dir
            .join(table.catalog())
            .join(table.schema())
            .join(table.table())
    }

    /// The table, opened from the directory if it is not open yet.
    pub(crate) async fn table(&self, name: &TableName) -> Result<Arc<Table>, OpenError> {
        let mut open = self.open.lock().await;
        let path = self.path(name);
        if !Delta::exists(&path) {
            // Somebody may have removed it since it was opened.
            open.remove(name);
            return Err(OpenError::NotFound(name.clone()));
        }
        let known = open.get(name).filter(|table| !table.is_closed());
        if let Some(table) = known.filter(|table| !Delta::has_newer(&path, table.version())) {
            return Ok(table.clone());
        }
        let unreadable = |source| OpenError::Unreadable {
            table: name.clone(),
            source,
        };
        let delta = Delta::open(&path).await.map_err(unreadable)?;
        let schema = delta.schema().map_err(unreadable)?;
        if let Some(table) = known.filter(|table| *table.schema() == schema) {
            // Others have written rows and nothing else: they do not concern us.
            return Ok(table.clone());
        }
        let table = self.start(name, schema, delta);
        open.insert(name.clone(), table.clone());
        Ok(table)
    }

    /// Makes the table; one that exists is kept if its columns are the same.
    pub(crate) async fn create(
        &self,
        name: &TableName,
        schema: &Schema,
    ) -> Result<Arc<Table>, Error> {
        let refused = |reason: String| Error::Schema {
            table: name.clone(),
            reason,
        };
        let schema =
            zb_convert::delta_schema(schema).map_err(|error| refused(error.to_string()))?;
        let faults = faults_in_names(schema.fields());
        if !faults.is_empty() {
            return Err(refused(faults.join("; ")));
        }

        match self.table(name).await {
            Ok(table) => return same(table, &schema),
            Err(OpenError::NotFound(_)) => {}
            Err(OpenError::Unreadable { source, .. }) => return Err(Error::table(name, source)),
        }
        let mut open = self.open.lock().await;
        if let Some(table) = open.get(name) {
            // Two streams may have asked for the same new table.
            return same(table.clone(), &schema);
        }
        let path = self.path(name);
        tokio::fs::create_dir_all(&path)
            .await
            .map_err(|source| Error::directory(&path, source))?;
        let unusable = |source| Error::table(name, source);
        let delta = Delta::create(&path, name, &schema)
            .await
            .map_err(unusable)?;
        let table = self.start(name, delta.schema().map_err(unusable)?, delta);
        tracing::info!(table = %name, columns = schema.fields().len(), "table created");
        open.insert(name.clone(), table.clone());
        Ok(table)
    }

    /// Gives a table other columns; its rows stay unless it is `replaced`.
    pub(crate) async fn alter(
        &self,
        name: &TableName,
        schema: &Schema,
        replaced: bool,
    ) -> Result<(), Error> {
        let refused = |reason: String| Error::Schema {
            table: name.clone(),
            reason,
        };
        let schema =
            zb_convert::delta_schema(schema).map_err(|error| refused(error.to_string()))?;
        let faults = faults_in_names(schema.fields());
        if !faults.is_empty() {
            return Err(refused(faults.join("; ")));
        }
        let unusable = |source| Error::table(name, source);
        let delta = Delta::open(&self.path(name)).await.map_err(unusable)?;
        if !replaced {
            let before = delta.schema().map_err(unusable)?;
            let problems = unalterable(&before, &schema);
            if !problems.is_empty() {
                return Err(refused(problems.join("; ")));
            }
        }
        // Those who have it open find out by their next commit, or when they ask for it again.
        delta.alter(&schema, replaced).await.map_err(unusable)?;
        tracing::info!(table = %name, replaced, "table altered");
        Ok(())
    }

    /// The offset that a stream has come to in a table, as its log has it.
    pub(crate) async fn offset_of(
        &self,
        table: &TableName,
        stream: &str,
    ) -> Result<Option<i64>, OpenError> {
        Delta::offset_of(&self.path(table), stream)
            .await
            .map_err(|source| OpenError::Unreadable {
                table: table.clone(),
                source,
            })
    }

    /// All rows of a table, as its log has them now.
    pub(crate) async fn rows(&self, table: &TableName) -> Result<RecordBatch, Error> {
        let path = self.path(table);
        if !Delta::exists(&path) {
            let (table, tables) = (table.clone(), self.names()?);
            return Err(Error::TableNotFound { table, tables });
        }
        let rows = Delta::rows(&path).await;
        rows.map_err(|source| Error::table(table, source))
    }

    /// The tables that there are, in the order of their names.
    pub(crate) fn names(&self) -> Result<Vec<TableName>, Error> {
        listing::tables(&self.dir).map_err(|source| Error::directory(&self.dir, source))
    }

    /// What a commit does with rows.
    pub(crate) fn landing(&self) -> Landing {
        self.group_commit.landing
    }

    /// Lets go of all tables. Their tasks commit what is queued, and end.
    pub(crate) async fn close(&self) {
        self.open.lock().await.clear();
        self.committers.close();
        self.committers.wait().await;
    }

    fn start(&self, name: &TableName, schema: SchemaRef, delta: Delta) -> Arc<Table> {
        let (sender, orders) = mpsc::channel(QUEUE);
        let version = Arc::new(AtomicU64::new(delta.version()));
        let committer = Committer {
            table: name.clone(),
            orders,
            group_commit: self.group_commit,
            counters: self.counters.clone(),
            faults: self.faults.clone(),
            watch: self.watch.clone(),
            version: version.clone(),
        };
        let killed = self.killed.clone();
        self.committers
            .spawn(async move { killed.run_until_cancelled(committer.run(delta)).await });
        Arc::new(Table {
            name: name.clone(),
            schema,
            version,
            orders: sender,
        })
    }

    /// The tables that are open, in no order.
    pub(crate) async fn open_tables(&self) -> Vec<Arc<Table>> {
        self.open.lock().await.values().cloned().collect()
    }

    /// The directory of the tables.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }
}

fn same(table: Arc<Table>, schema: &Schema) -> Result<Arc<Table>, Error> {
    let differences = differences(table.schema(), schema);
    if differences.is_empty() {
        Ok(table)
    } else {
        let table = table.name().clone();
        Err(Error::SchemaDiffers { table, differences })
    }
}

/// What the rows there are do not allow.
fn unalterable(before: &Schema, after: &Schema) -> Vec<String> {
    let mut problems = Vec::new();
    for field in after.fields() {
        match before.field_with_name(field.name()) {
            Ok(before) => {
                let retyped = field.as_ref().clone().with_nullable(before.is_nullable());
                problems.extend(differences(
                    &Schema::new(vec![before.clone()]),
                    &Schema::new(vec![retyped]),
                ));
            }
            Err(_) if field.is_nullable() => {}
            Err(_) => problems.push(format!(
                "column {} is new and NOT NULL, and the rows there are have no value for it",
                field.name()
            )),
        }
    }
    problems
}

/// What Delta would refuse, or what a reader that does not tell cases apart could not tell apart.
fn faults_in_names(fields: &Fields) -> Vec<String> {
    let mut faults = Vec::new();
    let mut seen = HashSet::new();
    for field in fields {
        let name = field.name();
        if name.is_empty() {
            faults.push("a column has no name".to_owned());
        }
        if let Some(refused) = name.chars().find(|c| REFUSED_IN_NAMES.contains(c)) {
            faults.push(format!(
                "column {name:?} has {refused:?} in its name, which Delta refuses"
            ));
        }
        if !seen.insert(name.to_lowercase()) {
            faults.push(format!(
                "column {name:?} is there twice; upper and lower case are the same"
            ));
        }
        faults.extend(
            nested(field.data_type())
                .into_iter()
                .flat_map(faults_in_names),
        );
    }
    faults
}

fn nested(data_type: &DataType) -> Option<&Fields> {
    match data_type {
        DataType::Struct(fields) => Some(fields),
        DataType::List(field) | DataType::Map(field, _) => nested(field.data_type()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use arrow_schema::Field;

    use super::*;

    #[test]
    fn names_that_delta_refuses_are_named() {
        let inner = Fields::from(vec![
            Field::new("x", DataType::Utf8, true),
            Field::new("X", DataType::Utf8, true),
        ]);
        let fields = Fields::from(vec![
            Field::new("two words", DataType::Utf8, true),
            Field::new("fine", DataType::Struct(inner), true),
        ]);
        assert_eq!(
            faults_in_names(&fields),
            [
                "column \"two words\" has ' ' in its name, which Delta refuses",
                "column \"X\" is there twice; upper and lower case are the same",
            ]
        );
    }
}
