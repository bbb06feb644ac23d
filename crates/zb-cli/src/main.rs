//! The program `zb`: Arrow, Parquet, CSV and NDJSON files into Delta tables.

mod arguments;
mod connection;
mod doctor;
mod failure;
mod files;
mod input;
mod inspect;
mod interrupt;
mod legible;
mod logging;
mod panics;
mod replay;
mod schema;
mod send;
mod serve;
mod telemetry;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command, Exporting};
use failure::Failure;

/// Records are made on one thread and freed on another, millions of them. The allocator of glibc
/// gives each thread arenas of its own, which then grow to twice what is in use; this one is set up
/// with few (see `.cargo/config.toml`), and memory stays flat.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    panics::install();
    let telemetry = match arguments
        .command
        .exporting()
        .map_or(Ok(None), Exporting::start)
    {
        Ok(telemetry) => telemetry,
        Err(failure) => return failure.report(),
    };
    logging::install(telemetry.as_ref());
    let done = match arguments.command {
        Command::Send(arguments) => run(send::run(*arguments, telemetry), SEND_THREADS),
        Command::Serve(arguments) => run(serve::run(arguments), SERVE_THREADS),
        Command::Replay(arguments) => run(replay::run(*arguments, telemetry), SEND_THREADS),
        Command::Doctor(arguments) => run(doctor::run(*arguments), SEND_THREADS),
        Command::Inspect(arguments) => inspect::run(&arguments).map(|()| ExitCode::SUCCESS),
        Command::Schema(arguments) => schema::run(&arguments).map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|failure| failure.report())
}

/// How many threads may block at once while one table is sent to: reading, encoding, decoding and
/// committing take five. A checkpoint asks for as many as there are log entries; threads that have
/// come once take part ever after, each with a cache of memory of its own.
const SEND_THREADS: usize = 12;

/// The same for the endpoint, where each table that commits needs two at a time and must never wait
/// for those of others: tokio's own limit.
const SERVE_THREADS: usize = 512;

/// Runs a command on a runtime of its own, which ends with it: no thread is waited for that reads
/// a pipe nobody closes.
fn run(
    command: impl Future<Output = Result<ExitCode, Failure>>,
    blocking_threads: usize,
) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .max_blocking_threads(blocking_threads)
        .enable_all()
        .build()
        .map_err(|source| Failure::failed("the runtime cannot be started").because(source))?;
    let done = runtime.block_on(command);
    runtime.shutdown_background();
    done
}
