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
    path::Path,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use zb_core::{Client, Closed, Sender, convert, telemetry::Telemetry};

use crate::{
    arguments::{Output, Send, Sending},
    connection::QUARANTINE,
    failure::Failure,
    input::Error,
    interrupt::{Interrupt, Interrupted},
    telemetry,
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

/// Batches of one schema, in their order.
pub(crate) struct Part {
    pub(crate) schema: SchemaRef,
    pub(crate) batches: Box<dyn Iterator<Item = Result<RecordBatch, Error>> + std::marker::Send>,
    /// Where it is known beforehand.
    pub(crate) total_rows: Option<u64>,
    pub(crate) form: Form,
}

/// What batches were made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Data with types of its own, made to fit the table.
    Data,
    /// Records that were sent before, which are as a table takes them: a time is an integer there.
    Records,
}

pub(crate) async fn run(
    arguments: Send,
    telemetry: Option<Telemetry>,
) -> Result<ExitCode, Failure> {
    let opening = source::open(&arguments.files, arguments.reading.options());
    let opening = async {
        let inputs = opening.await?;
        Ok(vec![Part {
            schema: inputs.schema(),
            total_rows: inputs.progress().total_rows,
            batches: Box::new(inputs),
            form: Form::Data,
        }])
    };
    parts(&arguments.sending, telemetry, opening).await
}

/// Sends parts one after another and says what became of all rows.
pub(crate) async fn parts(
    arguments: &Sending,
    telemetry: Option<Telemetry>,
    opening: impl Future<Output = Result<Vec<Part>, Failure>>,
) -> Result<ExitCode, Failure> {
    let started = Instant::now();
    let mut report = Report::new(&arguments.table);
    let outcome = deliver(arguments, telemetry.as_ref(), opening, &mut report).await;
    telemetry::finish(telemetry).await;
    report.finish(started.elapsed(), outcome.err());
    report.print(arguments)?;
    Ok(report.exit_code())
}

async fn deliver(
    arguments: &Sending,
    telemetry: Option<&Telemetry>,
    opening: impl Future<Output = Result<Vec<Part>, Failure>>,
    report: &mut Report,
) -> Result<(), Failure> {
    let mut interrupt = Interrupt::listen()
        .map_err(|e| Failure::failed("signals cannot be listened for").because(e))?;
    let parts = interrupt.or(opening).await??;
    let mut builder = Client::builder();
    if let Some(telemetry) = telemetry {
        builder = builder.recorder(telemetry.recorder());
    }
    let client = interrupt.or(arguments.open(builder)).await??;
    let mirrors = client.mirrors().cloned();
    let mut sent = check(&client, &parts);
    for part in parts {
        if sent.is_err() {
            break;
        }
        sent = send(arguments, &client, part, interrupt.clone(), report).await;
    }
    let closed = client.close().await.map_err(Failure::from);
    report.mirrored = mirrors.map(|mirrors| mirrors.stats());
    Failure::join([sent.err(), closed.err()])
}

/// Finds out what cannot be sent at all before anything is connected to. A table whose columns are known
/// may have no need of it.
fn check(client: &Client, parts: &[Part]) -> Result<(), Failure> {
    if client.settings().value("fit") != Some("off") {
        return Ok(());
    }
    for part in parts {
        convert::Encoder::new(&part.schema, convert::Options::default())
            .map_err(|e| Failure::failed("the columns cannot be sent").because(e))?;
    }
    Ok(())
}

async fn send(
    arguments: &Sending,
    client: &Client,
    part: Part,
    mut interrupt: Interrupt,
    report: &mut Report,
) -> Result<(), Failure> {
    let progress = Arc::new(Progress::new(
        part.total_rows,
        arguments.output == Output::Human,
    ));
    let sender = client
        .sender(&arguments.table, &part.schema)
        .options(|options| match part.form {
            Form::Data => options,
            Form::Records => options.unfitted(),
        })
        .observer(progress.clone());
    if !arguments.allow_missing_columns && !arguments.dry_run {
        let columns = sender.table_schema();
        let checking = preflight::check_columns(client, &arguments.table, &columns);
        interrupt.or(checking).await??;
    }
    let before = report.attempts;
    let opening = sender.open();
    let opened = interrupt.or(opening).await;
    report.attempts = before + progress.attempts();
    let sender = opened??;

    let quarantine = if arguments.dry_run {
        None
    } else {
        let directory = client.settings().path("quarantine");
        let directory = directory.unwrap_or(Path::new(QUARANTINE));
        Some(Quarantine::new(directory, &arguments.table)?)
    };
    let receipts = Receipts::collect(quarantine);
    let source = Source::start(part.batches);
    let (ending, closed) = drive(&sender, source, interrupt, &receipts, report).await;
    let collected = receipts.finish(report).await;
    report.attempts = before + progress.attempts();
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
