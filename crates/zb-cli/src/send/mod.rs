//! `zb send`: files to a table.
//!
//! A thread reads batches (`source.rs`), this task hands them to the sender, another one collects
//! the receipts (`receipts.rs`) into the report (`report.rs`) and keeps what was rejected
//! (`quarantine.rs`).

mod dry_run;
mod preflight;
mod progress;
mod quarantine;
mod receipts;
mod report;
mod source;

use std::{
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use arrow_array::RecordBatch;
use zb_core::{Client, Sender, convert};

use crate::{
    arguments::{Output, Send, SubMicroseconds},
    failure::Failure,
    input::Inputs,
    interrupt::Interrupt,
};

use progress::Progress;
use quarantine::Quarantine;
use receipts::Receipts;
use report::Report;
use source::Source;

/// How long rows in flight are waited for after Ctrl-C.
const INTERRUPTED_DEADLINE: Duration = Duration::from_secs(10);

/// How long rows in flight are waited for after the last one was handed in. The sender itself
/// gives up long before when nothing moves.
const DEADLINE: Duration = Duration::from_hours(1);

pub(crate) async fn run(arguments: Send) -> Result<ExitCode, Failure> {
    let started = Instant::now();
    let mut report = Report::new(&arguments.table);
    let outcome = deliver(&arguments, &mut report).await;
    report.finish(started.elapsed(), outcome.err());
    report.print(arguments.output, &arguments)?;
    Ok(report.exit_code())
}

async fn deliver(arguments: &Send, report: &mut Report) -> Result<(), Failure> {
    let interrupt = Interrupt::listen()
        .map_err(|e| Failure::failed("signals cannot be listened for").because(e))?;
    let inputs = Inputs::open(&arguments.files, &arguments.reading.options())?;
    let encoding = convert::Options::default().sub_microseconds(match arguments.sub_microseconds {
        SubMicroseconds::Reject => convert::SubMicroseconds::Reject,
        SubMicroseconds::Truncate => convert::SubMicroseconds::Truncate,
    });
    // What cannot be sent at all is found out before anything is connected to.
    let encoder = convert::Encoder::new(&inputs.schema(), encoding.clone())
        .map_err(|e| Failure::failed("the columns cannot be sent").because(e))?;
    if arguments.dry_run {
        return dry_run::run(&encoder, inputs, &interrupt, report);
    }

    let client = arguments.connection.open().await?;
    let sent = send(arguments, &client, inputs, encoding, interrupt, report).await;
    let closed = client.close().await.map_err(Failure::from);
    sent.and(closed.map(drop))
}

async fn send(
    arguments: &Send,
    client: &Client,
    inputs: Inputs,
    encoding: convert::Options,
    interrupt: Interrupt,
    report: &mut Report,
) -> Result<(), Failure> {
    let schema = inputs.schema();
    if !arguments.allow_missing_columns {
        preflight::check_columns(client, &arguments.table, &schema).await?;
    }
    let progress = Arc::new(Progress::new(
        inputs.progress().total_rows,
        arguments.output == Output::Human,
    ));
    let opened = client
        .sender(&arguments.table, &schema)
        .options(|options| options.encoding(encoding))
        .observer(progress.clone())
        .open()
        .await;
    report.attempts = progress.attempts();
    let sender = opened?;

    let receipts = Receipts::collect(Quarantine::new(&arguments.quarantine, &arguments.table));
    let source = Source::start(inputs);
    let read = hand_in(&sender, source, interrupt, &receipts, report).await;
    let closed = sender
        .close(if read.is_ok() {
            DEADLINE
        } else {
            INTERRUPTED_DEADLINE
        })
        .await;
    let collected = receipts.finish(report).await;
    report.attempts = progress.attempts();
    progress.clear();
    read?;
    if let Some(error) = closed.error {
        return Err(error.into());
    }
    collected
}

/// Hands batches in until there are no more, the user wants an end, or the sender fails.
async fn hand_in(
    sender: &Sender,
    mut source: Source,
    mut interrupt: Interrupt,
    receipts: &Receipts,
    report: &mut Report,
) -> Result<(), Failure> {
    loop {
        let batch = tokio::select! {
            biased;
            () = interrupt.wait() => return Err(interrupted()),
            batch = source.next() => batch,
        };
        let Some(batch) = batch else { return Ok(()) };
        let batch = batch?;
        let rows = batch.num_rows() as u64;
        report.rows += rows;
        match submit(sender, batch, &mut interrupt).await {
            Ok(ticket) => receipts.expect(ticket, report.rows - rows).await,
            Err(error) => {
                report.not_sent += rows;
                return Err(error.into());
            }
        }
        if interrupt.is_set() {
            return Err(interrupted());
        }
    }
}

/// Hands one batch in. When the user wants an end meanwhile, the sender is closed under it, so
/// that no wait for room lasts longer than the deadline, and the ticket still tells all.
async fn submit(
    sender: &Sender,
    batch: RecordBatch,
    interrupt: &mut Interrupt,
) -> Result<zb_core::Ticket, zb_core::ingest::Error> {
    let submit = sender.submit(batch);
    tokio::pin!(submit);
    tokio::select! {
        done = &mut submit => done,
        () = interrupt.wait() => {
            // A submit that waits for room holds the line; closing waits for it up to the deadline.
            let (done, _) = tokio::join!(submit, sender.close(INTERRUPTED_DEADLINE));
            done
        }
    }
}

fn interrupted() -> Failure {
    Failure::failed("interrupted; what was not handed in yet is not counted")
}
