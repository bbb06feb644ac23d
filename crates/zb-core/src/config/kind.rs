//! What kind of value a setting has, which values it may have, and how one is read.

use std::{ops::RangeInclusive, path::PathBuf, time::Duration};

use zb_types::{ExposeSecret, Secret};

use super::{
    Given, Shape,
    plan::Plan,
    quantity::{bytes_of, duration_of},
    value::Value,
};

/// The kind of a setting's values, with the one place where each is set and read back.
#[derive(Debug)]
pub(crate) enum Kind {
    /// A text in one line.
    Text(Bind<String>),
    /// A text in one line that shows itself nowhere.
    Secret(Bind<Secret>),
    /// A file or a directory.
    Path(Bind<PathBuf>),
    /// A number of bytes.
    Bytes(RangeInclusive<u64>, Bind<u64>),
    /// A whole number.
    Count(RangeInclusive<u64>, Bind<u64>),
    /// A time, this long at least.
    Duration(Duration, Bind<Duration>),
    /// One of these.
    Word(&'static [Word]),
    /// Yes or no.
    Flag(Bind<bool>),
    /// Some names.
    Names(Bind<Vec<String>>),
}

/// How a value gets into the plan of a client, and what is there.
#[derive(Debug)]
pub(crate) struct Bind<V> {
    set: fn(&mut Plan, V),
    get: fn(&Plan) -> Option<V>,
}

pub(super) const fn bind<V>(set: fn(&mut Plan, V), get: fn(&Plan) -> Option<V>) -> Bind<V> {
    Bind { set, get }
}

/// A choice.
#[derive(Debug)]
pub(crate) struct Word {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    /// Makes it the choice of the plan.
    pub(super) set: fn(&mut Plan),
    /// Whether it is the choice of the plan.
    pub(super) is: fn(&Plan) -> bool,
}

/// A value that cannot be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// What it is, unless it may be a secret.
    pub(super) found: Option<String>,
}

impl Kind {
    /// The value that was given, if the setting may have it.
    pub(super) fn read(&self, given: &Given) -> Result<Value, Refused> {
        let read = match (self, given) {
            (Self::Secret(_), Given::Secret(secret)) => Some(Value::Secret(secret.clone())),
            (Self::Secret(_), Given::Text(text)) => Some(Value::Secret(Secret::from(text.trim()))),
            (Self::Text(_), Given::Text(text)) => Some(Value::Text(text.trim().to_owned())),
            (Self::Path(_), Given::Text(text)) => Some(Value::Path(text.trim().into())),
            (Self::Path(_), Given::Path(path)) => Some(Value::Path(path.clone())),
            (Self::Bytes(..), Given::Text(text)) => bytes_of(text).map(Value::Bytes),
            (Self::Bytes(..), Given::Integer(n)) => u64::try_from(*n).ok().map(Value::Bytes),
            (Self::Count(..), Given::Text(text)) => text.trim().parse().ok().map(Value::Count),
            (Self::Count(..), Given::Integer(n)) => u64::try_from(*n).ok().map(Value::Count),
            (Self::Duration(..), Given::Text(text)) => duration_of(text).map(Value::Duration),
            (Self::Duration(..), Given::Duration(time)) => Some(Value::Duration(*time)),
            (Self::Duration(..), Given::Integer(n)) => u64::try_from(*n)
                .ok()
                .map(|n| Value::Duration(Duration::from_secs(n))),
            (Self::Duration(..), Given::Number(n)) => {
                Duration::try_from_secs_f64(*n).ok().map(Value::Duration)
            }
            (Self::Word(words), Given::Text(text)) => {
                let text = text.trim().replace('-', "_");
                let mut words = words.iter().map(|word| word.name);
                words.find(|word| *word == text).map(Value::Word)
            }
            (Self::Flag(_), Given::Text(text)) => match text.trim().to_ascii_lowercase().as_str() {
                "true" => Some(Value::Flag(true)),
                "false" => Some(Value::Flag(false)),
                _ => None,
            },
            (Self::Flag(_), Given::Flag(flag)) => Some(Value::Flag(*flag)),
            (Self::Names(_), Given::Names(names)) => Some(Value::Names(names.clone())),
            (Self::Names(_), Given::Text(text)) => {
                let names = text
                    .split(',')
                    .map(str::trim)
                    .filter(|name| !name.is_empty());
                Some(Value::Names(names.map(str::to_owned).collect()))
            }
            _ => None,
        };
        match read {
            Some(value) => self.check(&value).map(|()| value),
            None => Err(self.refuse(|| given.to_string())),
        }
    }

