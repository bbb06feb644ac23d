//! Faults that are switched on and off while the server runs.

use std::{sync::Arc, time::Duration};

use super::{Code, Fault, engine::Faults, script::FaultScript, words};
use crate::stats::Counters;

/// A fault, as somebody sees it who may switch it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Switch {
    pub(crate) name: String,
    /// What it is about and what it does, in words.
    pub(crate) does: String,
    pub(crate) on: bool,
    /// Whether it is of the script of the server.
    pub(crate) scripted: bool,
    /// The events that fitted while it was on, and those at which it happened.
    pub(crate) seen: u64,
    pub(crate) fired: u64,
}

impl Faults {
    /// A script whose faults are on, and some that are at hand and off. One of those that happen
    /// once is off again when it has happened.
    pub(crate) fn switched(script: FaultScript, counters: Arc<Counters>) -> Self {
        Self::with_more(script, at_hand(), counters)
    }

    /// Switches the faults of the script that have this name, and says whether there are any. One that
    /// is switched on begins to count anew.
    pub(crate) fn switch_named(&self, name: &str, on: bool) -> bool {
        let scripted = self.engine().map_or(&[][..], |engine| engine.scripted());
        let mut found = false;
        for watched in scripted.iter().filter(|watched| watched.name() == name) {
            let mut tally = watched.tally();
            if on {
                tally.begin();
            }
            tally.on = on;
            found = true;
            tracing::info!(fault = name, on, "a fault is switched");
        }
        found
    }

    /// All faults: those of the script first.
    pub(crate) fn switches(&self) -> Vec<Switch> {
        let Some(engine) = self.engine() else {
            return Vec::new();
        };
        let scripted = engine.scripted().len();
        let watched = engine.watched.iter().enumerate();
        watched
            .map(|(number, watched)| {
                let count = watched.count();
                let spent = watched.fault.when.times == Some(count.fired);
                let scripted = number < scripted;
                Switch {
                    name: count.name,
                    does: words::of(&watched.fault),
                    on: watched.tally().on && (scripted || !spent),
                    scripted,
                    seen: count.seen,
                    fired: count.fired,
                }
            })
            .collect()
    }

    /// Switches a fault, by its place among the [`switches`](Self::switches), and gives its name;
    /// nothing, where there is no such fault. One at hand begins to count anew.
    pub(crate) fn switch(&self, number: usize, on: bool) -> Option<&str> {
        let engine = self.engine()?;
        let watched = engine.watched.get(number)?;
        let mut tally = watched.tally();
        if on && number >= engine.scripted().len() {
            tally.begin();
        }
        tally.on = on;
        let name = watched.name();
        tracing::info!(fault = name, on, "a fault is switched by hand");
        Some(name)
    }
}

/// What people want to see happen without writing a script.
fn at_hand() -> Vec<Fault> {
    let second = Duration::from_secs(1);
    let restarting = "Injected by hand: the server is restarting.";
    vec![
        Fault::on_ack()
            .withhold()
            .named("Withhold acknowledgements"),
        Fault::on_request()
            .once()
            .status(Code::Unavailable, restarting)
            .named("UNAVAILABLE at the next request"),
        Fault::on_ack()
            .once()
            .cut()
            .named("Lose the next acknowledgement, and the connection"),
        Fault::on_token()
            .answer(500)
            .named("500 from the token endpoint"),
        Fault::on_commit()
            .delay(second)
            .named("Commits take a second longer"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::{Action, Event};

    fn faults(script: impl Into<FaultScript>) -> Faults {
        Faults::switched(script.into(), Arc::default())
    }

    fn number(faults: &Faults, name: &str) -> usize {
        let all = faults.switches();
        all.iter().position(|switch| switch.name == name).unwrap()
    }

    #[test]
    fn a_fault_of_the_script_is_on_until_it_is_switched_off() {
        let faults = faults([Fault::on_connect().cut().named("no way in")]);
        let cut = || faults.judge(&Event::connect()).action == Some(Action::Cut);
        assert!(cut());
        assert_eq!(faults.switch(0, false), Some("no way in"));
        assert!(!cut());
        let switch = &faults.switches()[0];
        assert!(switch.scripted && !switch.on);
        assert_eq!((switch.seen, switch.fired), (1, 1));
        faults.switch(0, true);
        assert!(cut());
        // What is at hand is no part of the script, and is not counted with it.
        assert_eq!(faults.counts().len(), 1);
    }

    #[test]
    fn what_is_at_hand_does_nothing_until_it_is_switched_on() {
        let faults = faults([]);
        assert_eq!(faults.counts(), []);
        let number = number(&faults, "500 from the token endpoint");
        assert!(faults.judge(&Event::token(None)).is_nothing());
        faults.switch(number, true);
        for _ in 0..3 {
            assert!(!faults.judge(&Event::token(None)).is_nothing());
        }
        faults.switch(number, false);
        assert!(faults.judge(&Event::token(None)).is_nothing());
        assert_eq!(faults.switches()[number].fired, 3);
        assert_eq!(faults.switch(99, true), None);
    }

    #[test]
    fn a_fault_is_switched_by_its_name_and_counts_anew() {
        let faults = Faults::new(
            [Fault::on_connect().once().cut().named("no way in")].into(),
            Arc::default(),
        );
        let cut = || faults.judge(&Event::connect()).action == Some(Action::Cut);
        assert!(faults.switch_named("no way in", false));
        assert!(!cut());
        for _ in 0..2 {
            assert!(faults.switch_named("no way in", true));
            assert!(cut() && !cut());
        }
        assert_eq!((faults.counts()[0].seen, faults.counts()[0].fired), (2, 1));
        assert!(!faults.switch_named("no way out", true));
        assert!(!Faults::default().switch_named("no way in", true));
    }

    #[test]
    fn what_happens_once_is_off_again_and_can_be_switched_on_again() {
        let faults = faults([]);
        let table = "a.b.c".parse().unwrap();
        let number = number(&faults, "UNAVAILABLE at the next request");
        for _ in 0..2 {
            faults.switch(number, true);
            assert!(faults.switches()[number].on);
            assert!(!faults.judge(&Event::request(&table, 7)).is_nothing());
            assert!(!faults.switches()[number].on);
            assert!(faults.judge(&Event::request(&table, 8)).is_nothing());
        }
    }
}
