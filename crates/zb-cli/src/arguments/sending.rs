//! What `zb send` and `zb replay` have in common.

use std::path::PathBuf;

use clap::Args;
use zb_core::TableName;

use super::{
    Output,
    settings::{Flags, How, Where},
};

/// Where rows go, how, and what is said about it.
#[derive(Debug, Args)]
pub(crate) struct Sending {
    /// The table, as catalog.schema.table
    #[arg(long, value_name = "C.S.T")]
    pub(crate) table: TableName,

    #[command(flatten)]
    pub(crate) connection: Connection,

    #[command(flatten)]
    pub(crate) how: Flags<How>,

    #[command(flatten)]
    pub(crate) telemetry: Exporting,

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
/// DATABRICKS_CLIENT_SECRET or DATABRICKS_OIDC_TOKEN_FILEPATH, DATABRICKS_CONFIG_PROFILE, and
/// ZEROBUS_STREAMS and the like for every other setting).
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// Runs an endpoint in this process, with its Delta tables below DIR; no account is needed,
    /// and a table that is missing is made
    #[arg(long, value_name = "DIR", conflicts_with_all = ["endpoint", "host", "client_id", "client_secret", "oidc_token_file", "profile"])]
    pub(crate) local: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) flags: Flags<Where>,

    /// A profile of ~/.databrickscfg
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// A TOML file with settings: endpoint, host, streams and so on; every setting that has a flag here
    /// may be in it, client_secret itself instead of a file
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
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
