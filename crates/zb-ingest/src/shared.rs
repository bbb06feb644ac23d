//! What a sender and its lanes share.

use std::sync::Arc;

use tokio::sync::Mutex;
use zb_convert::{ChunkLimit, EncodedVecs};
use zb_types::TableName;

use crate::{
    Error, Event, SenderOptions, TokenSource,
    budget::Budget,
    lane::Line,
    ledger::Ledger,
    observer::Observers,
    plan::{Form, Plan, Plans},
    records::Records,
    sdk::Stream,
    slow_down::Outcomes,
};

pub(crate) struct Shared {
    pub(crate) table: TableName,
    pub(crate) plans: Plans,
    pub(crate) limit: ChunkLimit,
    pub(crate) ledger: Ledger,
    pub(crate) budget: Budget,
    pub(crate) outcomes: Arc<Outcomes>,
    pub(crate) options: SenderOptions,
    pub(crate) observers: Observers,
    pub(crate) tokens: Arc<dyn TokenSource>,
    /// Rows that are sent again are encoded into it, one request at a time.
    pub(crate) again: Mutex<EncodedVecs>,
}

impl Shared {
    /// One attempt to open a stream for records of a plan.
    pub(crate) async fn open(&self, line: &Arc<Line>, plan: &Plan) -> Result<Stream, Error> {
        let tokens = Arc::clone(&self.tokens);
        let line = Arc::clone(line);
        let observers = self.observers.clone();
        Stream::open(
            &self.table,
            &plan.form,
            tokens,
            &self.options,
            observers,
            line,
        )
        .await
    }

    /// Tells of records that are about to be handed over.
    pub(crate) fn sending(&self, plan: &Plan, records: &Records, again: bool) {
        match (records, &plan.form) {
            (Records::Protobuf(records), Form::Protobuf(_, descriptor)) => {
                self.observers.tell(&Event::Sending {
                    descriptor,
                    records,
                    again,
                });
            }
            #[cfg(feature = "flight")]
            (Records::Flight(batch), _) => {
                self.observers.tell(&Event::SendingBatch { batch, again });
            }
            #[cfg(feature = "flight")]
            (Records::Protobuf(_), Form::Flight(_)) => {
                debug_assert!(false, "records of another plan");
            }
        }
    }

    /// The sender delivers no more; gives back the first cause.
    pub(crate) fn fail(&self, error: &Error) -> Error {
        self.budget.close();
        self.ledger.fail(error)
    }

    pub(crate) fn closed(&self) -> Error {
        Error::Closed {
            table: self.table.clone(),
        }
    }

    pub(crate) fn internal(&self, problem: String) -> Error {
        Error::Internal {
            table: self.table.clone(),
            problem,
        }
    }
}
