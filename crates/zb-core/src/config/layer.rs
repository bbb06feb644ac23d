//! What one place says: some settings, and where each comes from.

use std::path::Path;

use zb_types::{ExposeSecret, Secret};

use super::{Config, ConfigError, Credentials, Setting, Settings, error::Missing, origin::Origin};

/// The settings of one place, or of several laid over one another.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layer {
    endpoint: Option<Found<String>>,
    host: Option<Found<String>>,
    client_id: Option<Found<String>>,
    client_secret: Option<Found<Secret>>,
    oidc_token_file: Option<Found<String>>,
}

/// A value and where it was found.
#[derive(Debug, Clone)]
struct Found<T> {
    value: T,
    origin: Origin,
}

impl Layer {
    /// The settings of a place, looked up by their names there. Blank ones count as missing.
    pub(crate) fn from_lookup(look: impl Fn(&str) -> Option<(String, Origin)>) -> Self {
        let find = |name| {
            look(name)
                .map(|(value, origin)| (value.trim().to_owned(), origin))
                .filter(|(value, _)| !value.is_empty())
        };
        let text = |name| find(name).map(|(value, origin)| Found { value, origin });
        Self {
            endpoint: text("endpoint"),
            host: text("host"),
            client_id: text("client_id"),
            client_secret: find("client_secret").map(|(value, origin)| Found {
                value: Secret::from(value),
                origin,
            }),
            oidc_token_file: text("oidc_token_file"),
        }
    }

    pub(crate) fn endpoint(mut self, value: impl Into<String>) -> Self {
        self.endpoint = by_program(value.into());
        self
    }

    pub(crate) fn host(mut self, value: impl Into<String>) -> Self {
        self.host = by_program(value.into());
        self
    }

    pub(crate) fn client_id(mut self, value: impl Into<String>) -> Self {
        self.client_id = by_program(value.into());
        self
    }

    pub(crate) fn client_secret(mut self, value: Secret) -> Self {
        self.client_secret = by_program(value);
        self
    }

    pub(crate) fn oidc_token_file(mut self, path: &Path) -> Self {
        self.oidc_token_file = by_program(path.display().to_string());
        self
    }

    /// These settings with those of `over` laid over them.
    pub(crate) fn under(self, over: Self) -> Self {
        Self {
            endpoint: over.endpoint.or(self.endpoint),
            host: over.host.or(self.host),
            client_id: over.client_id.or(self.client_id),
            client_secret: over.client_secret.or(self.client_secret),
            oidc_token_file: over.oidc_token_file.or(self.oidc_token_file),
        }
    }

    /// The configuration, if everything is there and can be. With `tokens` of the program's own no
    /// credentials are needed.
    pub(crate) fn into_config(self, tokens: bool) -> Result<Config, ConfigError> {
        let missing = self.missing(tokens);
        let (Some(endpoint), Some(host)) = (self.endpoint, self.host) else {
            return Err(ConfigError::Missing { settings: missing });
        };
        let credentials = match (self.client_id, self.client_secret, self.oidc_token_file) {
            _ if tokens => Credentials::Program,
            (Some(id), Some(secret), _) => {
                no_line_breaks("client_id", &id, &id.value)?;
                no_line_breaks("client_secret", &secret, secret.value.expose_secret())?;
                Credentials::Client {
                    id: id.value,
                    secret: secret.value,
                }
            }
            (id, None, Some(file)) => {
                if let Some(id) = &id {
                    no_line_breaks("client_id", id, &id.value)?;
                }
                Credentials::OidcToken {
                    file: file.value.into(),
                    client_id: id.map(|id| id.value),
                }
            }
            _ => return Err(ConfigError::Missing { settings: missing }),
        };
        Ok(Config {
            endpoint: endpoint.value,
            host: host.value,
            credentials,
        })
    }

    /// What is here, and what is not and should be.
    pub(crate) fn settings(&self, tokens: bool) -> Settings {
        let text = |name, found: &Option<Found<String>>| {
            let found = found.as_ref()?;
            Some(Setting {
                name,
                value: Some(found.value.clone()),
                origin: found.origin.clone(),
            })
        };
        let secret = self.client_secret.as_ref().map(|found| Setting {
            name: "client_secret",
            value: None,
            origin: found.origin.clone(),
        });
        let found = [
            text("endpoint", &self.endpoint),
            text("host", &self.host),
            text("client_id", &self.client_id),
            secret,
            text("oidc_token_file", &self.oidc_token_file),
        ];
        Settings {
            found: found.into_iter().flatten().collect(),
            missing: self.missing(tokens),
        }
    }

    fn missing(&self, tokens: bool) -> Vec<Missing> {
        let no_secret = self.client_secret.is_none();
        let credentials = !tokens && (self.oidc_token_file.is_none() || !no_secret);
        [
            (
                self.endpoint.is_none(),
                "endpoint",
                "ZEROBUS_SERVER_ENDPOINT",
            ),
            (self.host.is_none(), "host", "DATABRICKS_HOST"),
            (
                credentials && self.client_id.is_none(),
                "client_id",
                "DATABRICKS_CLIENT_ID",
            ),
            (
                credentials && no_secret,
                "client_secret",
                "DATABRICKS_CLIENT_SECRET",
            ),
        ]
        .into_iter()
        .filter(|(missing, ..)| *missing)
        .map(|(_, name, variable)| Missing { name, variable })
        .collect()
    }
}

/// A line break in a credential is a mistake in copying it, and the service's answer would not say
/// so.
fn no_line_breaks<T>(
    setting: &'static str,
    found: &Found<T>,
    value: &str,
) -> Result<(), ConfigError> {
    if value.contains(['\n', '\r']) {
        return Err(ConfigError::Invalid {
            setting,
            origin: found.origin.clone(),
            problem: "it has a line break in it".to_owned(),
        });
    }
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "what a field of a layer is")]
fn by_program<T>(value: T) -> Option<Found<T>> {
    Some(Found {
        value,
        origin: Origin::Program,
    })
}
