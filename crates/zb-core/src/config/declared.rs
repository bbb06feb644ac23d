//! What is declared of a setting; every way to set it follows from that.

use super::{Given, declaration::SETTINGS, kind::Kind, plan::Plan};

/// A setting: [every one](declared) can be set in a TOML file, an environment variable, a profile, by a
/// flag of the program, a keyword of Python and a method of the builder.
#[derive(Debug)]
pub struct Declared {
    pub(super) key: &'static str,
    pub(super) group: Group,
    pub(super) kind: Kind,
    pub(super) example: &'static str,
    pub(super) about: &'static str,
    pub(super) variables: &'static [&'static str],
    pub(super) profile: Option<&'static str>,
    pub(super) flag: Option<&'static str>,
    pub(super) builder: Option<&'static str>,
    pub(super) unset: &'static str,
    pub(super) needs: Option<&'static str>,
}

/// What a setting is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Group {
    /// Where to, and as whom.
    Connection,
    /// What is known of tables.
    Table,
    /// How rows are sent. A sender may have its own.
    Delivery,
    /// What becomes of rows that are refused.
    Rejected,
    /// Files to look at.
    Debugging,
}

impl Group {
    /// All of them, in their order.
    pub(crate) const ALL: [Self; 5] = [
        Self::Connection,
        Self::Table,
        Self::Delivery,
        Self::Rejected,
        Self::Debugging,
    ];

    /// As a heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Connection => "Connection",
            Self::Table => "Table",
            Self::Delivery => "Delivery",
            Self::Rejected => "Rejected rows",
            Self::Debugging => "Debugging",
        }
    }
}

/// The kind of values that a setting has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Shape {
    /// A text in one line.
    Text,
    /// A text in one line that shows itself nowhere.
    Secret,
    /// A file or a directory.
    Path,
    /// A number of bytes.
    Bytes,
    /// A whole number.
    Count,
    /// A time.
    Duration,
    /// One of a few [words](Declared::words).
    Word,
    /// Yes or no.
    Flag,
    /// Some names.
    Names,
}

/// Every setting that there is, group by group.
pub fn declared() -> &'static [Declared] {
    SETTINGS
}

impl Declared {
    pub(super) const fn new(
        group: Group,
        key: &'static str,
        kind: Kind,
        example: &'static str,
        about: &'static str,
    ) -> Self {
        Self {
            key,
            group,
            kind,
            example,
            about,
            variables: &[],
            profile: None,
            flag: None,
            builder: None,
            unset: "",
            needs: None,
        }
    }

    /// With environment variables of other names than `ZEROBUS_<KEY>`, first come first served.
    pub(super) const fn with_variables(mut self, names: &'static [&'static str]) -> Self {
        self.variables = names;
        self
    }

    /// With another name than `zerobus_<key>` in a profile.
    pub(super) const fn with_profile(mut self, name: &'static str) -> Self {
        self.profile = Some(name);
        self
    }

    /// With a flag of another name.
    pub(super) const fn with_flag(mut self, name: &'static str) -> Self {
        self.flag = Some(name);
        self
    }

    /// With a method of another name.
    pub(super) const fn with_builder(mut self, name: &'static str) -> Self {
        self.builder = Some(name);
        self
    }

    /// What is so where there is no value.
    pub(super) const fn with_unset(mut self, words: &'static str) -> Self {
        self.unset = words;
        self
    }

    /// Which other setting there must be for a flag or a keyword to mean anything.
    pub(super) const fn with_needs(mut self, key: &'static str) -> Self {
        self.needs = Some(key);
        self
    }

    pub(super) fn find(key: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.key == key)
    }

    /// Its name in a TOML file and as a keyword of Python.
    pub fn key(&self) -> &'static str {
        self.key
    }

    /// What it is about.
    pub fn group(&self) -> Group {
        self.group
    }

    /// What it does, in plain text without a full stop.
    pub fn about(&self) -> &'static str {
        self.about
    }

    /// The kind of its values.
    pub fn shape(&self) -> Shape {
        self.kind.shape()
    }

    /// The values of a [`Shape::Word`], each with what it means.
    pub fn words(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let words = match self.kind {
            Kind::Word(words) => words,
            _ => &[],
        };
        words.iter().map(|word| (word.name, word.about))
    }

    /// Which values it may have, in words.
    pub fn allowed(&self) -> String {
        self.kind.allowed()
    }

    /// A value that is not the default, as a text.
    pub fn example(&self) -> &'static str {
        self.example
    }

    /// The same as it stands in a TOML file.
    pub(crate) fn toml_example(&self) -> String {
        match self.shape() {
            Shape::Count | Shape::Flag => self.example.to_owned(),
            Shape::Names => {
                let names = self.example.split(',').map(|name| format!("\"{name}\""));
                format!("[{}]", names.collect::<Vec<_>>().join(", "))
            }
            _ => format!("\"{}\"", self.example),
        }
    }

    /// Its value where nobody says otherwise, or what is so then.
    pub fn default_value(&self) -> String {
        let value = self.kind.get(&Plan::default());
        value.map_or_else(|| self.unset.to_owned(), |value| value.to_string())
    }

    /// The environment variables that set it, first come first served.
    pub fn variables(&self) -> Vec<String> {
        if self.variables.is_empty() {
            vec![format!(
                "{VARIABLE_PREFIX}{}",
                self.key.to_ascii_uppercase()
            )]
        } else {
            self.variables.iter().map(ToString::to_string).collect()
        }
    }

    /// Its name in a profile of `~/.databrickscfg`.
    pub fn profile_key(&self) -> String {
        self.profile
            .map_or_else(|| format!("{PROFILE_PREFIX}{}", self.key), str::to_owned)
    }

    /// The flag that sets it, without the dashes before it. That of a [`Shape::Secret`] takes a file.
    pub fn flag_name(&self) -> String {
        self.flag
            .map_or_else(|| self.key.replace('_', "-"), str::to_owned)
    }

    /// The method of [`ClientBuilder`](crate::ClientBuilder) that sets it.
    pub fn method(&self) -> &'static str {
        self.builder.unwrap_or(self.key)
    }

    /// Whether the setting may have this value.
    ///
    /// # Errors
    ///
    /// What it may have instead, in words.
    pub fn check(&self, given: &Given) -> Result<(), String> {
        self.kind.read(given).map(drop).map_err(|_| self.allowed())
    }
}

/// What our environment variables begin with.
pub(super) const VARIABLE_PREFIX: &str = "ZEROBUS_";

/// What our keys in a profile begin with.
pub(super) const PROFILE_PREFIX: &str = "zerobus_";
