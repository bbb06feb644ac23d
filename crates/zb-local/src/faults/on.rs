//! A fault that is being written down: the place decides what can happen, so that what cannot
//! happen does not compile.

use std::{marker::PhantomData, time::Duration};

use zb_types::TableName;

use super::{
    Answer, Code,
    action::{AckAs, Action, CloseSignal, CommitFailure},
    fault::{Chance, Fault, Offsets},
};
use crate::wire::Rate;

/// What an injected end of a stream says, where the script does not say it.
pub(crate) const REFUSED: &str = "Record cannot be ingested: refused by the fault script.";

/// A fault of which the place is known, and not yet what happens. Made by the functions `on_…` of
/// [`Fault`].
///
/// Without more it is about every event of its place. [`nth`](Self::nth) and its like choose from
/// those that fit the table, the offset and the record: each fault counts them on its own, over
/// all tables and streams that fit, from 1.
#[derive(Debug, Clone)]
#[must_use = "a fault is finished by what happens"]
pub struct On<P> {
    fault: Fault,
    place: PhantomData<P>,
}

macro_rules! places {
    ($($name:ident $does:literal,)*) => { $(
        #[doc = concat!("A place for faults: ", $does, ".")]
        #[derive(Debug, Clone, Copy)]
        #[non_exhaustive]
        pub struct $name;
    )* };
}

places! {
    Connect "a connection is accepted",
    Token "a token is asked for",
    Catalog "a table is looked up",
    Open "a stream is to be opened",
    Request "a request has arrived",
    Record "a record is decoded",
    Commit "rows are to be committed",
    Ack "rows are to be acknowledged",
    Close "the client sends nothing more",
}

mod sealed {
    pub trait Sealed {}
}

/// A place that belongs to a table.
pub trait OfTable: sealed::Sealed {}
/// A place where a request over HTTP is answered.
pub trait OfHttp: sealed::Sealed {}
/// A place in the life of a stream.
pub trait OfStream: sealed::Sealed {}
/// A place where a stream goes on afterwards.
pub trait OfLiveStream: OfStream {}
/// A place where the server reads what a client sends.
pub trait OfReading: OfStream {}
/// A place that has offsets.
pub trait OfOffsets: OfStream {}
/// A place where a connection can be cut.
pub trait OfConnection: sealed::Sealed {}

macro_rules! kinds {
    ($($kind:path: $($place:ident)*;)*) => { $($( impl $kind for $place {} )*)* };
}

kinds! {
    sealed::Sealed: Connect Token Catalog Open Request Record Commit Ack Close;
    OfTable: Token Catalog Open Request Record Commit Ack Close;
    OfHttp: Token Catalog;
    OfStream: Open Request Record Ack Close;
    OfLiveStream: Open Request Ack;
    OfReading: Open Request;
    OfOffsets: Request Ack;
    OfConnection: Connect Token Catalog Open Request Record Ack Close;
}

impl<P> On<P> {
    pub(crate) fn new(fault: Fault) -> Self {
        let place = PhantomData;
        Self { fault, place }
    }

    /// At the n-th event that fits, and at no other.
    pub fn nth(mut self, n: u64) -> Self {
        self.fault.when.from = n;
        self.fault.when.times = Some(1);
        self
    }

    /// Not before the n-th event that fits.
    pub fn from_nth(mut self, n: u64) -> Self {
        self.fault.when.from = n;
        self
    }

    /// At every n-th of the events that are left; 0 counts as 1.
    pub fn every(mut self, n: u64) -> Self {
        self.fault.when.every = n;
        self
    }

    /// At most so many times.
    pub fn times(mut self, n: u64) -> Self {
        self.fault.when.times = Some(n);
        self
    }

    /// Once: [`times(1)`](Self::times).
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// With this probability, from 0 to 1. The seed, the fault's place in the script and the number of the event decide, so that a
    /// run can be repeated.
    pub fn probability(mut self, probability: f64, seed: u64) -> Self {
        self.fault.when.chance = Some(Chance { probability, seed });
        self
    }

    /// This long before it happens.
    pub fn after(mut self, delay: Duration) -> Self {
        self.fault.delay = delay;
        self
    }

    /// Nothing happens but that it takes this long.
    pub fn delay(self, delay: Duration) -> Fault {
        self.after(delay).fault
    }

    /// The whole server stops as if it were suspended: nothing is read from or written to any
    /// connection, and nothing is committed, for this long.
    pub fn freeze(self, lasting: Duration) -> Fault {
        self.does(Action::Freeze(lasting))
    }

    pub(crate) fn does(mut self, action: Action) -> Fault {
        self.fault.action = Some(action);
        self.fault
    }
}

impl<P: OfTable> On<P> {
    /// For this table alone.
    pub fn table(mut self, table: TableName) -> Self {
        self.fault.table = Some(table);
        self
    }
}

impl<P: OfOffsets> On<P> {
    /// For this offset of a stream: offsets start at 0 on every stream. An acknowledgement is for
    /// all the offsets that it is the first one to cover.
    pub fn offset(mut self, offset: i64) -> Self {
        self.fault.offsets = Offsets::At(offset);
        self
    }

    /// For this offset of a stream and those after it.
    pub fn from_offset(mut self, offset: i64) -> Self {
        self.fault.offsets = Offsets::From(offset);
        self
    }
}

