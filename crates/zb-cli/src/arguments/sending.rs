//! What `zb send` and `zb replay` have in common.

use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};
use zb_core::TableName;

use super::Output;

/// Where rows go, how, and what is said about it.
#[derive(Debug, Args)]
pub(crate) struct Sending {
    /// The table, as catalog.schema.table
    #[arg(long, value_name = "C.S.T")]
    pub(crate) table: TableName,

    #[command(flatten)]
    pub(crate) connection: Connection,

    #[command(flatten)]
    pub(crate) delivery: Delivery,

    #[command(flatten)]
    pub(crate) debug: Debugging,

    #[command(flatten)]
    pub(crate) telemetry: Exporting,

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

    /// Whether rows are made to fit the table, whose columns Unity Catalog tells
    #[arg(long, value_enum, default_value_t = Fit::WhenReadable)]
    pub(crate) fit: Fit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Fit {
    /// Where its columns can be read
    WhenReadable,
    /// Always: nothing is sent where they cannot be read
    Required,
    /// Never: the service decides
    Off,
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

/// Mirrors of what is handed in and of what is sent, for people to look at.
#[derive(Debug, Args)]
#[command(next_help_heading = "Debugging")]
pub(crate) struct Debugging {
    /// Keeps both, DIR/zerobus/arrow/ as Arrow IPC streams and DIR/zerobus/proto/ as length-delimited
    /// Protobuf with its descriptor; `zb inspect` shows them. A mirror that fails fails no send
    #[arg(long = "debug-dir", value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,

    /// Only one of the two
    #[arg(long = "debug-only", value_enum, requires = "directory")]
    pub(crate) only: Option<Mirror>,

    /// When another file is begun
    #[arg(long = "debug-file-bytes", value_name = "BYTES", default_value_t = 100 << 20)]
    pub(crate) file_bytes: u64,

    /// How many files of each table and kind are kept; the oldest go first
    #[arg(long = "debug-keep-files", value_name = "N", requires = "directory")]
    pub(crate) keep_files: Option<u64>,

    /// A column whose values are not to be on the disk: a keyed hash stands for each; repeatable
    #[arg(long = "debug-hash", value_name = "COLUMN", requires = "directory")]
    pub(crate) hash: Vec<String>,
}

/// Metrics and spans to an OpenTelemetry collector.
#[derive(Debug, Args)]
#[command(next_help_heading = "Telemetry")]
pub(crate) struct Exporting {
    /// Exports metrics and spans to this collector, such as http://localhost:4318; without a URL to
    /// the one that OTEL_EXPORTER_OTLP_ENDPOINT names. The other variables of OpenTelemetry apply
    #[arg(long = "otlp", value_name = "URL", num_args = 0..=1, default_missing_value = "")]
    pub(crate) otlp: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mirror {
    /// What is handed in
    Arrow,
    /// What is sent
    Proto,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SubMicroseconds {
    /// The row is rejected
    Reject,
    /// The time is rounded down
    Truncate,
}
