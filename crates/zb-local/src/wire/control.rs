//! The power over one connection, held by those who serve what came over it.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard},
    task::Context,
    time::Duration,
};

use futures::task::AtomicWaker;
use tokio::time::Instant;

use super::Brake;
use crate::{later::later, lock::lock};

/// How fast a connection is read, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) bytes_per_second: u64,
    pub(crate) lasting: Option<Duration>,
}

/// A handle for the connection that a request came over. One without power, where there is no
/// script, does nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connection(Option<Arc<Control>>);

/// What a connection is told.
#[derive(Debug)]
pub(super) struct Control {
    brake: Arc<Brake>,
    orders: Mutex<Orders>,
    /// Who drives the connection, and must hear of orders that come while it waits.
    driver: AtomicWaker,
}

#[derive(Debug, Default)]
struct Orders {
    ending: Option<Ending>,
    half_a_message: bool,
    /// How many bytes may still be read.
    left: Option<u64>,
    rate: Option<(u64, Option<Instant>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Closed,
    Reset,
}

/// What may be done with a connection now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Allowed {
    /// How much may be read at once, where it matters.
    pub(super) bytes: Option<usize>,
    /// The next write is the last one, and must not be complete.
    pub(super) half_a_message: bool,
}

impl Connection {
    pub(super) fn of(control: Arc<Control>) -> Self {
        Self(Some(control))
    }

    /// Resets the connection.
    pub(crate) fn cut(&self) {
        self.order(|orders| orders.ending = Some(Ending::Reset));
    }

    /// Lets the next write through but for its last byte, and then ends the connection.
    pub(crate) fn cut_mid_message(&self) {
        self.order(|orders| orders.half_a_message = true);
    }

    /// Resets the connection when so many more bytes have come in.
    pub(crate) fn cut_after(&self, bytes: u64) {
        self.order(|orders| orders.left = Some(bytes));
    }

    /// Reads at this rate from now on.
    pub(crate) fn read_slowly(&self, rate: Rate) {
        let until = rate.lasting.map(later);
        self.order(|orders| orders.rate = Some((rate.bytes_per_second.max(1), until)));
    }

    fn order(&self, change: impl FnOnce(&mut Orders)) {
        if let Some(control) = &self.0 {
            change(&mut control.orders());
            control.driver.wake();
        }
    }
}

impl Control {
    pub(super) fn new(brake: Arc<Brake>) -> Self {
        Self {
            brake,
            orders: Mutex::default(),
            driver: AtomicWaker::new(),
        }
    }

    pub(super) fn brake(&self) -> &Brake {
        &self.brake
    }

    /// Has the task of `cx` woken by the next order.
    pub(super) fn wake_up(&self, cx: &Context<'_>) {
        self.driver.register(cx.waker());
    }

    pub(super) fn allowed(&self) -> io::Result<Allowed> {
        let mut orders = self.orders();
        if orders.left == Some(0) {
            orders.ending.get_or_insert(Ending::Reset);
        }
        if orders.ending.is_some() {
            return Err(io::Error::new(
                io::ErrorKind::ConnectionAborted,
                "cut by the fault script",
            ));
        }
        if let Some((_, Some(until))) = orders.rate
            && until <= Instant::now()
        {
            orders.rate = None;
        }
        // A tenth of a second at a time, so that the rate is not made of bursts.
        let sip = orders.rate.map(|(rate, _)| (rate / 10).max(1));
        let bytes = [sip, orders.left].into_iter().flatten().min();
        Ok(Allowed {
            bytes: bytes.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX)),
            half_a_message: orders.half_a_message,
        })
    }

    /// Takes note of what was read, and says until when no more must be read.
    pub(super) fn has_read(&self, bytes: usize) -> Option<Instant> {
        let mut orders = self.orders();
        if let Some(left) = &mut orders.left {
            *left = left.saturating_sub(bytes as u64);
        }
        let (rate, _) = orders.rate?;
        Some(Instant::now() + Duration::from_secs_f64(bytes as f64 / rate as f64))
    }

    /// Ends the connection, not by a reset: what was written is to arrive.
    pub(super) fn end(&self) {
        self.orders().ending = Some(Ending::Closed);
        self.driver.wake();
    }

    pub(super) fn is_reset(&self) -> bool {
        self.orders().ending == Some(Ending::Reset)
    }

    fn orders(&self) -> MutexGuard<'_, Orders> {
        lock(&self.orders)
    }
}