impl<P: OfConnection> On<P> {
    /// The TCP connection is reset. Other streams on it break with it.
    pub fn cut(self) -> Fault {
        self.does(Action::Cut)
    }
}

impl<P: OfHttp> On<P> {
    /// This is the answer, whatever was asked.
    pub fn answer(self, answer: impl Into<Answer>) -> Fault {
        self.does(Action::Answer(answer.into()))
    }
}

impl On<Token> {
    /// The token that is issued is good for this long, and says so.
    pub fn lifetime(self, lifetime: Duration) -> Fault {
        self.does(Action::Lifetime(lifetime, None))
    }

    /// The token that is issued is good for this long, and says `expires_in` seconds.
    pub fn lifetime_but_said(self, lifetime: Duration, expires_in: i64) -> Fault {
        self.does(Action::Lifetime(lifetime, Some(expires_in)))
    }
}

impl<P: OfStream> On<P> {
    /// The stream ends with this status.
    pub fn status(self, code: Code, message: impl Into<String>) -> Fault {
        self.does(Action::Status(code, message.into().into()))
    }

    /// The stream ends as if everything were well.
    pub fn end(self) -> Fault {
        self.does(Action::End)
    }
}

impl<P: OfLiveStream> On<P> {
    /// The client gets a close signal with this duration; after it the stream is ended with
    /// `UNAVAILABLE`.
    pub fn close_signal(self, grace: Duration) -> Fault {
        self.does(Action::CloseSignal(CloseSignal::honest(grace)))
    }

    /// The same with any seconds and nanoseconds in the message, or with none, and served for
    /// `grace` in truth.
    pub fn close_signal_saying(self, said: Option<(i64, i32)>, grace: Duration) -> Fault {
        self.does(Action::CloseSignal(CloseSignal { said, grace }))
    }

    /// The token that the stream was opened with expires now: the stream ends with
    /// `UNAUTHENTICATED`, and no other can be opened with this token.
    pub fn expire_token(self) -> Fault {
        self.does(Action::ExpireToken)
    }
}

impl<P: OfReading> On<P> {
    /// The connection is reset when so many more bytes have come in from the client, which is in
    /// the middle of a message where the number is small enough.
    pub fn cut_after(self, bytes: u64) -> Fault {
        self.does(Action::CutAfter(bytes))
    }

    /// From now on the connection is read at this rate, for so long or for ever.
    pub fn read_slowly(self, bytes_per_second: u64, lasting: Option<Duration>) -> Fault {
        self.does(Action::ReadSlowly(Rate {
            bytes_per_second,
            lasting,
        }))
    }
}

impl On<Record> {
    /// Only a record with this value in this column of the table. The value is compared as text,
    /// as Arrow prints it. A null is equal to nothing.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a number is written without an ampersand"
    )]
    pub fn column(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.fault.record.column = Some((name.into(), value.to_string()));
        self
    }

    /// Only a record that has more encoded bytes than this.
    pub fn larger_than(mut self, bytes: usize) -> Self {
        self.fault.record.larger_than = Some(bytes);
        self
    }

    /// The stream ends with `INVALID_ARGUMENT`, as the service ends it at a bad record: without a
    /// word about which one it was.
    pub fn refuse(self) -> Fault {
        self.status(Code::InvalidArgument, REFUSED)
    }
}

impl On<Commit> {
    /// The disk is full: nothing is written.
    pub fn disk_full(self) -> Fault {
        self.does(Action::Fail(CommitFailure::DiskFull))
    }

    /// Nothing is written, for this reason.
    pub fn fail(self, reason: impl Into<String>) -> Fault {
        self.does(Action::Fail(CommitFailure::Other(reason.into().into())))
    }
}

impl On<Ack> {
    /// The acknowledgement is not sent. The next one that is sent covers it.
    pub fn withhold(self) -> Fault {
        self.does(Action::Withhold)
    }

    /// The acknowledgement says this offset, whatever is true.
    pub fn saying(self, offset: i64) -> Fault {
        self.does(Action::Acknowledge(AckAs::Exactly(offset)))
    }

    /// The acknowledgement says so many offsets fewer than are committed. The rest is acknowledged
    /// with the next commit.
    pub fn behind(self, offsets: i64) -> Fault {
        self.does(Action::Acknowledge(AckAs::Behind(offsets)))
    }

    /// The acknowledgement says so many offsets more than were received.
    pub fn beyond(self, offsets: i64) -> Fault {
        self.does(Action::Acknowledge(AckAs::Beyond(offsets)))
    }

    /// The acknowledgement is sent twice.
    pub fn twice(self) -> Fault {
        self.does(Action::Acknowledge(AckAs::Twice))
    }

    /// After the acknowledgement comes another one of so many offsets fewer.
    pub fn backwards(self, offsets: i64) -> Fault {
        self.does(Action::Acknowledge(AckAs::Backwards(offsets)))
    }

    /// The acknowledgement has no offset.
    pub fn without_offset(self) -> Fault {
        self.does(Action::Acknowledge(AckAs::Absent))
    }

    /// The connection ends in the middle of a message: its last byte is not written.
    pub fn cut_mid_message(self) -> Fault {
        self.does(Action::CutMidMessage)
    }
}
