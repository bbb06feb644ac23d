//! The TOML form of a script. `docs/reference/faults.md` is its reference.

use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;
use zb_types::TableName;

use super::{
    action::{AckAs, Action, Answer, CloseSignal, CommitFailure},
    code::Code,
    fault::{Chance, Fault, Offsets, Place},
    on::REFUSED,
    script::ScriptError,
};
use crate::wire::Rate;

/// What a status says where the script does not say it.
const INJECTED: &str = "Injected by the fault script.";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// For every fault with a probability that has no seed of its own.
    #[serde(default)]
    seed: u64,
    #[serde(default, rename = "fault")]
    faults: Vec<Spanned<Keys>>,
}

macro_rules! words {
    ($(#[$attribute:meta])* $name:ident { $($variant:ident = $word:literal,)* }) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
        enum $name {
            $(#[serde(rename = $word)] $variant,)*
        }

        impl $name {
            fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }
    };
}

words! {
    /// What a fault does.
    Do {
        Freeze = "freeze",
        Cut = "cut",
        CutMidMessage = "cut_mid_message",
        CutAfter = "cut_after",
        ReadSlowly = "read_slowly",
        Answer = "answer",
        Lifetime = "lifetime",
        Status = "status",
        Refuse = "refuse",
        End = "end",
        CloseSignal = "close_signal",
        ExpireToken = "expire_token",
        Withhold = "withhold",
        Acknowledge = "acknowledge",
        DiskFull = "disk_full",
        Fail = "fail",
    }
}

macro_rules! keys {
    ($($(#[$attribute:meta])* $key:ident: $type:ty,)*) => {
        /// All keys of a fault. Each is taken by what it belongs to; what is left over is wrong.
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Keys {
            on: Place,
            r#do: Option<Do>,
            $($(#[$attribute])* $key: Option<$type>,)*
        }

        impl Keys {
            /// A key that nothing has asked for.
            fn left_over(&self) -> Option<&'static str> {
                None$(.or(self.$key.is_some().then_some(stringify!($key))))*
            }
        }
    };
}

keys! {
    name: String,
    table: TableText,
    offset: i64,
    from_offset: i64,
    column: String,
    equals: toml::Value,
    larger_than: usize,
    nth: u64,
    from: u64,
    every: u64,
    times: u64,
    probability: f64,
    seed: u64,
    delay: Span,
    lasting: Span,
    bytes: u64,
    bytes_per_second: u64,
    status: u16,
    retry_after: u64,
    headers: std::collections::BTreeMap<String, String>,
    body: String,
    filler: u64,
    drip: Span,
    lifetime: Span,
    expires_in: i64,
    code: Code,
    message: String,
    duration: Span,
    seconds: i64,
    nanos: i32,
    serve_for: Span,
    exactly: i64,
    behind: i64,
    beyond: i64,
    backwards: i64,
    twice: bool,
    no_offset: bool,
    reason: String,
}

/// A duration as people write it: `200ms`, `1m 30s`.
#[derive(Clone, Copy)]
struct Span(Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_duration(&text).map(Self).map_err(|error| {
            serde::de::Error::custom(format!(
                "{text:?} is not a duration such as \"200ms\" or \"2s\": {error}"
            ))
        })
    }
}

/// The name of a table.
struct TableText(TableName);

impl<'de> Deserialize<'de> for TableText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

pub(super) fn parse(text: &str) -> Result<Vec<Fault>, ScriptError> {
    let line_of = |at: usize| {
        let before = text.get(..at).unwrap_or(text);
        before.matches('\n').count() + 1
    };
    let file: File = toml::from_str(text).map_err(|error| ScriptError::Script {
        line: line_of(error.span().map_or(0, |span| span.start)),
        problem: error.message().to_owned(),
    })?;
    file.faults
        .into_iter()
        .map(|keys| {
            let line = line_of(keys.span().start);
            fault(keys.into_inner(), file.seed)
                .map_err(|problem| ScriptError::Script { line, problem })
        })
        .collect()
}

fn fault(mut keys: Keys, seed: u64) -> Result<Fault, String> {
    let place = keys.on;
    let mut fault = Fault::at(place);
    fault.name = keys.name.take();
    if place != Place::Connect {
        fault.table = keys.table.take().map(|TableText(table)| table);
    }
    if matches!(place, Place::Request | Place::Ack) {
        fault.offsets = keys.offsets()?;
    }
    if place == Place::Record {
        fault.record.column = keys.column()?;
        fault.record.larger_than = keys.larger_than.take();
    }
    keys.when(&mut fault, seed)?;
    fault.delay = keys.delay.take().map_or(Duration::ZERO, |Span(span)| span);
    if let Some(what) = keys.r#do {
        if !possible(place).contains(&what) {
            let words: Vec<_> = possible(place).iter().map(|what| what.word()).collect();
            return Err(format!(
                "do = {:?} cannot happen on {:?}; what can is {}",
                what.word(),
                place.word(),
                words.join(", ")
            ));
        }
        fault.action = Some(keys.action(what)?);
    } else if fault.delay.is_zero() {
        return Err("nothing happens: give it a `do` or a `delay`".to_owned());
    }
    match (keys.left_over(), keys.r#do) {
        (None, _) => Ok(fault),
        (Some(key), Some(what)) => Err(format!(
            "`{key}` says nothing to on = {:?} with do = {:?}",
            place.word(),
            what.word()
        )),
        (Some(key), None) => Err(format!(
            "`{key}` says nothing to on = {:?} without `do`",
            place.word()
        )),
    }
}

/// What can happen where. [`On`](super::On) says the same by its types.
fn possible(place: Place) -> &'static [Do] {
    match place {
        Place::Connect => &[Do::Cut, Do::Freeze],
        Place::Token => &[Do::Answer, Do::Lifetime, Do::Cut, Do::Freeze],
        Place::Catalog => &[Do::Answer, Do::Cut, Do::Freeze],
        Place::Open | Place::Request => &[
            Do::Status,
            Do::End,
            Do::Cut,
            Do::CutAfter,
            Do::ReadSlowly,
            Do::CloseSignal,
            Do::ExpireToken,
            Do::Freeze,
        ],
        Place::Record => &[Do::Refuse, Do::Status, Do::End, Do::Cut, Do::Freeze],
        Place::Commit => &[Do::DiskFull, Do::Fail, Do::Freeze],
        Place::Ack => &[
            Do::Withhold,
            Do::Acknowledge,
            Do::Status,
            Do::End,
            Do::Cut,
            Do::CutMidMessage,
            Do::CloseSignal,
            Do::ExpireToken,
            Do::Freeze,
        ],
        Place::Close => &[Do::Status, Do::End, Do::Cut, Do::Freeze],
    }
}

impl Keys {
    fn offsets(&mut self) -> Result<Offsets, String> {
        match (self.offset.take(), self.from_offset.take()) {
            (None, None) => Ok(Offsets::Any),
            (Some(offset), None) => Ok(Offsets::At(offset)),
            (None, Some(offset)) => Ok(Offsets::From(offset)),
            (Some(_), Some(_)) => Err(one_of(&["offset", "from_offset"])),
        }
    }

    fn column(&mut self) -> Result<Option<(String, String)>, String> {
        match (self.column.take(), self.equals.take()) {
            (None, None) => Ok(None),
            (Some(column), Some(value)) => Ok(Some((column, text_of(&value)?))),
            _ => Err("`column` and `equals` belong together".to_owned()),
        }
    }

    fn when(&mut self, fault: &mut Fault, seed: u64) -> Result<(), String> {
        let when = &mut fault.when;
        if let Some(nth) = self.nth.take() {
            if self.from.is_some() || self.every.is_some() || self.times.is_some() {
                return Err("`nth` is one event: `from`, `every`, `times` say nothing".to_owned());
            }
            (when.from, when.times) = (nth, Some(1));
        }
        when.from = self.from.take().unwrap_or(when.from);
        when.every = self.every.take().unwrap_or(when.every);
        when.times = self.times.take().or(when.times);
        if when.from == 0 || when.every == 0 {
            return Err("events are counted from 1".to_owned());
        }
        when.chance = match (self.probability.take(), self.seed.take()) {
            (None, None) => None,
            (None, Some(_)) => return Err("`seed` needs a `probability`".to_owned()),
            (Some(probability), _) if !(0.0..=1.0).contains(&probability) => {
                return Err("a `probability` is between 0 and 1".to_owned());
            }
            (Some(probability), own) => Some(Chance {
                probability,
                seed: own.unwrap_or(seed),
            }),
        };
        Ok(())
    }

    fn action(&mut self, what: Do) -> Result<Action, String> {
        Ok(match what {
            Do::Freeze => Action::Freeze(span("lasting", &mut self.lasting)?),
            Do::Cut => Action::Cut,
            Do::CutMidMessage => Action::CutMidMessage,
            Do::CutAfter => Action::CutAfter(needed("bytes", &mut self.bytes)?),
            Do::ReadSlowly => Action::ReadSlowly(Rate {
                bytes_per_second: needed("bytes_per_second", &mut self.bytes_per_second)?,
                lasting: self.lasting.take().map(|Span(span)| span),
            }),
            Do::Answer => Action::Answer(self.answer()?),
            Do::Lifetime => Action::Lifetime(
                span("lifetime", &mut self.lifetime)?,
                self.expires_in.take(),
            ),
            Do::Status => {
                let code = needed("code", &mut self.code)?;
                Action::Status(code, self.message_or(INJECTED))
            }
            Do::Refuse => Action::Status(Code::InvalidArgument, self.message_or(REFUSED)),
            Do::End => Action::End,
            Do::CloseSignal => Action::CloseSignal(self.close_signal()?),
            Do::ExpireToken => Action::ExpireToken,
            Do::Withhold => Action::Withhold,
            Do::Acknowledge => Action::Acknowledge(self.ack()?),
            Do::DiskFull => Action::Fail(CommitFailure::DiskFull),
            Do::Fail => {
                let reason = self.reason.take();
                let reason = reason.map_or_else(|| INJECTED.into(), Into::into);
                Action::Fail(CommitFailure::Other(reason))
            }
        })
    }

    fn message_or(&mut self, other: &str) -> std::sync::Arc<str> {
        self.message.take().map_or_else(|| other.into(), Into::into)
    }

    fn answer(&mut self) -> Result<Answer, String> {
        let status = needed("status", &mut self.status)?;
        if !(100..=999).contains(&status) {
            return Err("a `status` of HTTP is between 100 and 999".to_owned());
        }
        let mut answer = Answer::status(status);
        for (name, value) in self.headers.take().unwrap_or_default() {
            answer = answer.header(name, value);
        }
        if let Some(seconds) = self.retry_after.take() {
            answer = answer.retry_after(seconds);
        }
        answer.body = self.body.take().unwrap_or_default();
        answer.filler = self.filler.take().unwrap_or_default();
        answer.drip = self.drip.take().map(|Span(span)| span);
        Ok(answer)
    }

    /// `duration` is said and kept; without it `seconds` and `nanos` are said, or nothing.
    fn close_signal(&mut self) -> Result<CloseSignal, String> {
        let served = self.serve_for.take().map(|Span(span)| span);
        let said = match (self.duration.take(), self.seconds.take(), self.nanos.take()) {
            (Some(Span(span)), None, None) => {
                let honest = CloseSignal::honest(span);
                let grace = served.unwrap_or(honest.grace);
                return Ok(CloseSignal { grace, ..honest });
            }
            (Some(_), _, _) => return Err("`duration` excludes `seconds` and `nanos`".to_owned()),
            (None, None, None) => None,
            (None, seconds, nanos) => Some((seconds.unwrap_or(0), nanos.unwrap_or(0))),
        };
        let grace = served.ok_or("`serve_for` is missing, since there is no `duration`")?;
        Ok(CloseSignal { said, grace })
    }

    fn ack(&mut self) -> Result<AckAs, String> {
        let ways = [
            self.exactly.take().map(AckAs::Exactly),
            self.behind.take().map(AckAs::Behind),
            self.beyond.take().map(AckAs::Beyond),
            self.backwards.take().map(AckAs::Backwards),
            self.twice.take().filter(|yes| *yes).map(|_| AckAs::Twice),
            self.no_offset
                .take()
                .filter(|yes| *yes)
                .map(|_| AckAs::Absent),
        ];
        let mut ways = ways.into_iter().flatten();
        match (ways.next(), ways.next()) {
            (Some(way), None) => Ok(way),
            _ => Err(one_of(&[
                "exactly",
                "behind",
                "beyond",
                "backwards",
                "twice = true",
                "no_offset = true",
            ])),
        }
    }
}

fn needed<T>(name: &str, key: &mut Option<T>) -> Result<T, String> {
    key.take().ok_or_else(|| format!("`{name}` is missing"))
}

fn span(name: &str, key: &mut Option<Span>) -> Result<Duration, String> {
    needed(name, key).map(|Span(span)| span)
}

fn one_of(names: &[&str]) -> String {
    format!("give one of {}, and no other of them", names.join(", "))
}

/// As Arrow prints the value.
fn text_of(value: &toml::Value) -> Result<String, String> {
    match value {
        toml::Value::String(text) => Ok(text.clone()),
        toml::Value::Integer(number) => Ok(number.to_string()),
        toml::Value::Float(number) => Ok(format!("{number:?}")),
        toml::Value::Boolean(yes) => Ok(yes.to_string()),
        toml::Value::Datetime(moment) => Ok(moment.to_string()),
        _ => Err("`equals` is one value".to_owned()),
    }
}

#[cfg(test)]
mod tests;
