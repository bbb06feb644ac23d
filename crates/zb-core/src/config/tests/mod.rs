//! Settings in every place, and what becomes of them.

mod agreement;
mod places;
mod reference;
mod refusals;

use std::{collections::HashMap, fs, path::PathBuf};

use tempfile::TempDir;
use zb_types::ExposeSecret as _;

use super::*;

/// Variables of nobody's process.
impl Variables for HashMap<&str, &str> {
    fn get(&self, name: &str) -> Option<String> {
        let found = self.iter().find(|(known, _)| **known == name)?;
        Some((*found.1).to_owned())
    }

    fn names(&self) -> Vec<String> {
        self.keys().map(ToString::to_string).collect()
    }
}

const COMPLETE: [(&str, &str); 4] = [
    ("ZEROBUS_SERVER_ENDPOINT", "https://1.zerobus.env"),
    ("DATABRICKS_HOST", "https://env"),
    ("DATABRICKS_CLIENT_ID", "id-env"),
    ("DATABRICKS_CLIENT_SECRET", "secret-env"),
];

fn look(places: &Places, variables: &[(&str, &str)]) -> Result<Looked, ConfigError> {
    let variables: HashMap<_, _> = variables.iter().copied().collect();
    places.look(Reach::Service, &variables)
}

fn resolve(places: &Places, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let looked = look(places, variables)?;
    looked.config(&looked.plan(), false)
}

fn settings(places: &Places, variables: &[(&str, &str)]) -> Settings {
    let looked = look(places, variables).unwrap();
    looked.settings(&looked.plan(), None, false)
}

fn environment() -> Places {
    Places {
        environment: true,
        ..Places::default()
    }
}

/// A TOML file of this text, for as long as the directory is there.
fn file(text: &str) -> (TempDir, Places) {
    let home = TempDir::new().unwrap();
    let path = home.path().join("zb.toml");
    fs::write(&path, text).unwrap();
    let places = Places {
        file: Some(path),
        ..Places::default()
    };
    (home, places)
}

/// A home directory with profiles of this text.
fn home(profiles: &str) -> TempDir {
    let home = TempDir::new().unwrap();
    fs::write(home.path().join(".databrickscfg"), profiles).unwrap();
    home
}

fn program(name: &str, given: &str) -> Layer {
    let mut layer = Layer::default();
    let given = Given::from(given);
    layer
        .give_by_name(name, &given, Origin::Program, |_| true)
        .unwrap();
    layer
}
