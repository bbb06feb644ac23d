//! The command line.
#![allow(
    clippy::doc_markdown,
    rustdoc::bare_urls,
    reason = "these comments are the help on a terminal, where backticks are noise"
)]

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};
use zb_core::TableName;

use crate::input::Format;

/// Arrow in, Delta out: record batches from files into Databricks Delta tables through Zerobus
/// Ingest.
#[derive(Debug, Parser)]
#[command(name = "zb", version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Send(Box<Send>),
    Serve(Serve),
    Schema(Schema),
}

/// Sends files to a Delta table.
///
/// Exits with 0 when every row is durable, 3 when some were rejected (and kept) and all others are
/// durable, 1 when it failed, 2 when the command or the configuration is wrong.
#[derive(Debug, Args)]
pub(crate) struct Send {
    /// Parquet, Arrow IPC, CSV or NDJSON files with the same columns; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// The table, as catalog.schema.table
    #[arg(long, value_name = "C.S.T")]
    pub(crate) table: TableName,

    #[command(flatten)]
    pub(crate) connection: Connection,

    #[command(flatten)]
    pub(crate) delivery: Delivery,

    #[command(flatten)]
    pub(crate) reading: Reading,

    /// Where rejected rows are kept, as Arrow files with reason columns; nothing is made there
    /// unless there are some
    #[arg(long, value_name = "DIR", default_value = "zb-quarantine")]
    pub(crate) quarantine: PathBuf,

    /// What becomes of times finer than a microsecond, which no Delta table keeps
    #[arg(long, value_enum, default_value_t = SubMicroseconds::Reject)]
    pub(crate) sub_microseconds: SubMicroseconds,

    /// Sends files that lack a column of the table; it is null in their rows. Without this, such a
    /// file is refused
    #[arg(long)]
    pub(crate) allow_missing_columns: bool,

    /// Reads and converts everything, and sends nothing. Rows that would be rejected are counted
    /// and shown, not kept; the exit code is 3 if there are any
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// What is printed on standard output
    #[arg(long, value_enum, default_value_t = Output::Human)]
    pub(crate) output: Output,
}

/// Where to send to. Flags win over the file of --config, that over --profile, that over the
/// environment (ZEROBUS_SERVER_ENDPOINT, DATABRICKS_HOST, DATABRICKS_CLIENT_ID,
/// DATABRICKS_CLIENT_SECRET or DATABRICKS_OIDC_TOKEN_FILEPATH, DATABRICKS_CONFIG_PROFILE).
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// Runs an endpoint in this process, with its Delta tables below DIR; no account is needed,
    /// and a table that is missing is made
    #[arg(long, value_name = "DIR", conflicts_with_all = ["endpoint", "host", "client_id", "client_secret_file", "oidc_token_file", "profile", "config"])]
    pub(crate) local: Option<PathBuf>,

    /// The Zerobus endpoint, such as
    /// https://1234567890.zerobus.us-west-2.cloud.databricks.com
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,

    /// The workspace, such as https://dbc-a1b2c3d4-e5f6.cloud.databricks.com
    #[arg(long, value_name = "URL")]
    pub(crate) host: Option<String>,

    /// The id of the service principal
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,

    /// A file that holds its secret and nothing else
    #[arg(long, value_name = "FILE")]
    pub(crate) client_secret_file: Option<PathBuf>,

    /// A file that holds the token of an identity provider which the workspace trusts, instead of a
    /// secret
    #[arg(long, value_name = "FILE", conflicts_with = "client_secret_file")]
    pub(crate) oidc_token_file: Option<PathBuf>,

    /// A profile of ~/.databrickscfg
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// A TOML file with endpoint, host, client_id, client_secret, oidc_token_file
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Lets secrets and rows travel in clear text to http addresses of other machines
    #[arg(long)]
    pub(crate) allow_plaintext: bool,
}

/// How rows are delivered.
#[derive(Debug, Args)]
#[command(next_help_heading = "Delivery")]
pub(crate) struct Delivery {
    /// How many streams share the rows; more than one gives up their order for throughput
    #[arg(long, value_name = "N")]
    pub(crate) streams: Option<usize>,

    /// How many encoded bytes may be on their way without an acknowledgement: 16 MiB unless said
    /// otherwise, 8 MiB with --local
    #[arg(long, value_name = "BYTES")]
    pub(crate) in_flight_bytes: Option<usize>,

    /// How long the oldest row may wait for its acknowledgement until the connection is taken for
    /// lost, such as 30s; a minute unless said otherwise
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) ack_timeout: Option<Duration>,

    /// How often connecting is tried, without an acknowledgement in between, before giving up
    #[arg(long, value_name = "N")]
    pub(crate) max_attempts: Option<u32>,

    /// For how long connecting is tried, without an acknowledgement in between, before giving up,
    /// such as 10m
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) give_up_after: Option<Duration>,

    /// Sends two more columns, which the table must have: _zb_batch, a string that is another for
    /// every batch, and _zb_row, a bigint, the place in it. Rows that are stored twice agree in
    /// both, so that a MERGE can take them out
    #[arg(long)]
    pub(crate) stamp_rows: bool,
}

