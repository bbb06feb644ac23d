//! The table: what kind it is, whether a file fits it, and whether a stream to it opens.

use std::{sync::Arc, time::Duration};

use arrow_schema::{DataType, Schema, SchemaRef};
use zb_core::{
    Client, ErrorKind, TableDescription, TableName,
    convert::{Encoder, Options, SchemaError},
    retry::Policy,
};

use super::{
    To,
    access::{TABLE_TOKEN, WORKSPACE_TOKEN, no_table},
    check::Check,
    is_amiss,
    network::closed,
    remedy,
};
use crate::failure::chain;

const TABLE: &str = "table";
const SCHEMA: &str = "schema";
const STREAM: &str = "stream";

/// How long opening the stream may take.
const OPENING: Duration = Duration::from_secs(20);

pub(super) async fn look(to: To<'_>, sample: Option<SchemaRef>, checks: &mut Vec<Check>) {
    let Some(table) = to.table else {
        checks.extend([TABLE, SCHEMA, STREAM].map(no_table));
        return;
    };
    let Some(client) = to.client.filter(|_| !is_amiss(checks, WORKSPACE_TOKEN)) else {
        checks.extend([TABLE, SCHEMA, STREAM].map(|name| Check::after(name, WORKSPACE_TOKEN)));
        return;
    };
    let columns = match client.describe_table(table).await {
        Ok(described) => {
            checks.push(kind(&described));
            match described.arrow_schema(table) {
                Ok(columns) => Some(columns),
                Err(error) => {
                    let next = "send with --fit off: the service decides";
                    checks.push(Check::warning(SCHEMA, chain(&error), next));
                    None
                }
            }
        }
        Err(error) => {
            let found = chain(&error);
            checks.push(match error.kind() {
                ErrorKind::NotFound => {
                    let next = "create the table first: the service makes none; `zb schema FILE` \
                                prints the statement. If it is there, the service principal may \
                                not see it";
                    Check::failure(TABLE, found, next)
                }
                ErrorKind::Permission => Check::warning(
                    TABLE,
                    found,
                    format!(
                        "writing may work all the same; to have rows made to fit, {}",
                        remedy::grants(table, to.principal)
                    ),
                ),
                ErrorKind::Authentication | ErrorKind::Refused => Check::warning(
                    TABLE,
                    found,
                    "see that DATABRICKS_HOST is the address of the workspace itself, and not of \
                     the account or of a proxy",
                ),
                _ => Check::warning(TABLE, found, "try again"),
            });
            None
        }
    };
    let known = columns.as_ref();
    if !checks.iter().any(|check| check.name == SCHEMA) {
        checks.push(match known {
            Some(columns) => fit(sample.as_deref(), columns),
            None => Check::after(SCHEMA, TABLE),
        });
    }
    if let Some(step) = closed(checks, "endpoint") {
        checks.push(Check::after(STREAM, &step));
        return;
    }
    let schema = sample.or_else(|| known.map(|columns| Arc::new(sendable(columns))));
    checks.push(match schema {
        _ if is_amiss(checks, TABLE) => Check::after(STREAM, TABLE),
        _ if is_amiss(checks, TABLE_TOKEN) => Check::after(STREAM, TABLE_TOKEN),
        _ if checks.iter().any(|c| c.name == SCHEMA && c.is_failure()) => {
            Check::after(STREAM, SCHEMA)
        }
        Some(schema) => stream(client, table, &schema, to.principal).await,
        None => Check::skipped(
            STREAM,
            "the columns of the table are not known",
            "name a FILE with the columns to try",
        ),
    });
}

