//! What became of all rows: the JSON object of the contract, and a summary for people.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use indicatif::{HumanBytes, HumanCount};
use serde::Serialize;
use zb_core::{Receipt, TableName, Totals, debug::Stats};

use crate::{
    arguments::{Output, Sending},
    failure::{self, Failure},
    legible::legible,
};

/// How many rejected rows are shown to a person; all of them are in quarantine.
const EXAMPLES: usize = 5;

/// The report of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    table: String,
    pub(crate) rows: u64,
    durable: u64,
    rejected: u64,
    pub(crate) not_sent: u64,
    unknown: u64,
    possibly_duplicated: u64,
    bytes: u64,
    pub(crate) attempts: u64,
    elapsed_ms: u64,
    rejections: Vec<Rejections>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    quarantine: Vec<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip)]
    pub(crate) mirrored: Option<Stats>,
    #[serde(skip)]
    failure: Option<Failure>,
    #[serde(skip)]
    examples: Vec<String>,
    #[serde(skip)]
    null_lists: u64,
}

#[derive(Debug, Serialize)]
struct Rejections {
    kind: &'static str,
    count: u64,
}

/// What receipts add up to.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    totals: Totals,
    examples: Vec<String>,
    pub(crate) quarantined: Vec<PathBuf>,
}

impl Tally {
    /// Adds the receipt of a batch whose first row is row `first_row` of all.
    pub(crate) fn add(&mut self, receipt: &Receipt, first_row: u64) {
        let room = EXAMPLES.saturating_sub(self.examples.len());
        self.examples
            .extend(receipt.rejected().iter().take(room).map(|rejection| {
                let row = first_row + rejection.row() as u64;
                let reason = rejection.reason();
                match rejection.column() {
                    "" => format!("row {row}: {reason}"),
                    column => format!("row {row}, column `{column}`: {reason}"),
                }
            }));
        self.totals.add(receipt);
    }
}

impl Report {
    pub(crate) fn new(table: &TableName) -> Self {
        Self {
            table: table.to_string(),
            rows: 0,
            durable: 0,
            rejected: 0,
            not_sent: 0,
            unknown: 0,
            possibly_duplicated: 0,
            bytes: 0,
            attempts: 0,
            elapsed_ms: 0,
            rejections: Vec::new(),
            quarantine: Vec::new(),
            error: None,
            mirrored: None,
            failure: None,
            examples: Vec::new(),
            null_lists: 0,
        }
    }

    pub(crate) fn add(&mut self, tally: Tally) {
        let totals = tally.totals;
        self.durable += totals.durable.count() as u64;
        self.not_sent += totals.not_sent.count() as u64;
        self.unknown += totals.unknown.count() as u64;
        self.possibly_duplicated += totals.possibly_duplicated.count() as u64;
        self.bytes += totals.bytes;
        self.null_lists += totals.null_lists;
        let room = EXAMPLES.saturating_sub(self.examples.len());
        self.examples.extend(tally.examples.into_iter().take(room));
        self.quarantine.extend(tally.quarantined);
        for (kind, count) in totals.rejections {
            let count = count as u64;
            self.rejected += count;
            match self.rejections.iter_mut().find(|known| known.kind == kind) {
                Some(known) => known.count += count,
                None => self.rejections.push(Rejections { kind, count }),
            }
        }
    }

    pub(crate) fn finish(&mut self, elapsed: Duration, failure: Option<Failure>) {
        self.elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        self.error = failure.as_ref().map(|f| f.message().to_owned());
        self.failure = failure;
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match &self.failure {
            Some(failure) => failure.exit_code(),
            None if self.rejected > 0 => ExitCode::from(failure::REJECTED),
            None => ExitCode::SUCCESS,
        }
    }

    /// Tells the user: the report on standard output, what went wrong on standard error.
    pub(crate) fn print(&self, arguments: &Sending) -> Result<(), Failure> {
        if let Some(failure) = &self.failure {
            failure.report();
        }
        let text = match arguments.output {
            Output::Json => {
                let mut json = serde_json::to_string(self).map_err(|e| Failure::of(&e))?;
                json.push('\n');
                json
            }
            // A failure before the first row has said all there is.
            Output::Human if self.failure.is_some() && self.rows == 0 => return Ok(()),
            Output::Human => legible(&self.summary(arguments)).into_owned(),
        };
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())
            .and_then(|()| out.flush())
            .map_err(|e| Failure::failed("standard output cannot be written").because(e))
    }

    fn summary(&self, arguments: &Sending) -> String {
        let count = |n| HumanCount(n).to_string();
        let seconds = self.elapsed_ms as f64 / 1000.0;
        let mut text = String::new();
        // Writing to a string never fails.
        let _ = if arguments.dry_run {
            writeln!(
                text,
                "{}: {} of {} rows could be sent; this was a dry run ({seconds:.1} s)",
                self.table,
                count(self.not_sent),
                count(self.rows),
            )
        } else {
            writeln!(
                text,
                "{}: {} of {} rows are durable ({seconds:.1} s, {} rows/s, {} sent)",
                self.table,
                count(self.durable),
                count(self.rows),
                count((self.durable as f64 / seconds.max(0.001)) as u64),
                HumanBytes(self.bytes),
            )
        };
        let mut line = |n: u64, what: &str| {
            if n > 0 {
                let _ = writeln!(text, "  {} {what}", HumanCount(n));
            }
        };
        if !arguments.dry_run {
            line(self.not_sent, "were not sent");
        }
        line(
            self.unknown,
            "were sent and not acknowledged: they may be stored",
        );
        line(
            self.possibly_duplicated,
            "are durable and may be stored twice: a connection was lost under them",
        );
        line(
            self.null_lists,
            "null lists or maps became empty ones: Protobuf does not tell them apart",
        );
        line(self.rejected, "were rejected:");
        for rejections in &self.rejections {
            let _ = writeln!(text, "    {} {}", count(rejections.count), rejections.kind);
        }
        for example in &self.examples {
            let _ = writeln!(text, "    {example}");
        }
        for path in &self.quarantine {
            let _ = writeln!(text, "  the rejected rows are in {}", path.display());
        }
        if let Some(mirrored) = &self.mirrored {
            let lacking = mirrored.dropped_rows();
            if lacking > 0 {
                let _ = writeln!(text, "  the debug mirrors lack {} rows", count(lacking));
            }
        }
        if let Some(lake) = &arguments.connection.local
            && self.durable > 0
        {
            let path: PathBuf = lake.join(self.table.replace('.', "/"));
            let _ = writeln!(text, "  the Delta table is {}", path.display());
        }
        text
    }
}
