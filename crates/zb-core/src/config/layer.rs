//! What one place says: some settings, and where each comes from.

use zb_types::{ExposeSecret, Secret};

use super::{Config, ConfigError, error::Missing, origin::Origin};

/// The settings of one place, or of several laid over one another.
#[derive(Debug, Default)]
pub(crate) struct Layer {
    endpoint: Option<Found<String>>,
    host: Option<Found<String>>,
    client_id: Option<Found<String>>,
    client_secret: Option<Found<Secret>>,
}

/// A value and where it was found.
#[derive(Debug)]
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

    /// These settings with those of `over` laid over them.
    pub(crate) fn under(self, over: Self) -> Self {
        Self {
            endpoint: over.endpoint.or(self.endpoint),
            host: over.host.or(self.host),
            client_id: over.client_id.or(self.client_id),
            client_secret: over.client_secret.or(self.client_secret),
        }
    }

    /// The configuration, if everything is there and can be.
    pub(crate) fn into_config(self) -> Result<Config, ConfigError> {
        match self {
            Self {
                endpoint: Some(endpoint),
                host: Some(host),
                client_id: Some(client_id),
                client_secret: Some(client_secret),
            } => {
                no_line_breaks("client_id", &client_id, &client_id.value)?;
                let secret = client_secret.value.expose_secret();
                no_line_breaks("client_secret", &client_secret, secret)?;
                Ok(Config {
                    endpoint: endpoint.value,
                    host: host.value,
                    client_id: client_id.value,
                    client_secret: client_secret.value,
                })
            }
            some => Err(ConfigError::Missing {
                settings: some.missing(),
            }),
        }
    }

    fn missing(&self) -> Vec<Missing> {
        [
            (
                self.endpoint.is_none(),
                "endpoint",
                "ZEROBUS_SERVER_ENDPOINT",
            ),
            (self.host.is_none(), "host", "DATABRICKS_HOST"),
            (
                self.client_id.is_none(),
                "client_id",
                "DATABRICKS_CLIENT_ID",
            ),
            (
                self.client_secret.is_none(),
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
