//! A profile of the Databricks configuration file.

use std::{
    env,
    path::{Path, PathBuf},
    sync::Arc,
};

use ini::Ini;
use zb_types::{ExposeSecret, Secret};

use crate::{Error, Place, PlaceProblem, file};

/// A profile of the file that all Databricks tools share, `~/.databrickscfg`: settings by name.
///
/// [`ClientCredentials::from_profile`](crate::ClientCredentials::from_profile) makes a source of it.
#[derive(Debug, Clone)]
pub struct Profile {
    path: PathBuf,
    name: String,
    settings: Vec<(String, Secret)>,
}

impl Profile {
    /// The profile of this name in the file that `DATABRICKS_CONFIG_FILE` names, or else in
    /// `.databrickscfg` of the home directory.
    ///
    /// # Errors
    ///
    /// [`Error::Place`] when there is no such file or no such profile in it.
    pub fn load(name: &str) -> Result<Self, Error> {
        let variable = |name| env::var_os(name).filter(|value| !value.is_empty());
        let path = match (variable("DATABRICKS_CONFIG_FILE"), variable("HOME")) {
            (Some(path), _) => PathBuf::from(path),
            (None, Some(home)) => PathBuf::from(home).join(".databrickscfg"),
            (None, None) => {
                let home = Place::Variable("HOME".to_owned());
                return Err(Error::place(home, PlaceProblem::Missing));
            }
        };
        Self::read(&path, name)
    }

    /// The profile of this name in this file.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn read(path: &Path, name: &str) -> Result<Self, Error> {
        // A backslash is a backslash: secrets may have one.
        let ini = Ini::load_from_str_noescape(&file::read(path)?).map_err(|error| {
            let line = error.line;
            let place = Place::File(path.to_owned());
            Error::Place {
                place,
                problem: PlaceProblem::Malformed { line },
                source: Some(Arc::new(error)),
            }
        })?;
        let mut profile = Self {
            path: path.to_owned(),
            name: name.to_owned(),
            settings: Vec::new(),
        };
        let Some(section) = ini.section(Some(name)) else {
            let found = ini.sections().flatten().map(str::to_owned).collect();
            let problem = PlaceProblem::NoProfile { found };
            return Err(Error::place(profile.place(), problem));
        };
        let settings = section.iter().map(|(name, value)| {
            let value = Secret::from(value.trim());
            (name.to_owned(), value)
        });
        profile.settings.extend(settings);
        Ok(profile)
    }

    /// The name of the profile.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file that it is in.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A setting, unless it is not there or blank.
    pub fn get(&self, name: &str) -> Option<&Secret> {
        let (_, value) = self.settings.iter().find(|(known, _)| known == name)?;
        Some(value).filter(|value| !value.expose_secret().is_empty())
    }

    /// The names of all settings in it.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.settings.iter().map(|(name, _)| name.as_str())
    }

    pub(crate) fn require(&self, name: &str) -> Result<&Secret, Error> {
        self.get(name).ok_or_else(|| {
            let name = name.to_owned();
            Error::place(self.place(), PlaceProblem::NoSetting { name })
        })
    }

    fn place(&self) -> Place {
        Place::Profile {
            path: self.path.clone(),
            name: self.name.clone(),
        }
    }
}
