//! The command line.
#![allow(
    clippy::doc_markdown,
    rustdoc::bare_urls,
    reason = "these comments are the help on a terminal, where backticks are noise"
)]

mod sending;
mod settings;

use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use zb_core::TableName;

pub(crate) use sending::{Connection, Exporting, Sending};
pub(crate) use settings::Flag;

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
    Inspect(Inspect),
    Replay(Box<Replay>),
    Doctor(Box<Doctor>),
}

impl Command {
    /// Whether, and where to, metrics and spans are exported.
    pub(crate) fn exporting(&self) -> Option<&Exporting> {
        match self {
            Self::Send(send) => Some(&send.sending.telemetry),
            Self::Replay(replay) => Some(&replay.sending.telemetry),
            Self::Serve(_) | Self::Schema(_) | Self::Inspect(_) | Self::Doctor(_) => None,
        }
    }
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

    #[command(flatten)]
    pub(crate) reading: Reading,

    #[command(flatten)]
    pub(crate) sending: Sending,
}

/// Shows what is in debug or quarantine files.
///
/// Of each file its table, kind, age, size and how it ends; its columns; the span of its times; and
/// its first rows. Of a directory every such file in it.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// A file that --debug-dir or --quarantine has left (.arrows, .pb), or a directory with some
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// How many rows of each file are shown
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) rows: usize,

    /// What is printed
    #[arg(long = "as", value_enum, default_value_t = InspectForm::Table)]
    pub(crate) form: InspectForm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum InspectForm {
    /// For people
    Table,
    /// One JSON object
    Json,
}

/// Sends debug or quarantine files again.
///
/// Rows of quarantine files go without their reason columns. Files of several schemas are sent one
/// after another. A file that was cut short is sent up to its last whole batch or record, and it is
/// said. Exits as `zb send` does.
#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// Files that --debug-dir or --quarantine has left (.arrows, .pb), or directories with some of one
    /// kind
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) sending: Sending,
}

/// Checks the way from here to a table, and says what to do about what fails.
///
/// One line for each check: the configuration, the form of the endpoint, proxies, names, connections,
/// certificates, tokens, the kind of the table, whether a file fits it, and whether a stream to it
/// opens. Nothing is written. Exits with 0 when no check failed, 1 when one did, 2 when the command or
/// the configuration cannot be read.
#[derive(Debug, Args)]
// Refused, in words of its own: it looks at the way to a service.
#[command(mut_arg("local", |local| local.hide(true)))]
pub(crate) struct Doctor {
    /// A file to hold against the table; `-` is standard input
    #[arg(value_name = "FILE", requires = "table")]
    pub(crate) file: Option<PathBuf>,

    /// The table, as catalog.schema.table; without it, what concerns a table is skipped
    #[arg(long, value_name = "C.S.T")]
    pub(crate) table: Option<TableName>,

    #[command(flatten)]
    pub(crate) connection: Connection,

    #[command(flatten)]
    pub(crate) reading: Reading,

    /// What is printed on standard output
    #[arg(long, value_enum, default_value_t = Output::Human)]
    pub(crate) output: Output,
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
    /// a schema: dates and times become numbers, decimals become text. Later files go there as they
    /// are with --fit off
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

    /// Puts the small files of a table together whenever it has more than N of them
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "50")]
    pub(crate) compact: Option<NonZeroUsize>,

    /// Serves a page at /ui for a browser on this machine: what comes in, what is refused, and
    /// switches for faults; the first line on standard output has its URL
    #[arg(long)]
    pub(crate) ui: bool,
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
    fn small_files_are_put_together_on_demand() {
        let compact = |more: &[&str]| {
            let arguments = ["zb", "serve", "--dir", "lake"].iter().chain(more);
            match Arguments::try_parse_from(arguments).ok()?.command {
                Command::Serve(serve) => Some(serve.compact.map(NonZeroUsize::get)),
                _ => None,
            }
        };
        assert_eq!(compact(&[]), Some(None));
        assert_eq!(compact(&["--compact"]), Some(Some(50)));
        assert_eq!(compact(&["--compact", "7"]), Some(Some(7)));
        assert_eq!(compact(&["--compact", "--ui"]), Some(Some(50)));
        assert_eq!(compact(&["--compact", "0"]), None);
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
