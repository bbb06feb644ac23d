//! From messages to rows, and from receipts to offsets.

use std::{
    collections::{BTreeMap, VecDeque},
    error::Error,
    fs::File,
    io::Write as _,
    sync::Arc,
};

use arrow_array::{ArrayRef, Int64Array, RecordBatch, UInt64Array};
use serde::Deserialize;
use zb_core::{Client, TableName, Ticket};

use crate::consumer::{Consumer, Message, Polled};

const ROWS: usize = 25;

#[derive(Deserialize)]
struct Order {
    order: i64,
    cents: u64,
}

/// The first offset of each partition that is not dealt with yet.
type Offsets = BTreeMap<i32, i64>;

/// Reads from a consumer and sends to a table.
pub struct Bridge<C> {
    pub consumer: C,
    pub client: Client,
    table: TableName,
    dead_letters: File,
    rows: Vec<Order>,
    /// How far the partitions are read with `rows`.
    read: Offsets,
    /// Batches on their way, in order, with how far the partitions were read with them.
    in_flight: VecDeque<(Ticket, Offsets)>,
    pub durable: usize,
    pub rejected: usize,
    pub dead: usize,
}

impl<C: Consumer> Bridge<C> {
    pub fn new(consumer: C, client: Client, table: TableName, dead_letters: File) -> Self {
        Self {
            consumer,
            client,
            table,
            dead_letters,
            rows: Vec::new(),
            read: Offsets::new(),
            in_flight: VecDeque::new(),
            durable: 0,
            rejected: 0,
            dead: 0,
        }
    }

    /// Bridges up to the end of the consumer, and settles everything.
    pub async fn run(&mut self) -> Result<(), Box<dyn Error>> {
        while let Some(polled) = self.consumer.poll().await {
            match polled {
                Polled::Message(message) => self.take(&message)?,
                Polled::Revoked(partitions) => {
                    // The next owner begins where we have committed: so all of it is settled first.
                    self.hand_in().await?;
                    self.settle(0).await?;
                    println!("lost {partitions:?}, all of it settled");
                }
                Polled::Assigned(partitions) => println!("got {partitions:?}"),
            }
            if self.rows.len() >= ROWS {
                self.hand_in().await?;
                // Some are left on their way, so that the line is never idle.
                self.settle(4).await?;
            }
        }
        self.hand_in().await?;
        self.settle(0).await
    }

    /// A message becomes a row, or a dead letter.
    fn take(&mut self, message: &Message) -> Result<(), Box<dyn Error>> {
        match serde_json::from_str(&message.payload) {
            Ok(order) => self.rows.push(order),
            Err(error) => {
                self.dead += 1;
                let Message {
                    partition,
                    offset,
                    payload,
                } = message;
                writeln!(
                    self.dead_letters,
                    "{partition}\t{offset}\t{error}\t{payload}"
                )?;
            }
        }
        self.read.insert(message.partition, message.offset + 1);
        Ok(())
    }

    async fn hand_in(&mut self) -> Result<(), Box<dyn Error>> {
        let orders = Int64Array::from_iter_values(self.rows.iter().map(|row| row.order));
        let cents = UInt64Array::from_iter_values(self.rows.iter().map(|row| row.cents));
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("order", Arc::new(orders) as ArrayRef, false),
            ("cents", Arc::new(cents) as ArrayRef, true),
        ])?;
        self.rows.clear();
        let ticket = self.client.submit(&self.table, batch).await?;
        self.in_flight
            .push_back((ticket, std::mem::take(&mut self.read)));
        Ok(())
    }

    /// Waits for the oldest batches until so many are left, and commits what they had read.
    async fn settle(&mut self, left: usize) -> Result<(), Box<dyn Error>> {
        while self.in_flight.len() > left {
            let Some((ticket, read)) = self.in_flight.pop_front() else {
                break;
            };
            let receipt = ticket.wait().await;
            if let Some(error) = receipt.error() {
                // Nothing is committed from here on: whoever reads on reads these again.
                return Err(error.to_string().into());
            }
            if let Some(error) = receipt.quarantine_error() {
                return Err(format!("refused rows are nowhere: {error}").into());
            }
            self.durable += receipt.durable().count();
            self.rejected += receipt.rejected().len();
            // The dead letters among them have to be on the disk, too.
            self.dead_letters.sync_data()?;
            for (partition, next) in read {
                self.consumer.commit(partition, next).await;
            }
        }
        Ok(())
    }
}
