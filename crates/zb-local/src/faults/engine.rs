//! The one place where it is decided whether something goes wrong now.

use std::{
    ops::RangeInclusive,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tokio::time::sleep;
use zb_types::TableName;

use super::{
    action::Action,
    fault::{Fault, Offsets, Place},
    script::FaultScript,
};
use crate::{
    lock::lock,
    stats::Counters,
    wire::{Brake, Connection, Wire},
};

/// How often a fault could have happened, and how often it did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FaultCount {
    /// Its name; `fault N`, counted from 1, where the script gives it none.
    pub name: String,
    /// The events that fit its place, table, offset and record.
    pub seen: u64,
    /// Those at which it happened.
    pub fired: u64,
}

/// The faults of a server, asked at every event. Without a script it costs one comparison.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults(Option<Arc<Engine>>);

#[derive(Debug)]
pub(super) struct Engine {
    pub(super) watched: Vec<Watched>,
    /// How many of these are of the script; the others are switched on by hand.
    scripted: usize,
    counters: Arc<Counters>,
    brake: Arc<Brake>,
}

/// A fault, and what it has seen so far.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) fault: Fault,
    name: String,
    tally: Mutex<Tally>,
}

#[derive(Debug)]
pub(super) struct Tally {
    /// Where it is not, the fault sees nothing.
    pub(super) on: bool,
    seen: u64,
    fired: u64,
    dice: Option<StdRng>,
}

/// Something at which a fault can happen.
#[derive(Debug, Clone)]
pub(crate) struct Event<'a> {
    place: Place,
    table: Option<&'a TableName>,
    offsets: Option<RangeInclusive<i64>>,
}

/// What is to happen: nothing, as a rule.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) delay: Duration,
    pub(crate) action: Option<Action>,
}

impl<'a> Event<'a> {
    fn new(place: Place, table: Option<&'a TableName>) -> Self {
        let offsets = None;
        Self {
            place,
            table,
            offsets,
        }
    }

    pub(crate) fn connect() -> Self {
        Self::new(Place::Connect, None)
    }

    pub(crate) fn token(table: Option<&'a TableName>) -> Self {
        Self::new(Place::Token, table)
    }

    pub(crate) fn catalog(table: Option<&'a TableName>) -> Self {
        Self::new(Place::Catalog, table)
    }

    pub(crate) fn open(table: Option<&'a TableName>) -> Self {
        Self::new(Place::Open, table)
    }

    pub(crate) fn request(table: &'a TableName, offset: i64) -> Self {
        Self {
            offsets: Some(offset..=offset),
            ..Self::new(Place::Request, Some(table))
        }
    }

    pub(crate) fn commit(table: &'a TableName) -> Self {
        Self::new(Place::Commit, Some(table))
    }

    /// Everything after `last` up to and with `committed` is about to be acknowledged.
    pub(crate) fn ack(table: &'a TableName, last: Option<i64>, committed: i64) -> Self {
        let first = last.map_or(0, |last| last + 1);
        Self {
            offsets: Some(first..=committed),
            ..Self::new(Place::Ack, Some(table))
        }
    }

    pub(crate) fn close(table: &'a TableName) -> Self {
        Self::new(Place::Close, Some(table))
    }
}

impl Verdict {
    pub(crate) fn is_nothing(&self) -> bool {
        self.delay.is_zero() && self.action.is_none()
    }
}

impl Faults {
    pub(crate) fn new(script: FaultScript, counters: Arc<Counters>) -> Self {
        if script.faults().is_empty() {
            return Self::default();
        }
        Self::with_more(script, Vec::new(), counters)
    }

    /// A script, and faults that do not happen until they are switched on.
    pub(super) fn with_more(
        script: FaultScript,
        more: Vec<Fault>,
        counters: Arc<Counters>,
    ) -> Self {
        let scripted = script.faults().len();
        let watched: Vec<_> = (1..)
            .zip(script.into_faults().into_iter().chain(more))
            .map(|(number, fault)| Watched::new(number, fault))
            .collect();
        for unscripted in &watched[scripted..] {
            unscripted.tally().on = false;
        }
        Self(Some(Arc::new(Engine {
            watched,
            scripted,
            counters,
            brake: Arc::default(),
        })))
    }