    /// Whether a value of this kind is within the bounds of the setting.
    pub(super) fn check(&self, value: &Value) -> Result<(), Refused> {
        let is_in_one_line = |text: &str| !text.contains(['\n', '\r']);
        let is_good = match (self, value) {
            // A line break in a credential is a mistake in copying it, and the service's answer would
            // not say so.
            (Self::Text(_), Value::Text(text)) => is_in_one_line(text),
            (Self::Secret(_), Value::Secret(secret)) => is_in_one_line(secret.expose_secret()),
            (Self::Bytes(range, _), Value::Bytes(n)) | (Self::Count(range, _), Value::Count(n)) => {
                range.contains(n)
            }
            (Self::Duration(least, _), Value::Duration(time)) => time >= least,
            _ => true,
        };
        if is_good {
            Ok(())
        } else {
            Err(self.refuse(|| match value {
                Value::Text(text) => format!("{text:?}"),
                _ => value.to_string(),
            }))
        }
    }

    fn refuse(&self, found: impl FnOnce() -> String) -> Refused {
        let is_secret = matches!(self, Self::Secret(_));
        Refused {
            found: (!is_secret).then(found),
        }
    }

    /// Puts a value that was read into the plan.
    pub(super) fn set(&self, plan: &mut Plan, value: &Value) {
        match (self, value) {
            (Self::Text(bind), Value::Text(text)) => (bind.set)(plan, text.clone()),
            (Self::Secret(bind), Value::Secret(secret)) => (bind.set)(plan, secret.clone()),
            (Self::Path(bind), Value::Path(path)) => (bind.set)(plan, path.clone()),
            (Self::Bytes(_, bind), Value::Bytes(n)) | (Self::Count(_, bind), Value::Count(n)) => {
                (bind.set)(plan, *n);
            }
            (Self::Duration(_, bind), Value::Duration(time)) => (bind.set)(plan, *time),
            (Self::Flag(bind), Value::Flag(flag)) => (bind.set)(plan, *flag),
            (Self::Names(bind), Value::Names(names)) => (bind.set)(plan, names.clone()),
            (Self::Word(words), Value::Word(word)) => {
                if let Some(word) = words.iter().find(|known| known.name == *word) {
                    (word.set)(plan);
                }
            }
            // Values are made by `read` of the same kind; the tests set every setting in every way.
            _ => {}
        }
    }

    /// What is in the plan.
    pub(super) fn get(&self, plan: &Plan) -> Option<Value> {
        match self {
            Self::Text(bind) => (bind.get)(plan).map(Value::Text),
            Self::Secret(bind) => (bind.get)(plan).map(Value::Secret),
            Self::Path(bind) => (bind.get)(plan).map(Value::Path),
            Self::Bytes(_, bind) => (bind.get)(plan).map(Value::Bytes),
            Self::Count(_, bind) => (bind.get)(plan).map(Value::Count),
            Self::Duration(_, bind) => (bind.get)(plan).map(Value::Duration),
            Self::Flag(bind) => (bind.get)(plan).map(Value::Flag),
            Self::Names(bind) => (bind.get)(plan).map(Value::Names),
            Self::Word(words) => {
                let chosen = words.iter().find(|word| (word.is)(plan));
                chosen.map(|word| Value::Word(word.name))
            }
        }
    }

    /// Which values there may be, in words.
    pub(super) fn allowed(&self) -> String {
        match self {
            Self::Text(_) | Self::Secret(_) => "a text in one line".to_owned(),
            Self::Path(_) => "a path".to_owned(),
            Self::Bytes(range, _) => {
                format!(
                    "a number of bytes {}, such as 1048576 or 1MiB",
                    bounds(range)
                )
            }
            Self::Count(range, _) => format!("a whole number {}", bounds(range)),
            Self::Duration(least, _) => {
                let more = if least.is_zero() { "" } else { " above 0" };
                format!("a time{more}: seconds, or with a unit, such as 500ms, 30s or 2m")
            }
            Self::Word(words) => {
                let words: Vec<_> = words
                    .iter()
                    .map(|word| format!("\"{}\"", word.name))
                    .collect();
                match words.split_last() {
                    Some((last, others)) if !others.is_empty() => {
                        format!("{} or {last}", others.join(", "))
                    }
                    _ => words.concat(),
                }
            }
            Self::Flag(_) => "true or false".to_owned(),
            Self::Names(_) => "a list of names".to_owned(),
        }
    }

    /// The kind, for who makes flags or keywords of it.
    pub(super) fn shape(&self) -> Shape {
        match self {
            Self::Text(_) => Shape::Text,
            Self::Secret(_) => Shape::Secret,
            Self::Path(_) => Shape::Path,
            Self::Bytes(..) => Shape::Bytes,
            Self::Count(..) => Shape::Count,
            Self::Duration(..) => Shape::Duration,
            Self::Word(_) => Shape::Word,
            Self::Flag(_) => Shape::Flag,
            Self::Names(_) => Shape::Names,
        }
    }
}

fn bounds(range: &RangeInclusive<u64>) -> String {
    match (range.start(), range.end()) {
        (least, &u64::MAX) => format!("from {least} on"),
        (least, most) => format!("from {least} to {most}"),
    }
}