/// How files are read.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reading")]
pub(crate) struct Reading {
    /// What the files are, where their names do not say it
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,

    /// How many rows of a CSV or NDJSON file decide on the types of its columns
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub(crate) infer_rows: usize,

    /// What stands for null in CSV, besides an empty cell; repeatable
    #[arg(long = "null", value_name = "TEXT")]
    pub(crate) null_values: Vec<String>,
}

impl Reading {
    pub(crate) fn options(&self) -> crate::input::Options {
        crate::input::Options {
            format: self.format,
            infer_rows: self.infer_rows,
            null_values: self.null_values.clone(),
            ..crate::input::Options::default()
        }
    }
}

/// Serves an offline Zerobus endpoint that lands rows in Delta tables.
///
/// The first line on standard output is JSON with the addresses and the credentials. Ctrl-C ends
/// it in good order.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The directory of the tables, DIR/catalog/schema/table
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// Makes a table with the columns of a Parquet or Arrow file, or of a .sql file with CREATE
    /// TABLE; an equal one that exists is kept; repeatable
    #[arg(long, value_name = "C.S.T=FILE", value_parser = create)]
    pub(crate) create: Vec<(TableName, PathBuf)>,

    /// Makes an unknown table from the descriptor of the first stream to it, which knows less than
    /// a schema: dates and times become numbers, decimals become text
    #[arg(long)]
    pub(crate) auto_create: bool,

    /// Where to listen
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0", value_parser = address)]
    pub(crate) listen: String,

    /// A second address for tokens and the catalog; without it one port serves everything
    #[arg(long, value_name = "HOST:PORT", value_parser = address)]
    pub(crate) http: Option<String>,

    /// Encrypts with a certificate authority of its own; clients must trust the certificate
    /// DIR/zb-local-ca.pem
    #[arg(long)]
    pub(crate) tls: bool,

    /// A TOML file with what goes wrong on purpose: delays, lost acknowledgements, cut connections,
    /// refused records and tokens
    #[arg(long, value_name = "FILE")]
    pub(crate) faults: Option<PathBuf>,
}

fn create(argument: &str) -> Result<(TableName, PathBuf), String> {
    let (table, file) = argument
        .split_once('=')
        .ok_or("write it as catalog.schema.table=FILE")?;
    if file.is_empty() {
        return Err("write it as catalog.schema.table=FILE".to_owned());
    }
    let table = table.parse::<TableName>().map_err(|e| e.to_string())?;
    Ok((table, file.into()))
}

/// The name of a host, or its address, and a port. Whether it can be listened on is found out later.
fn address(argument: &str) -> Result<String, String> {
    let is_address = argument.parse::<SocketAddr>().is_ok()
        || argument.rsplit_once(':').is_some_and(|(host, port)| {
            !host.is_empty() && !host.contains([':', '/', ' ']) && port.parse::<u16>().is_ok()
        });
    if is_address {
        Ok(argument.to_owned())
    } else {
        Err(
            "write it as HOST:PORT, such as 127.0.0.1:8080, or with port 0 for a free one"
                .to_owned(),
        )
    }
}

/// Prints what the schema of a file becomes.
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// A Parquet, Arrow IPC, CSV or NDJSON file; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// What to print
    #[arg(long = "as", value_enum, default_value_t = SchemaForm::Ddl)]
    pub(crate) form: SchemaForm,

    /// The name of the table in the DDL
    #[arg(long, value_name = "C.S.T", default_value = "catalog.schema.table")]
    pub(crate) table: TableName,

    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaForm {
    /// A proto2 file
    Proto,
    /// The bytes of a google.protobuf.DescriptorProto
    Descriptor,
    /// CREATE TABLE
    Ddl,
    /// Each column with its types in Arrow, Protobuf and Delta
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SubMicroseconds {
    /// The row is rejected
    Reject,
    /// The time is rounded down
    Truncate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// A summary for people
    Human,
    /// One JSON object
    Json,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn an_address_to_listen_on_is_a_host_and_a_port() {
        for right in ["127.0.0.1:0", "[::1]:8080", "localhost:80", "0.0.0.0:65535"] {
            assert_eq!(address(right).as_deref(), Ok(right));
        }
        for wrong in [
            "",
            "8080",
            ":8080",
            "localhost",
            "localhost:",
            "a:70000",
            "::1:80",
            "http://a:80",
        ] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_table_to_create_is_a_name_and_a_file() {
        let (table, file) = create("a.b.c=x=y.parquet").unwrap();
        assert_eq!(
            (table.as_str(), file),
            ("a.b.c", PathBuf::from("x=y.parquet"))
        );
        for wrong in ["a.b.c", "a.b.c=", "a.b=x", "=x"] {
            assert!(create(wrong).is_err(), "{wrong}");
        }
    }
}
