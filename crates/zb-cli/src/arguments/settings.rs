//! Flags for settings, made from their declaration.

use std::{marker::PhantomData, path::PathBuf};

use clap::{
    Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches,
    builder::{PossibleValue, PossibleValuesParser},
};
use zb_core::{Declared, Given, Group, Shape, declared};

use crate::connection::{APPLICATION, QUARANTINE};

/// Which settings a command has flags for.
pub(crate) trait Part {
    const GROUPS: &'static [Group];
}

/// Where a table is, and what is known of it.
#[derive(Debug)]
pub(crate) enum Where {}

impl Part for Where {
    const GROUPS: &'static [Group] = &[Group::Connection, Group::Table];
}

/// How rows are sent, and what is kept beside them.
#[derive(Debug)]
pub(crate) enum How {}

impl Part for How {
    const GROUPS: &'static [Group] = &[Group::Delivery, Group::Rejected, Group::Debugging];
}

/// The flags of settings that were given.
#[derive(Debug)]
pub(crate) struct Flags<P> {
    pub(crate) given: Vec<Flag>,
    part: PhantomData<P>,
}

/// A flag that was given.
#[derive(Debug, Clone)]
pub(crate) struct Flag {
    pub(crate) setting: &'static Declared,
    /// Of a secret, the file that holds it.
    pub(crate) value: Given,
}

fn settings<P: Part>() -> impl Iterator<Item = &'static Declared> {
    let settings = declared().iter();
    settings.filter(|setting| P::GROUPS.contains(&setting.group()))
}

impl<P: Part> Args for Flags<P> {
    fn augment_args(command: Command) -> Command {
        command.args(settings::<P>().map(arg))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<P: Part> FromArgMatches for Flags<P> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = settings::<P>().filter_map(|setting| {
            let value = value(setting, matches)?;
            Some(Flag { setting, value })
        });
        Ok(Self {
            given: given.collect(),
            part: PhantomData,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn arg(setting: &'static Declared) -> Arg {
    let default = default_of(setting).map_or_else(String::new, |it| format!(" [default: {it}]"));
    let arg = Arg::new(setting.key())
        .long(setting.flag_name())
        .help(format!("{}{default}", setting.about()))
        .help_heading(setting.group().title())
        .value_name(value_name(setting));
    match setting.shape() {
        Shape::Path => arg.value_parser(clap::value_parser!(PathBuf)),
        Shape::Secret => arg
            .value_parser(clap::value_parser!(PathBuf))
            // One of the two is what tokens are asked for with.
            .conflicts_with("oidc_token_file"),
        Shape::Flag => checked(arg, setting)
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true"),
        Shape::Names => checked(arg, setting).action(ArgAction::Append),
        Shape::Word => {
            let words = setting
                .words()
                .map(|(word, about)| PossibleValue::new(spelt(word)).help(about));
            arg.value_parser(PossibleValuesParser::new(words))
        }
        _ => checked(arg, setting),
    }
}

/// What is so without the flag, if something is.
fn default_of(setting: &Declared) -> Option<String> {
    match (setting.key(), setting.shape()) {
        ("application", _) => Some(APPLICATION.to_owned()),
        ("quarantine", _) => Some(QUARANTINE.to_owned()),
        ("allow_plaintext", _) => Some(setting.default_value()),
        _ if setting.group() == Group::Connection => None,
        (_, Shape::Word) => Some(spelt(&setting.default_value())),
        _ => Some(setting.default_value()),
    }
}

/// A word as it is on a command line.
fn spelt(word: &str) -> String {
    word.replace('_', "-")
}

/// With what is declared of its values.
fn checked(arg: Arg, setting: &'static Declared) -> Arg {
    arg.value_parser(move |text: &str| match setting.check(&text.into()) {
        Ok(()) => Ok(text.to_owned()),
        Err(allowed) => Err(format!("it must be {allowed}")),
    })
}

fn value_name(setting: &Declared) -> &'static str {
    match (setting.shape(), setting.key()) {
        (_, "endpoint" | "host") => "URL",
        (_, "client_id") => "ID",
        (Shape::Secret, _) | (_, "oidc_token_file") => "FILE",
        (Shape::Path, _) => "DIR",
        (Shape::Bytes, _) => "BYTES",
        (Shape::Count, _) => "N",
        (Shape::Duration, _) => "TIME",
        (Shape::Names, _) => "COLUMN",
        (Shape::Flag, _) => "true|false",
        (Shape::Word, _) => "WORD",
        _ => "TEXT",
    }
}

fn value(setting: &Declared, matches: &ArgMatches) -> Option<Given> {
    let key = setting.key();
    match setting.shape() {
        Shape::Path | Shape::Secret => matches.get_one::<PathBuf>(key).cloned().map(Given::Path),
        Shape::Names => {
            let names = matches.get_many::<String>(key)?;
            Some(Given::Names(names.cloned().collect()))
        }
        _ => matches.get_one::<String>(key).cloned().map(Given::Text),
    }
}
