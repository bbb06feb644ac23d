//! `zb send`: files to a table.
//!
//! A thread reads batches (`source.rs`), this task hands them to the sender, another one collects
//! the receipts (`receipts.rs`) into the report (`report.rs`) and keeps what was rejected
//! (`quarantine.rs`).

mod ending;
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

use zb_core::{Client, Closed, Sender, convert};

use crate::{
    arguments::{Output, Send, SubMicroseconds},
    failure::Failure,
    input::Inputs,
    interrupt::{Interrupt, Interrupted},
};

use ending::Ending;
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

/// How long a sender may take to close whose rows are settled, or were waited for in vain.
const SETTLED_DEADLINE: Duration = Duration::from_secs(1);

pub(crate) async fn run(arguments: Send) -> Result<ExitCode, Failure> {
    let started = Instant::now();
    let mut report = Report::new(&arguments.table);
    let outcome = deliver(&arguments, &mut report).await;
    report.finish(started.elapsed(), outcome.err());
    report.print(arguments.output, &arguments)?;
    Ok(report.exit_code())
}

async fn deliver(arguments: &Send, report: &mut Report) -> Result<(), Failure> {
    let mut interrupt = Interrupt::listen()
        .map_err(|e| Failure::failed("signals cannot be listened for").because(e))?;
    let opening = source::open(&arguments.files, arguments.reading.options());
    let inputs = interrupt.or(opening).await??;
    let encoding = convert::Options::default().sub_microseconds(match arguments.sub_microseconds {
        SubMicroseconds::Reject => convert::SubMicroseconds::Reject,
        SubMicroseconds::Truncate => convert::SubMicroseconds::Truncate,
    });
    // What cannot be sent at all is found out before anything is connected to.
    convert::Encoder::new(&inputs.schema(), encoding.clone())
        .map_err(|e| Failure::failed("the columns cannot be sent").because(e))?;
    let client = if arguments.dry_run {
        Client::builder().dry_run()?
    } else {
        interrupt.or(arguments.connection.open()).await??
    };
    let sent = send(arguments, &client, inputs, encoding, interrupt, report).await;
    let closed = client.close().await.map_err(Failure::from);
    Failure::join([sent.err(), closed.err()])
}

async fn send(
    arguments: &Send,
    client: &Client,
    inputs: Inputs,
    encoding: convert::Options,
    mut interrupt: Interrupt,
    report: &mut Report,
) -> Result<(), Failure> {
    let schema = inputs.schema();
    let progress = Arc::new(Progress::new(
        inputs.progress().total_rows,
        arguments.output == Output::Human,
    ));
    let sender = client
        .sender(&arguments.table, &schema)
        .options(|options| arguments.delivery.apply(options).encoding(encoding))
        .observer(progress.clone());
    if !arguments.allow_missing_columns && !arguments.dry_run {
        let columns = sender.table_schema();
        let checking = preflight::check_columns(client, &arguments.table, &columns);
        interrupt.or(checking).await??;
    }
    let opening = sender.open();
    let opened = interrupt.or(opening).await;
    report.attempts = progress.attempts();
    let sender = opened??;

    let quarantine =
        (!arguments.dry_run).then(|| Quarantine::new(&arguments.quarantine, &arguments.table));
    let receipts = Receipts::collect(quarantine);
    let source = Source::start(inputs);
    let (ending, closed) = drive(&sender, source, interrupt, &receipts, report).await;
    let collected = receipts.finish(report).await;
    report.attempts = progress.attempts();
    progress.clear();
    Failure::join([ending.outcome(closed.error).err(), collected.err()])
}

/// Hands everything in, waits until it is acknowledged, and closes the sender. The user may want
/// an end at any time, which leaves [`INTERRUPTED_DEADLINE`] to what is in flight.
async fn drive(
    sender: &Sender,
    source: Source,
    mut interrupt: Interrupt,
    receipts: &Receipts,
    report: &mut Report,
) -> (Ending, Closed) {
    let heeded = interrupt.clone();
    let handing = async move {
        let ending = hand_in(sender, source, heeded, receipts, report).await;
        // Why rows are not acknowledged, closing tells.
        let _ = tokio::time::timeout(DEADLINE, sender.flush()).await;
        ending
    };
    tokio::pin!(handing);
    tokio::select! {
        biased;
        ending = &mut handing => (ending, sender.close(SETTLED_DEADLINE).await),
        () = interrupt.wait() => {
            // Closing waits for the batch that is half handed in, which must go on meanwhile.
            let (ending, closed) = tokio::join!(handing, sender.close(INTERRUPTED_DEADLINE));
            (ending.cut_short(), closed)
        }
    }
}

/// Hands batches in until there are no more, the user wants an end, or something fails.
async fn hand_in(
    sender: &Sender,
    mut source: Source,
    mut interrupt: Interrupt,
    receipts: &Receipts,
    report: &mut Report,
) -> Ending {
    loop {
        let batch = match interrupt.or(source.next()).await {
            Ok(Some(Ok(batch))) => batch,
            Ok(Some(Err(error))) => return Ending::Failed(error.into()),
            Ok(None) => return Ending::Done,
            Err(Interrupted) => return Ending::Interrupted,
        };
        let rows = batch.num_rows() as u64;
        report.rows += rows;
        match sender.submit(batch).await {
            Ok(ticket) => receipts.expect(ticket, report.rows - rows).await,
            Err(error) => {
                report.not_sent += rows;
                return if interrupt.is_set() {
                    Ending::Interrupted
                } else {
                    Ending::Failed(error.into())
                };
            }
        }
    }
}