/// Whether rows can be streamed to what it is.
fn kind(described: &TableDescription) -> Check {
    let kind = described
        .table_type
        .as_deref()
        .unwrap_or("of a kind not said");
    let format = described.data_source_format.as_deref();
    let format = format.unwrap_or("in a format not said");
    let found = format!("{kind}, {format}, {} columns", described.columns.len());
    let partitions = described
        .columns
        .iter()
        .filter(|column| column.partition_index.is_some());
    let found = match partitions.count() {
        0 => found,
        by => format!("{found}, partitioned by {by}"),
    };
    let is_delta = matches!(format, "DELTA" | "in a format not said");
    match kind {
        "MANAGED" | "STREAMING_TABLE" if is_delta => Check::ok(TABLE, found),
        "MANAGED"
        | "STREAMING_TABLE"
        | "VIEW"
        | "MATERIALIZED_VIEW"
        | "FOREIGN"
        | "EXTERNAL"
        | "METRIC_VIEW"
        | "EXTERNAL_SHALLOW_CLONE" => Check::failure(
            TABLE,
            found,
            "Zerobus writes to managed Delta tables alone: make one (CREATE TABLE without LOCATION) \
             and send to that",
        ),
        _ => Check::warning(
            TABLE,
            found,
            "Zerobus writes to managed Delta tables; see that this is one",
        ),
    }
}

/// Whether the columns of a file fit the table, or those of the table itself can be sent at all.
fn fit(sample: Option<&Schema>, columns: &Schema) -> Check {
    let own = sendable(columns);
    let schema = sample.unwrap_or(&own);
    match Encoder::for_table(schema, columns, Options::default()) {
        Ok(_) if sample.is_some() => {
            let found = format!("the {} columns of the file fit", schema.fields().len());
            match lacking(schema, columns) {
                lacking if lacking.is_empty() => Check::ok(SCHEMA, found),
                lacking => Check::warning(
                    SCHEMA,
                    format!("{found}; the table has more: {}", lacking.join(", ")),
                    "they are null in the rows; say so with --allow-missing-columns, or add them",
                ),
            }
        }
        Ok(_) => Check::ok(
            SCHEMA,
            "the table can be sent to; no file to hold against it",
        ),
        Err(error) => Check::failure(SCHEMA, problems(&error), "see each column"),
    }
}

fn problems(error: &SchemaError) -> String {
    let all: Vec<String> = error.problems().iter().map(ToString::to_string).collect();
    all.join("; ")
}

/// The columns of the table that the file does not have.
fn lacking(schema: &Schema, columns: &Schema) -> Vec<String> {
    let has = |name: &str| {
        let mut fields = schema.fields().iter();
        fields.any(|field| field.name().eq_ignore_ascii_case(name))
    };
    let columns = columns.fields().iter().map(|field| field.name());
    let lacking = columns.filter(|name| !has(name));
    lacking.map(|name| format!("`{name}`")).collect()
}

/// The columns of the table without those that nobody can send.
fn sendable(columns: &Schema) -> Schema {
    let fields = columns.fields().iter();
    let sendable = fields.filter(|field| *field.data_type() != DataType::Null);
    Schema::new(sendable.cloned().collect::<Vec<_>>())
}

/// Opens a stream and closes it without a row.
async fn stream(client: &Client, table: &TableName, schema: &Schema, principal: &str) -> Check {
    let opening = client
        .sender(table, schema)
        .options(|options| options.retry(Policy::once()).connect_timeout(OPENING))
        .open();
    match opening.await {
        Ok(sender) => {
            // Nothing was handed in that could be left.
            let _ = sender.close(OPENING).await;
            Check::ok(STREAM, "opened, and closed without a row")
        }
        Err(error) => {
            let next = remedy::stream(&error, table, principal);
            Check::failure(STREAM, chain(&error), next)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::Status;

    #[test]
    fn rows_go_to_managed_delta_tables_alone() {
        let of = |table_type: &str, format: &str| {
            let json = serde_json::json!({
                "columns": [], "table_type": table_type, "data_source_format": format,
            });
            kind(&serde_json::from_value(json).unwrap()).status
        };
        assert_eq!(of("MANAGED", "DELTA"), Status::Ok);
        assert_eq!(of("STREAMING_TABLE", "DELTA"), Status::Ok);
        for kind in ["VIEW", "MATERIALIZED_VIEW", "FOREIGN", "EXTERNAL"] {
            assert_eq!(of(kind, "DELTA"), Status::Failure, "{kind}");
        }
        assert_eq!(of("MANAGED", "ICEBERG"), Status::Failure);
        assert_eq!(of("SOMETHING_NEW", "DELTA"), Status::Warning);
    }
}