    /// Whether there is a script at all.
    pub(crate) fn exist(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn engine(&self) -> Option<&Engine> {
        self.0.as_deref()
    }

    /// What is to happen at this event.
    pub(crate) fn judge(&self, event: &Event<'_>) -> Verdict {
        let mut verdict = Verdict::default();
        if let Some(engine) = &self.0 {
            for watched in &engine.watched {
                if watched.fits(event) {
                    engine.consider(watched, &mut verdict);
                }
            }
        }
        verdict
    }

    /// The same, where nothing else has to go on meanwhile: the delay is over when this returns,
    /// and what concerns the whole server has begun.
    pub(crate) async fn meet(&self, event: Event<'_>) -> Option<Action> {
        if !self.exist() {
            return None;
        }
        let Verdict { delay, action } = self.judge(&event);
        if !delay.is_zero() {
            sleep(delay).await;
        }
        self.unless_freezing(action)
    }

    /// Does what concerns the whole server, and gives back what does not.
    pub(crate) fn unless_freezing(&self, action: Option<Action>) -> Option<Action> {
        match (action, &self.0) {
            (Some(Action::Freeze(lasting)), Some(engine)) => {
                engine.brake.hold(lasting);
                None
            }
            (action, _) => action,
        }
    }

    /// Waits until the server is not frozen.
    pub(crate) async fn thawed(&self) {
        if let Some(engine) = &self.0 {
            engine.brake.released().await;
        }
    }

    /// A connection that faults can get at, and the handle for it.
    pub(crate) fn wire<S>(&self, socket: S) -> (Wire<S>, Connection) {
        match &self.0 {
            None => (Wire::plain(socket), Connection::default()),
            Some(engine) => Wire::controlled(socket, engine.brake.clone()),
        }
    }

    pub(crate) fn counts(&self) -> Vec<FaultCount> {
        let scripted = self.0.as_ref().map_or(&[][..], |engine| engine.scripted());
        scripted.iter().map(Watched::count).collect()
    }
}

impl Engine {
    pub(super) fn scripted(&self) -> &[Watched] {
        &self.watched[..self.scripted]
    }

    /// Adds a fault to the verdict if this is one of its events and its action has no rival.
    pub(super) fn consider(&self, watched: &Watched, verdict: &mut Verdict) {
        let taken = verdict.action.is_some() && watched.fault.action.is_some();
        if watched.fires(taken) {
            verdict.delay = verdict.delay.saturating_add(watched.fault.delay);
            if verdict.action.is_none() {
                verdict.action.clone_from(&watched.fault.action);
            }
            self.counters.faults_fired.add(1);
            tracing::info!(fault = watched.name, "a fault of the script");
        }
    }
}

/// The number of a fault, spread over all bits: with one seed for the whole script, faults shall not
/// draw alike, since the first would take every event that the others draw. Seeds that are close
/// together do not meet, either.
fn spread(number: u64) -> u64 {
    number.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

impl Tally {
    /// Forgets what was counted.
    pub(super) fn begin(&mut self) {
        (self.seen, self.fired) = (0, 0);
    }
}

impl Watched {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    fn new(number: u64, fault: Fault) -> Self {
        let chance = fault.when.chance;
        let tally = Tally {
            on: true,
            seen: 0,
            fired: 0,
            dice: chance.map(|chance| StdRng::seed_from_u64(chance.seed ^ spread(number))),
        };
        Self {
            name: fault
                .name
                .clone()
                .unwrap_or_else(|| format!("fault {number}")),
            fault,
            tally: Mutex::new(tally),
        }
    }

    pub(super) fn is_at(&self, place: Place, table: Option<&TableName>) -> bool {
        let fault = &self.fault;
        fault.place == place && (fault.table.is_none() || fault.table.as_ref() == table)
    }

    fn fits(&self, event: &Event<'_>) -> bool {
        let offsets = event.offsets.as_ref();
        self.is_at(event.place, event.table)
            && match self.fault.offsets {
                Offsets::Any => true,
                Offsets::At(offset) => offsets.is_some_and(|range| range.contains(&offset)),
                Offsets::From(offset) => offsets.is_some_and(|range| *range.end() >= offset),
            }
    }

    /// Counts an event that fits, and says whether the fault happens at it. Where the event is
    /// `taken` by another fault, it does not.
    fn fires(&self, taken: bool) -> bool {
        let when = self.fault.when;
        let mut tally = self.tally();
        if !tally.on {
            return false;
        }
        tally.seen += 1;
        // Thrown at every event, so that the n-th one depends on the seed, the fault's
        // number and n alone.
        let lucky = match (when.chance, &mut tally.dice) {
            (Some(chance), Some(dice)) => dice.random::<f64>() < chance.probability,
            _ => true,
        };
        let left = when.times.is_none_or(|times| tally.fired < times);
        let fires = lucky && left && !taken && when.chooses(tally.seen);
        tally.fired += u64::from(fires);
        fires
    }

    pub(super) fn count(&self) -> FaultCount {
        let tally = self.tally();
        FaultCount {
            name: self.name.clone(),
            seen: tally.seen,
            fired: tally.fired,
        }
    }

    pub(super) fn tally(&self) -> MutexGuard<'_, Tally> {
        lock(&self.tally)
    }
}

#[cfg(test)]
mod tests;
