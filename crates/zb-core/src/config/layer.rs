//! What one place says: some settings, and where each comes from.

use std::collections::BTreeMap;

use super::{
    ConfigError, Declared, Given, Missing, Origin, Setting, declared::declared, nearest::nearest,
    plan::Plan, value::Value,
};

/// The settings of one place, or of several laid over one another, by their keys.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layer(BTreeMap<&'static str, Found>);

/// A value and where it was found.
#[derive(Debug, Clone)]
struct Found {
    value: Value,
    origin: Origin,
}

impl Layer {
    /// Takes a value that is known to be of the right kind.
    pub(crate) fn put(&mut self, key: &'static str, value: Value, origin: Origin) {
        self.0.insert(key, Found { value, origin });
    }

    /// Takes a value, if the setting may have it. One that is blank changes nothing.
    pub(crate) fn give(
        &mut self,
        setting: &'static Declared,
        given: &Given,
        origin: Origin,
    ) -> Result<(), ConfigError> {
        if given.is_blank() {
            return Ok(());
        }
        match setting.kind.read(given) {
            Ok(value) => {
                self.put(setting.key, value, origin);
                Ok(())
            }
            Err(refused) => Err(ConfigError::Invalid {
                setting: setting.key,
                origin,
                found: refused.found,
                allowed: setting.allowed(),
            }),
        }
    }

    /// Takes a value for the setting of this name, if there is one and it is `wanted`.
    pub(crate) fn give_by_name(
        &mut self,
        name: &str,
        given: &Given,
        origin: Origin,
        wanted: impl Fn(&Declared) -> bool,
    ) -> Result<(), ConfigError> {
        match Declared::find(name).filter(|setting| wanted(setting)) {
            Some(setting) => self.give(setting, given, origin),
            None => {
                let wanted = declared().iter().filter(|setting| wanted(setting));
                Err(ConfigError::Unknown {
                    name: name.to_owned(),
                    origin,
                    nearest: nearest(name, wanted.map(Declared::key)),
                })
            }
        }
    }

    /// These settings with those of `over` laid over them.
    pub(crate) fn under(mut self, over: Self) -> Self {
        self.0.extend(over.0);
        self
    }

    /// Only the settings that are wanted.
    pub(crate) fn only(mut self, wanted: impl Fn(&Declared) -> bool) -> Self {
        self.0
            .retain(|key, _| Declared::find(key).is_some_and(&wanted));
        self
    }

    /// Finds out what cannot be: values that a program has set, and those that do nothing.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        for setting in declared() {
            let Some(found) = self.0.get(setting.key) else {
                continue;
            };
            let origin = || found.origin.clone();
            if let Err(refused) = setting.kind.check(&found.value) {
                return Err(ConfigError::Invalid {
                    setting: setting.key,
                    origin: origin(),
                    found: refused.found,
                    allowed: setting.allowed(),
                });
            }
            // A file or an environment may say how something is to be that is not wanted always.
            let is_for_this_run = matches!(found.origin, Origin::Flag(_) | Origin::Keyword(_));
            if let Some(needs) = setting.needs
                && is_for_this_run
                && !self.0.contains_key(needs)
            {
                return Err(ConfigError::Idle {
                    setting: setting.key,
                    origin: origin(),
                    needs,
                });
            }
        }
        Ok(())
    }

    /// Sets all of it in a plan.
    pub(crate) fn apply(&self, plan: &mut Plan) {
        for setting in declared() {
            if let Some(found) = self.0.get(setting.key) {
                setting.kind.set(plan, &found.value);
            }
        }
    }

    /// Every setting of a plan that these were set in, and that was perhaps changed by the program
    /// `since`.
    pub(crate) fn describe(&self, plan: &Plan, since: Option<&Plan>) -> Vec<Setting> {
        let shown =
            |setting: &Declared, plan: &Plan| setting.kind.get(plan).map(|value| value.to_string());
        let describe = |setting: &'static Declared| {
            let value = shown(setting, since.unwrap_or(plan));
            let path = match setting.kind.get(plan) {
                Some(Value::Path(path)) => Some(path),
                _ => None,
            };
            let origin = match self.0.get(setting.key) {
                _ if value != shown(setting, plan) => Origin::Program,
                Some(found) => found.origin.clone(),
                None => Origin::Default,
            };
            Setting {
                name: setting.key,
                value,
                origin,
                path,
            }
        };
        declared().iter().map(describe).collect()
    }

    /// What is nowhere and is needed. With `tokens` of the program's own, no credentials are.
    pub(crate) fn missing(&self, tokens: bool) -> Vec<Missing> {
        let lacks = |key| !self.0.contains_key(key);
        let no_secret = lacks("client_secret");
        let credentials = !tokens && (lacks("oidc_token_file") || !no_secret);
        let needed = [
            ("endpoint", true),
            ("host", true),
            ("client_id", credentials),
            ("client_secret", credentials),
        ];
        let missing = needed.iter().filter(|(key, needed)| *needed && lacks(key));
        missing
            .filter_map(|(key, _)| {
                let setting = Declared::find(key)?;
                Some(Missing {
                    name: setting.key,
                    variable: setting.variables.first()?,
                })
            })
            .collect()
    }
}
