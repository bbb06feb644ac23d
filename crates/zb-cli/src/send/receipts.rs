//! The receipts of all batches, collected while others are still being handed in.

use tokio::{sync::mpsc, task::JoinHandle};
use zb_core::Ticket;

use super::{quarantine::Quarantine, report::Tally};
use crate::{failure::Failure, send::Report};

/// How many batches may wait for their receipt. The sender's budget of bytes is reached long
/// before; this bounds what costs no bytes, such as batches of which every row is rejected.
const OPEN_TICKETS: usize = 1_024;

/// Collects receipts in the order of the batches.
pub(crate) struct Receipts {
    tickets: mpsc::Sender<(Ticket, u64)>,
    collecting: JoinHandle<(Tally, Result<(), Failure>)>,
}

impl Receipts {
    /// Starts collecting; rejected rows go into quarantine, if there is one.
    pub(crate) fn collect(quarantine: Option<Quarantine>) -> Self {
        let (tickets, mut open) = mpsc::channel::<(Ticket, u64)>(OPEN_TICKETS);
        let collecting = tokio::spawn(async move {
            let mut tally = Tally::default();
            let mut kept = Ok(());
            while let Some((ticket, first_row)) = open.recv().await {
                let receipt = ticket.wait().await;
                tally.add(&receipt, first_row);
                if let Some(quarantine) = &quarantine
                    && kept.is_ok()
                    && !receipt.rejected().is_empty()
                {
                    kept = quarantine.keep(&receipt, first_row);
                }
            }
            let (files, closed) = quarantine.map_or((Vec::new(), Ok(())), |q| q.close());
            tally.quarantined = files;
            (tally, Failure::join([kept.err(), closed.err()]))
        });
        Self {
            tickets,
            collecting,
        }
    }

    /// A batch was handed in, whose first row is row `first_row` of all.
    pub(crate) async fn expect(&self, ticket: Ticket, first_row: u64) {
        // The collector goes on until this sender is dropped.
        let _ = self.tickets.send((ticket, first_row)).await;
    }

    /// Waits for the last receipt and adds everything up. The error is that of the quarantine.
    pub(crate) async fn finish(self, report: &mut Report) -> Result<(), Failure> {
        drop(self.tickets);
        let (tally, kept) = self
            .collecting
            .await
            .map_err(|e| Failure::failed("receipts were lost; this is a fault of zb").because(e))?;
        report.add(tally);
        kept
    }
}
