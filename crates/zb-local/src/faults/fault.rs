//! One fault: where, which, how often, and what.

use std::time::Duration;

use serde::Deserialize;
use zb_types::TableName;

use super::{
    action::Action,
    on::{Ack, Catalog, Close, Commit, Connect, On, Open, Record, Request, Token},
};

/// Where the server asks whether something should go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    Connect,
    Token,
    Catalog,
    Open,
    Request,
    Record,
    Commit,
    Ack,
    Close,
}

impl Place {
    /// As it is written in a script.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Token => "token",
            Self::Catalog => "catalog",
            Self::Open => "open",
            Self::Request => "request",
            Self::Record => "record",
            Self::Commit => "commit",
            Self::Ack => "ack",
            Self::Close => "close",
        }
    }
}

/// One thing that goes wrong: begun by one of the functions `on_…`, finished by a method of
/// [`On`] that says what happens.
///
/// ```
/// use std::time::Duration;
/// use zb_local::faults::{Code, Fault};
///
/// let faults = [
///     Fault::on_token().nth(2).answer(503),
///     Fault::on_open().from_nth(2).times(3).status(Code::Unavailable, "restarting"),
///     Fault::on_ack().offset(4).cut(), // committed, and the acknowledgement is lost
///     Fault::on_record().column("carrier", "XX").refuse(),
///     Fault::on_commit().delay(Duration::from_millis(50)),
/// ];
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a fault happens in the server that it is given to"]
pub struct Fault {
    pub(crate) name: Option<String>,
    pub(crate) place: Place,
    pub(crate) table: Option<TableName>,
    pub(crate) offsets: Offsets,
    pub(crate) record: RecordFilter,
    pub(crate) when: When,
    pub(crate) delay: Duration,
    pub(crate) action: Option<Action>,
}

/// Which offsets a fault is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Offsets {
    #[default]
    Any,
    At(i64),
    From(i64),
}

/// Which records a fault is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RecordFilter {
    /// The name of a column, and the text of the value.
    pub(crate) column: Option<(String, String)>,
    pub(crate) larger_than: Option<usize>,
}

/// At which of the events that fit a fault happens. Events are counted from 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct When {
    pub(crate) from: u64,
    pub(crate) every: u64,
    pub(crate) times: Option<u64>,
    pub(crate) chance: Option<Chance>,
}

/// A fault that happens now and then: how likely, and the seed that makes it the same each time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Chance {
    pub(crate) probability: f64,
    pub(crate) seed: u64,
}

impl Default for When {
    fn default() -> Self {
        Self {
            from: 1,
            every: 1,
            times: None,
            chance: None,
        }
    }
}

impl When {
    /// Whether the n-th event is one of those that the fault waits for, chance aside.
    pub(crate) fn chooses(&self, nth: u64) -> bool {
        let left = nth.saturating_add(1).saturating_sub(self.from);
        left > 0 && left.is_multiple_of(self.every.max(1))
    }
}

impl Fault {
    pub(crate) fn at(place: Place) -> Self {
        Self {
            name: None,
            place,
            table: None,
            offsets: Offsets::default(),
            record: RecordFilter::default(),
            when: When::default(),
            delay: Duration::ZERO,
            action: None,
        }
    }

    /// When a TCP connection is accepted, before anything is read from it.
    pub fn on_connect() -> On<Connect> {
        On::new(Self::at(Place::Connect))
    }

    /// When a token is asked for. The table is the one that the token is to be for.
    pub fn on_token() -> On<Token> {
        On::new(Self::at(Place::Token))
    }

    /// When a table is looked up in Unity Catalog.
    pub fn on_catalog() -> On<Catalog> {
        On::new(Self::at(Place::Catalog))
    }

    /// When `create_stream` has arrived and nothing of it is checked yet: every attempt counts,
    /// also those that are going to be refused.
    pub fn on_open() -> On<Open> {
        On::new(Self::at(Place::Open))
    }

    /// When a request (a record or a batch) has arrived in a stream. What came before it is
    /// committed and acknowledged; of the request itself nothing is, where the stream ends.
    ///
    /// A delay here has the server stop reading the stream: the client runs into flow control.
    pub fn on_request() -> On<Request> {
        On::new(Self::at(Place::Request))
    }

    /// When a record has been decoded. Records are counted over all streams and requests, also
    /// when they come again. Requests before the one of the record are committed; of its own
    /// request nothing is.
    pub fn on_record() -> On<Record> {
        On::new(Self::at(Place::Record))
    }

    /// When rows are about to be committed to the table.
    pub fn on_commit() -> On<Commit> {
        On::new(Self::at(Place::Commit))
    }

    /// When rows are committed and are about to be acknowledged. Where the stream or the
    /// connection ends instead, the rows are in the table and the client does not know.
    ///
    /// Acknowledgements keep their order: a delay holds back those that come after, too.
    pub fn on_ack() -> On<Ack> {
        On::new(Self::at(Place::Ack))
    }

    /// When the client has said that it sends nothing more. A delay is before the last rows are
    /// committed, everything else after they are acknowledged.
    pub fn on_close() -> On<Close> {
        On::new(Self::at(Place::Close))
    }

    /// Gives the fault a name, under which it is counted and logged.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(when: When) -> Vec<u64> {
        (1..=10).filter(|nth| when.chooses(*nth)).collect()
    }

    #[test]
    fn events_are_chosen_by_their_number() {
        let all = When::default();
        assert_eq!(chosen(all), (1..=10).collect::<Vec<_>>());
        assert_eq!(chosen(When { from: 8, ..all }), [8, 9, 10]);
        let third = When { every: 3, ..all };
        assert_eq!(chosen(third), [3, 6, 9]);
        assert_eq!(chosen(When { from: 3, ..third }), [5, 8]);
        assert_eq!(chosen(When { every: 0, ..all }), chosen(all));
    }
}
