//! A fault in a line of words.

use std::time::Duration;

use super::{
    action::{AckAs, Action, CommitFailure},
    fault::{Fault, Offsets},
};

/// Where it happens, to what, how often, and what it is.
pub(super) fn of(fault: &Fault) -> String {
    let mut words = format!("on {}", fault.place.word());
    let mut add = |more: String| words.push_str(&more);
    if let Some(table) = &fault.table {
        add(format!(" of {table}"));
    }
    match fault.offsets {
        Offsets::Any => {}
        Offsets::At(offset) => add(format!(" at offset {offset}")),
        Offsets::From(offset) => add(format!(" from offset {offset}")),
    }
    if let Some((column, value)) = &fault.record.column {
        add(format!(" with {column} = {value}"));
    }
    if let Some(bytes) = fault.record.larger_than {
        add(format!(" larger than {bytes} bytes"));
    }
    let when = fault.when;
    if when.from > 1 {
        add(format!(", from the {}. one", when.from));
    }
    if when.every > 1 {
        add(format!(", every {}. one", when.every));
    }
    if let Some(chance) = when.chance {
        add(format!(", {} in 100", chance.probability * 100.0));
    }
    match when.times {
        None => {}
        Some(1) => add(", once".to_owned()),
        Some(times) => add(format!(", {times} times")),
    }
    let delay = (!fault.delay.is_zero()).then(|| format!("wait {}", span(fault.delay)));
    let action = fault.action.as_ref().map(action);
    let what: Vec<_> = delay.into_iter().chain(action).collect();
    add(format!(": {}", what.join(", then ")));
    words
}

fn action(action: &Action) -> String {
    match action {
        Action::Freeze(lasting) => format!("freeze the server for {}", span(*lasting)),
        Action::Cut => "cut the connection".to_owned(),
        Action::CutMidMessage => "cut the connection within the message".to_owned(),
        Action::CutAfter(bytes) => format!("cut the connection after {bytes} bytes"),
        Action::ReadSlowly(rate) => {
            format!("read {} bytes a second", rate.bytes_per_second)
        }
        Action::Answer(answer) => format!("answer {}", answer.status),
        Action::Lifetime(lifetime, _) => format!("a token that lives {}", span(*lifetime)),
        Action::Status(code, message) => {
            format!("status {code:?}: {message}")
        }
        Action::End => "end the stream as if all were well".to_owned(),
        Action::CloseSignal(signal) => {
            format!("close signal, served for {}", span(signal.grace))
        }
        Action::ExpireToken => "the token expires".to_owned(),
        Action::Withhold => "no acknowledgement".to_owned(),
        Action::Acknowledge(what) => match what {
            AckAs::Exactly(offset) => format!("acknowledge {offset}"),
            AckAs::Behind(fewer) => format!("acknowledge {fewer} fewer"),
            AckAs::Beyond(more) => format!("acknowledge {more} more than were received"),
            AckAs::Twice => "acknowledge twice".to_owned(),
            AckAs::Backwards(fewer) => format!("acknowledge, and then {fewer} fewer"),
            AckAs::Absent => "acknowledge without an offset".to_owned(),
        },
        Action::Fail(CommitFailure::DiskFull) => "the disk is full".to_owned(),
        Action::Fail(CommitFailure::Other(reason)) => format!("the commit fails: {reason}"),
    }
}

fn span(span: Duration) -> String {
    humantime::format_duration(span).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::{Code, FaultScript};

    #[test]
    fn words_say_what_the_script_says() {
        let second = Duration::from_secs(1);
        for (fault, words) in [
            (Fault::on_connect().cut(), "on connect: cut the connection"),
            (
                Fault::on_ack().offset(4).once().delay(second),
                "on ack at offset 4, once: wait 1s",
            ),
            (
                Fault::on_record()
                    .table("a.b.c".parse().unwrap())
                    .column("carrier", "<XX>")
                    .refuse(),
                "on record of a.b.c with carrier = <XX>: status InvalidArgument: Record cannot be \
                 ingested: refused by the fault script.",
            ),
            (
                Fault::on_request()
                    .from_nth(3)
                    .every(2)
                    .times(5)
                    .status(Code::Unavailable, "x"),
                "on request, from the 3. one, every 2. one, 5 times: status Unavailable: x",
            ),
        ] {
            assert_eq!(of(&fault), words);
        }
    }

    #[test]
    fn every_fault_of_the_example_has_words() {
        let script: FaultScript = include_str!("../../examples/faults.toml").parse().unwrap();
        for fault in script.faults() {
            let words = of(fault);
            let (place, what) = words.split_once(": ").unwrap();
            assert!(place.starts_with("on ") && !what.is_empty(), "{words}");
        }
    }
}
