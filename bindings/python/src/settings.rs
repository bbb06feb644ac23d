//! Keywords of Python as settings of a client and its senders. Which there are, and what each may be, is
//! declared in `zb_core`.

use std::{path::PathBuf, sync::Arc, time::Duration};

use pyo3::{
    prelude::*,
    types::{PyDict, PyString},
};
use tokio::time::Instant;
use zb_core::{
    ClientBuilder, ConfigError, Declared, Error, Given, Origin, Settings, Shape,
    auth::{self, Callback, Scope, Token},
    declared,
};

use crate::errors;

/// The places to look for settings, and a source of tokens. All keys of a dict; what is not given is
/// `None`.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Places {
    environment: Option<bool>,
    profile: Option<String>,
    config_file: Option<PathBuf>,
    token: Option<Py<PyAny>>,
}

impl Places {
    pub(crate) fn apply(self, mut builder: ClientBuilder) -> ClientBuilder {
        if self.environment == Some(true) {
            builder = builder.environment();
        }
        if let Some(profile) = self.profile {
            builder = builder.profile(profile);
        }
        if let Some(file) = self.config_file {
            builder = builder.config_file(file);
        }
        if let Some(token) = self.token {
            builder = builder.token_source(tokens_of(token));
        }
        builder
    }
}

/// Tokens from a function of Python, called with the name of a table, or `None` for the workspace. It
/// gives a token, or one with the seconds that it lives.
fn tokens_of(function: Py<PyAny>) -> impl auth::TokenSource {
    let function = Arc::new(function);
    Callback::new(move |scope: Scope| {
        let function = Arc::clone(&function);
        async move {
            let asked = Instant::now();
            let ask = move || {
                Python::attach(|py| {
                    let table = match &scope {
                        Scope::Table(table) => Some(table.to_string()),
                        _ => None,
                    };
                    let token = function.bind(py).call1((table,))?;
                    if let Ok((token, lives)) = token.extract::<(String, f64)>() {
                        return Ok((token, Some(lives)));
                    }
                    Ok::<_, PyErr>((token.extract::<String>()?, None))
                })
            };
            // It may take its time, and the GIL.
            let (token, lives) = tokio::task::spawn_blocking(ask)
                .await
                .map_err(auth::Error::permanent)?
                .map_err(auth::Error::transient)?;
            let token = Token::new(token);
            Ok(match lives.map(Duration::try_from_secs_f64) {
                Some(Ok(lives)) => token.expiring(asked, lives),
                _ => token,
            })
        }
    })
}

/// Keywords and their values, as they were given.
pub(crate) struct Keywords(Vec<(String, Given)>);

impl Keywords {
    pub(crate) fn of(keywords: &Bound<'_, PyDict>) -> PyResult<Self> {
        let given = keywords.iter().filter(|(_, value)| !value.is_none());
        given
            .map(|(name, value)| Ok((name.extract()?, given_as(&value))))
            .collect::<PyResult<_>>()
            .map(Self)
    }

    /// Sets each with `set`, which may be that of a client or of a sender.
    pub(crate) fn apply<B>(
        self,
        py: Python<'_>,
        builder: B,
        set: impl Fn(B, &str, Given, Origin) -> Result<B, ConfigError>,
    ) -> PyResult<B> {
        let apply = |builder, (name, given): (String, Given)| {
            let origin = Origin::Keyword(name.clone());
            set(builder, &name, given, origin)
        };
        let applied = self.0.into_iter().try_fold(builder, apply);
        applied.map_err(|error| errors::raise(py, &Error::from(error)))
    }
}

/// What a value of Python says. Whether a setting may have it is not decided here.
fn given_as(value: &Bound<'_, PyAny>) -> Given {
    // In this order: a bool is an int as well, a str is a path as well.
    if let Ok(flag) = value.extract::<bool>() {
        Given::Flag(flag)
    } else if let Ok(text) = value.cast::<PyString>() {
        Given::Text(text.to_string())
    } else if let Ok(time) = value.extract::<Duration>() {
        Given::Duration(time)
    } else if let Ok(n) = value.extract::<i128>() {
        Given::Integer(n)
    } else if let Ok(n) = value.extract::<f64>() {
        Given::Number(n)
    } else if let Ok(path) = value.extract::<PathBuf>() {
        Given::Path(path)
    } else if let Ok(names) = value.extract::<Vec<String>>() {
        Given::Names(names)
    } else {
        let shown = value.repr().map(|shown| shown.to_string());
        Given::Other(shown.unwrap_or_else(|_| "what it is".to_owned()))
    }
}

/// Every setting with its value, secrets masked, and where it was found.
pub(crate) fn shown(settings: &Settings) -> Vec<(&'static str, Option<String>, String)> {
    let shown = settings.all.iter().map(|setting| {
        let origin = setting.origin.to_string();
        (setting.name, setting.value.clone(), origin)
    });
    shown.collect()
}

/// The settings that there are: name, group, kind, an example, the default, what it does.
#[pyfunction]
pub(crate) fn settings() -> Vec<(
    &'static str,
    String,
    String,
    &'static str,
    String,
    &'static str,
)> {
    let row = |setting: &Declared| {
        (
            setting.key(),
            format!("{:?}", setting.group()),
            format!("{:?}", setting.shape()),
            setting.example(),
            setting.default_value(),
            setting.about(),
        )
    };
    declared().iter().map(row).collect()
}

/// What is wrong with a value of a setting, or `None`. A secret is not repeated.
#[pyfunction]
pub(crate) fn misfit(name: &str, value: &Bound<'_, PyAny>) -> Option<String> {
    let setting = declared().iter().find(|setting| setting.key() == name)?;
    let given = given_as(value);
    let allowed = setting.check(&given).err()?;
    Some(match setting.shape() {
        Shape::Secret => allowed,
        _ => format!("{allowed}, not {given}"),
    })
}
